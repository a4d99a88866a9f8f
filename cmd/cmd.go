// Package cmd is the command line: it reads flags and settings, wires the parts together, prints, and turns errors into
// exit statuses. It decides nothing about mail.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"helpdesk/pkg/version"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	"helpdesk/pkg/config"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// app is the state that all commands share.
type app struct {
	tui.Terminal
	place
	now   func() time.Time
	sleep func(context.Context, time.Duration) error // waits between attempts at the portal; nil = a real wait

	timeout   time.Duration
	recordDir string
	formed    bool // the user chose a log format by a flag

	passWaits   time.Duration // for another pass to release the state; short, because cron soon starts the next pass
	personWaits time.Duration // wait of a command that a person typed
}

func newApp(t tui.Terminal) *app {
	return &app{
		Terminal:    t,
		place:       place{env: os.LookupEnv},
		now:         time.Now,
		passWaits:   10 * time.Second,
		personWaits: 45 * time.Second,
	}
}

// Main runs one command and returns the exit status.
func Main(args []string, in io.Reader, out, errw io.Writer) int {
	deepen(0)
	a := newApp(tui.New(in, out, errw))
	end := profile(a.env)
	status := a.main(args)
	if err := end(); err != nil {
		fmt.Fprintln(errw, err)
	}
	return status
}

func (a *app) main(args []string) int {
	if _, set := os.LookupEnv("GOMEMLIMIT"); !set {
		defer keepWithin(memory)()
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return a.run(ctx, args)
}

// run runs one command; a signal ends the context.
func (a *app) run(ctx context.Context, args []string) (status int) {
	defer func() {
		if p := recover(); p != nil {
			status = a.Panicked(p)
		}
	}()
	a.Forget()
	root := newRoot(a)
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) { // a shell asks; no pass needs this
		completions{a}.completeFlags(root)
	}
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exit.Done
	}
	status = exit.Of(err)
	if ctx.Err() != nil && status != exit.Done {
		status = exit.Interrupted
	}
	a.Complain(err, status)
	if a.actsAs != "" && errors.Is(err, fs.ErrPermission) {
		a.Hint("run by root, helpdesk acts as %s, who owns the state: its files must be in that user's reach", a.actsAs)
	}
	return status
}

// Tree returns the commands for documentation, not to be run.
func Tree() *cobra.Command {
	return newRoot(newApp(tui.New(strings.NewReader(""), io.Discard, io.Discard)))
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "helpdesk",
		Short: "Mail channel for Bitrix24: letters become tasks, specialists' comments become letters",
		Long: "helpdesk reads the support mailboxes, makes a Bitrix24 task of each new letter and a comment of each " +
			"further\n" +
			"one, answers with an auto-reply, and mails specialists' comments to the customer. Run poll and notify " +
			"from cron.",
		Version:           version.Get().String(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              cobra.NoArgs,
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.flags() },
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return exit.Usage(meantFlag(c, err)) })
	flags := root.PersistentFlags()
	flags.StringVar(&a.configFile, "config", "",
		"configuration `FILE` (default: $HELPDESK_CONFIG, ./helpdesk.yaml, /etc/helpdesk/helpdesk.yaml)")
	flags.StringVar(&a.stateFile, "state", "", "state `FILE` instead of the configured one")
	flags.DurationVar(&a.timeout, "timeout", 0,
		"end the run after this `DURATION` (default: 10m for poll and notify, else no limit)")
	flags.StringVar(&a.recordDir, "record", "",
		"write what the portal is asked and answers into `DIR`, secrets masked, texts by their length")
	flags.CountVarP(&a.Verbose, "verbose", "v", "say more on stderr; twice: everything")
	flags.StringVar(&a.LogFormat, "log-format", "", "`FORMAT` of the log: auto, text or json")
	root.AddCommand(newPoll(a), newNotify(a), newExplain(a), newExclude(a), newContact(a), newPerson(a), newTicket(a),
		newOutbox(a),
		newQuarantine(a), newLetter(a), newCheck(a), newStatus(a), newReport(a), newVerify(a), newInit(a), newLogin(a),
		newSchedule(a),
		newState(a), newDemo(a), newVersion(a))
	root.InitDefaultHelpCmd()
	arrange(root)
	help, _, _ := root.Find([]string{"help"})
	help.Run, help.RunE = nil, helpFor
	strict(root)
	return root
}

// flags checks the flags that every command has.
func (a *app) flags() error {
	a.formed = a.LogFormat != ""
	switch format := a.LogFormat; format {
	case "", "auto", "text", "json":
		return stateArgument(a.stateFile)
	default:
		a.LogFormat = ""
		return exit.Usage(fmt.Errorf("--log-format %q: one of auto, text, json", format))
	}
}

// helpFor shows the help of the named command.
//
// QUIRK: cobra's help command exits 0 for an unknown command.
func helpFor(c *cobra.Command, args []string) error {
	about, rest, err := c.Root().Find(args)
	switch {
	case err != nil:
		return exit.Usage(err)
	case len(rest) > 0:
		return missing(about, rest)
	}
	about.InitDefaultHelpFlag()
	return about.Help()
}

// strict makes wrong arguments a usage error, for a command and its subcommands.
func strict(c *cobra.Command) {
	c.SuggestionsMinimumDistance = 2 // letters; with 0 cobra suggests only commands with the same beginning
	if c.HasSubCommands() && c.RunE == nil {
		c.Args, c.RunE = cobra.ArbitraryArgs, missing
	}
	if args := c.Args; args != nil {
		c.Args = func(c *cobra.Command, given []string) error {
			err := args(c, given)
			switch {
			case err == nil:
				return nil
			case c.HasSubCommands() && len(given) > 0:
				return missing(c, given)
			}
			return exit.Usage(fmt.Errorf("%s: %w", strings.TrimPrefix(c.CommandPath(), "helpdesk "), err))
		}
	}
	for _, sub := range c.Commands() {
		strict(sub)
	}
}

// missing runs a command that only groups others: it prints the help without arguments and refuses an unknown
// subcommand.
//
// QUIRK: below a command that can't run, cobra shows the help for an unknown subcommand and exits 0 (spf13/cobra,
// execute).
func missing(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	err := fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath())
	near := c.SuggestionsFor(args[0])
	if _, meant := config.Nearest(args[0], []string{"help"}); meant && !c.HasParent() { // cobra never suggests help
		near = append(near, "help")
	}
	if len(near) > 0 {
		err = fmt.Errorf("%w: did you mean \"%s\"?", err, strings.Join(near, `" or "`))
	}
	return exit.Usage(err)
}

// meantFlag adds the flag that was probably meant to the error of an unknown flag.
func meantFlag(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	var names []string
	typed, begun := unknown.GetSpecifiedName(), ""
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if names = append(names, f.Name); strings.HasPrefix(f.Name, typed) {
			begun = f.Name
		}
	})
	near, meant := config.Nearest(typed, names)
	if begun != "" {
		near, meant = begun, true
	}
	if meant {
		return fmt.Errorf("%w: did you mean --%s?", err, near)
	}
	return err
}

// oneOf accepts exactly one argument, one of the words.
func oneOf(words ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 1 && slices.Contains(words, args[0]) {
			return nil
		}
		if len(args) == 1 {
			err := fmt.Errorf("%q: one of %s", args[0], strings.Join(words, ", "))
			if near, meant := config.Nearest(args[0], words); meant {
				err = fmt.Errorf("%w; did you mean %q?", err, near)
			}
			return err
		}
		return fmt.Errorf("one of %s is wanted", strings.Join(words, ", "))
	}
}

// bounded applies --timeout to a run.
func (a *app) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if a.timeout > 0 {
		return context.WithTimeout(ctx, a.timeout)
	}
	return context.WithCancel(ctx)
}
