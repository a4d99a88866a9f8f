package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"helpdesk/cmd/check"
	"helpdesk/cmd/exit"
	"helpdesk/cmd/owner"
	"helpdesk/cmd/schedule"
	"helpdesk/cmd/setup"
	"helpdesk/cmd/tui"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/config"
	"helpdesk/pkg/lazy"
	"helpdesk/pkg/version"
)

func newInit(a *app) *cobra.Command {
	var address string
	c := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a commented configuration to start from, beginning with the mail address",
		Long: "On a terminal it asks for the address, finds the mail servers, tries password and webhook, and ends " +
			"with check and a dry run.\n" +
			"Elsewhere it asks nothing. A configuration that is there is never touched.",
		Example: "  helpdesk init /etc/helpdesk\n  helpdesk init --address support@firm.ru",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			ctx, cancel := a.bounded(c.Context())
			defer cancel()
			return a.init(ctx, dir, address)
		},
	}
	c.Flags().StringVar(&address, "address", "", "the support mailbox's `ADDRESS`: its servers are looked up")
	return c
}

func (a *app) init(ctx context.Context, dir, address string) error {
	path := filepath.Join(dir, "helpdesk.yaml")
	if _, err := os.Stat(path); err == nil {
		return exit.Usage(fmt.Errorf("%s is there already: move it away first", path))
	}
	if address != "" && !setup.Mailbox(address) {
		return exit.Usage(fmt.Errorf("--address %q: the address of a mailbox is wanted", address))
	}
	texts, err := setup.Read(setup.Language(a.env))
	if err != nil {
		return err
	}
	person, asked := a.Keyboard()
	answers := setup.Answers{Address: address}
	switch {
	case asked:
		w := setup.Wizard{
			Texts:  texts,
			Out:    a.Out,
			Person: person,
			Net:    &setup.World{},
			Login:  tryLogin,
			Portal: tryPortal,
		}
		if answers, err = w.Ask(ctx, address); errors.Is(err, io.EOF) {
			return exit.Status{Code: exit.Interrupted}
		}
	case address != "":
		answers, err = lookedUp(ctx, address)
	}
	if err != nil {
		return err
	}
	env, err := lay(dir, path, texts.Language, answers)
	if err != nil {
		return err
	}
	if asked {
		return a.tried(ctx, path, env, texts)
	}
	if a.Chatty() {
		a.Printf("%s and %s written. Next: fill them in, and run\n  helpdesk --config %s check\n", path, env,
			schedule.Word(path))
	}
	return nil
}

// lookedUp finds the servers of an address without asking a person. If it finds none, the example's servers stay.
func lookedUp(ctx context.Context, address string) (setup.Answers, error) {
	all, err := wiring.Providers()
	if err != nil {
		return setup.Answers{}, err
	}
	found, err := setup.Find(ctx, &setup.World{}, all, address)
	if errors.Is(err, setup.ErrNotFound) {
		err = nil
	}
	return setup.Answers{Address: address, Servers: found}, err
}

// lay writes the configuration, with comments in a language, and the file of variables. The user who will run the
// passes becomes the owner of both. It returns the path of the variables.
func lay(dir, path, language string, answers setup.Answers) (env string, err error) {
	fail := func(err error) (string, error) { return "", fmt.Errorf("init: %w", err) }
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fail(err)
	}
	text := setup.Fill(housed(string(config.Example(language)), dir), answers)
	values := answers.Secrets()
	files := []string{path}
	for name, value := range values {
		if _, ok := setup.Quote(value); ok {
			continue
		}
		file := filepath.Join(dir, strings.ToLower(name)) // the value has a quote that sh and systemd read differently
		if err := writeNew(file, value); err != nil {
			return fail(err)
		}
		text = strings.ReplaceAll(text, "${"+name+"}", "${file:"+filepath.Base(file)+"}")
		files = append(files, file)
	}
	err = writeNew(path, text)
	if errors.Is(err, fs.ErrExist) {
		return "", exit.Usage(fmt.Errorf("%s is there already: move it away first", path))
	}
	if err != nil {
		return fail(err)
	}
	env = filepath.Join(dir, config.EnvFile)
	if err := writeNew(env, variables(text, values)); err != nil && !errors.Is(err, fs.ErrExist) {
		return fail(err)
	}
	if err := give(path, append(files, env)); err != nil {
		return fail(err)
	}
	return env, nil
}

// give makes the owner of the state's folder the owner of files that root has made.
func give(configuration string, files []string) error {
	f, err := config.Open(configuration)
	if err != nil {
		return err
	}
	state, err := f.StatePath(func(string) (string, bool) { return "", false })
	if err != nil {
		return err
	}
	return owner.Give(filepath.Dir(state), files...)
}

// tried checks the new configuration, shows what would become of the new mail, and prints the next command to type.
func (a *app) tried(ctx context.Context, path, env string, texts setup.Texts) error {
	a.Printf("\n%s\n\n", texts.Say("written", path, env))
	a.configFile = path
	commands := startCommands(path)
	if cfg, err := a.serverSettings(); err == nil && cfg.Mailboxes[0].SignsIn() {
		signInFirst(ctx, a, cfg, texts)
	}
	a.Printf("%s\n", texts.Say("checking"))
	all, err := a.check(ctx, texts.Language)
	if err == nil {
		err = check.Print(&a.Terminal, all)
	}
	next := "next"
	if err == nil {
		if err = check.Gravest(all); err == nil {
			next = "ready"
			a.Printf("\n%s\n", texts.Say("polling"))
			err = round{a}.pass(ctx, job{kind: "poll", run: passes["poll"][true], dry: true, line: tui.Message})
		}
	}
	a.Printf("\n%s\n", texts.Say(next))
	for _, c := range commands {
		a.Printf("  %s\n", c)
	}
	return err
}

// packaged is the folder of the systemd units of our package.
const packaged = "/usr/lib/systemd/system"

// startCommands returns the commands that schedule the passes of a configuration: one for systemd and one for cron, or
// one for Windows.
func startCommands(path string) []string {
	typed := "helpdesk"
	nothing := func(string) (string, bool) { return "", false }
	found, err := config.Find("", nothing, runtime.GOOS)
	machine := err == nil && filepath.Clean(found) == filepath.Clean(path)
	if !machine {
		typed += " --config " + schedule.Word(path)
	}
	if runtime.GOOS == "windows" {
		return []string{typed + " schedule windows"}
	}
	systemd := typed + " schedule systemd | sh"
	if timers, _ := filepath.Glob(filepath.Join(packaged, "helpdesk-*.timer")); machine && len(timers) > 0 {
		systemd = "systemctl enable --now"
		for _, t := range timers {
			systemd += " " + filepath.Base(t)
		}
	}
	return []string{systemd, typed + " schedule cron > /etc/cron.d/helpdesk"}
}

// signInFirst signs the first mailbox in. It repeats that until it works or the person postpones it.
func signInFirst(ctx context.Context, a *app, cfg *config.Config, texts setup.Texts) {
	for again := ""; again == ""; {
		err := login(ctx, a, cfg, cfg.Mailboxes[0].Name, false)
		if err == nil {
			a.Printf("\n")
			return
		}
		a.Printf("%s\n", texts.Say("login.failed", strings.TrimPrefix(exit.Text(err), exit.Spoken)))
		person, ok := a.Keyboard()
		if !ok || ctx.Err() != nil {
			return
		}
		if again, err = person.Line(ctx, texts.Say("login.again", cfg.Mailboxes[0].Name)); err != nil {
			return
		}
	}
}

// tryLogin logs in to the IMAP and the SMTP server.
func tryLogin(ctx context.Context, a setup.Answers) (reading, sending error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	m := config.Mailbox{Name: "support"}
	in, out := &m.IMAP, &m.SMTP
	in.Host, in.Port, in.TLS = a.IMAP.Host, a.IMAP.Port, a.IMAP.TLS
	in.Auth, in.User, in.Password, in.Folder = "password", a.Address, a.Password, "INBOX"
	out.Host, out.Port, out.TLS = a.SMTP.Host, a.SMTP.Port, a.SMTP.TLS
	out.Auth, out.User, out.Password = "password", a.Address, a.Password
	mb, err := wiring.OpenMailbox(ctx, m, true)
	if err != nil {
		return err, nil
	}
	_ = mb.Close()
	r, err := wiring.OpenRelay(ctx, m)
	if err != nil {
		return nil, err
	}
	return nil, r.Close()
}

// tryPortal returns the portal of a webhook.
func tryPortal(webhook string) (setup.Portal, error) {
	return setup.Bitrix24(bitrix.Options{Webhook: webhook, Timeout: 30 * time.Second, Agent: version.Get().Agent(),
		Now:  time.Now,
		Load: func(string, time.Duration) []byte { return nil }, Save: func(string, []byte) {}})
}

// writeNew writes a file that only its owner may read; it fails if the file exists.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// housed moves the state of a configuration in /etc, where no pass may write, to /var/lib.
func housed(text, dir string) string {
	const here, there = "state: helpdesk.db                  #", "state: /var/lib/helpdesk/helpdesk.db #"
	if path, err := filepath.Abs(dir); err != nil || !strings.HasPrefix(filepath.ToSlash(path)+"/", "/etc/") {
		return text
	}
	return strings.Replace(text, here, there, 1)
}

var named = lazy.Regexp(`\$\{([A-Z0-9_]+)\}`)

// variables returns a file of the variables that the text names outside comments. Unknown values are empty, for people
// to fill in.
func variables(text string, values map[string]string) string {
	var b strings.Builder
	b.WriteString("# What helpdesk.yaml takes from the environment. A value stands in single quotes; one that holds " +
		"such a quote goes into a\n" +
		"# file of its own, and in helpdesk.yaml stands ${file:/path} for it.\n")
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for _, m := range named().FindAllStringSubmatch(line, -1) {
			if !seen[m[1]] {
				seen[m[1]] = true
				value, _ := setup.Quote(values[m[1]])
				b.WriteString(m[1] + "=" + value + "\n")
			}
		}
	}
	return b.String()
}
