package cmd

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/person"
	"helpdesk/cmd/status"
	"helpdesk/cmd/tui"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/store"
	"helpdesk/pkg/version"
	"helpdesk/templates"
)

// erasing is one run of person erase.
type erasing struct {
	*app
	dry, yes bool
	act      person.Act
	file     string // of the record; "" = none
	locale   string
	texts    fs.FS
}

func newPersonErase(a *app) *cobra.Command {
	e := &erasing{app: a}
	c := &cobra.Command{
		Use:   "erase ADDRESS",
		Short: "Remove what is kept of a person from the state, and write the record of it that the law asks for",
		Long: "Records about the person are removed, or emptied where they are counted; what is somebody else's " +
			"stays without the person's\naddress and name. What tells letters apart and leads to threads stays as " +
			"hashes. Letters and comments not yet made are not\nmade any more. A later letter from the address is " +
			"that of a new customer.\n\nTasks of the portal and letters in mailboxes are listed: a person cleans " +
			"them. Copies of the state made earlier still have\neverything.\n\n--act writes what order 179 of " +
			"Roskomnadzor (28.10.2022) asks for; it needs --by, --reason, --order, and the operator.",
		Example: "  helpdesk person erase --dry-run ivan@example.ru\n  helpdesk person erase --act act.txt " +
			"--by \"A. Orlova, administrator\" --reason \"consent withdrawn\" \\\n" +
			"    --order \"request of 2026-03-12\" ivan@example.ru",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return e.run(c.Context(), args[0]) },
	}
	flags := c.Flags()
	flags.BoolVarP(&e.dry, "dry-run", "n", false, "only show what would be removed")
	flags.BoolVarP(&e.yes, "yes", "y", false, "do not ask first")
	flags.StringVar(&e.file, "act", "", "write the record of destruction into a new `FILE`")
	flags.StringVar(&e.act.By, "by", "", "`NAME` and post of who destroys the data")
	flags.StringVar(&e.act.Reason, "reason", "", "`WHY` they are destroyed")
	flags.StringVar(&e.act.Order, "order", "", "on whose `REQUEST` or order")
	flags.StringVar(&e.act.Operator, "operator", "", "`NAME` of the operator instead of operator.name")
	flags.StringVar(&e.act.OperatorAddress, "operator-address", "", "its `ADDRESS` instead of operator.address")
	flags.StringVar(&e.act.Processor, "processor", "", "`WHO` processes data on the operator's behalf, if anybody")
	flags.StringVar(&e.act.System, "system", "", "`NAME` of the information system instead of operator.system")
	return c
}

// run shows the person's records, asks for consent, and removes them.
func (e *erasing) run(ctx context.Context, typed string) error {
	address, err := personAddress(typed)
	if err != nil {
		return err
	}
	if err := e.prepare(address); err != nil {
		return err
	}
	t, err := trail(ctx, e.app, address)
	if err != nil {
		return err
	}
	if e.file != "" { // an error of the template must show before anything is removed
		if err := e.act.Of(t, e.now()).Write(new(bytes.Buffer), e.texts, e.locale); err != nil {
			return exit.Usage(err)
		}
	}
	if e.dry || e.Watched && !e.yes {
		if err := person.Print(&e.Terminal, t); err != nil || e.dry {
			return err
		}
	}
	if !e.yes {
		question := fmt.Sprintf("Remove all this of %s?", address)
		if err := e.Consent(question, "--yes"); err != nil {
			return err
		}
	}
	return e.erase(ctx, address)
}

// prepare reads the operator from the settings, and refuses what can't be done.
func (e *erasing) prepare(address string) error {
	cfg, err := e.settings()
	switch {
	case err == nil:
		if err := ofOurs(cfg, address); err != nil {
			return err
		}
	case e.stateFile != "" && errors.Is(err, config.ErrNotFound):
		cfg = config.Default()
	default:
		return err
	}
	a := &e.act
	a.Operator = cmp.Or(a.Operator, cfg.Operator.Name)
	a.OperatorAddress = cmp.Or(a.OperatorAddress, cfg.Operator.Address)
	a.System = cmp.Or(a.System, cfg.Operator.System, "helpdesk")
	state := e.stateOf(cfg)
	a.User, a.Version = e.caller(), version.Get().String()
	a.State, a.File = store.Name(state), !store.Remote(state)
	if e.file == "" {
		return nil
	}
	if err := a.Missing(); err != nil {
		return exit.Usage(err)
	}
	if _, err := os.Lstat(e.file); !errors.Is(err, fs.ErrNotExist) {
		return exit.Usage(fmt.Errorf("--act: %s is there already", e.file))
	}
	if e.texts, err = wiring.Files(cfg); err != nil {
		return err
	}
	e.locale = cfg.Letters.Locale
	if _, err := fs.Stat(templates.FS, e.locale+"/act.tmpl"); err != nil {
		e.locale = "en"
	}
	return nil
}

// erase removes the person's records, then rewrites the file so that its free pages keep nothing of them.
func (e *erasing) erase(ctx context.Context, address string) error {
	var (
		t  *store.Trail
		at = e.now()
	)
	var out *os.File
	if e.file != "" { // an error must show before anything is removed
		var err error
		if out, err = os.OpenFile(e.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return exit.Usage(fmt.Errorf("--act: %w", err))
		}
		defer out.Close()
	}
	err := e.withStateAs(ctx, store.Options{Command: "person erase"}, func(s *store.Store, path string) (err error) {
		at = s.Now(at)
		if t, err = s.Persons.Erase(at, address); err != nil {
			return err
		}
		_, cut := status.Cut(path, t.CutJSON)
		rewritten := s.Rewrite()
		e.act.Rewritten = rewritten == nil
		return errors.Join(cut, rewritten)
	})
	if t == nil {
		if out != nil {
			_ = os.Remove(e.file)
		}
		return err
	}
	// The records are removed even if something failed afterwards, and no later run can list them any more.
	if err != nil {
		err = fmt.Errorf("the person is removed, but deleted data may be left in files: %w", err)
	}
	linked(e.app, t)
	if out != nil {
		err = errors.Join(err, e.act.Of(t, at).Write(out, e.texts, e.locale), out.Sync())
	}
	return errors.Join(err, e.tell(t))
}

// namedIn returns the keys of the settings that name one of the addresses.
func namedIn(cfg *config.Config, addresses []string) (keys []string) {
	is := func(s string) bool { return slices.Contains(addresses, desk.FoldAddress(s)) }
	if slices.ContainsFunc(cfg.Mail.Exclude, func(x config.Exclusion) bool { return is(x.Match) }) {
		keys = append(keys, "mail.exclude")
	}
	if slices.ContainsFunc(cfg.Mail.Staff, is) {
		keys = append(keys, "mail.staff")
	}
	if slices.ContainsFunc(cfg.Monitor.Mail, is) {
		keys = append(keys, "monitor.mail")
	}
	return keys
}

// tell prints what was removed, and what people must remove by hand.
func (e *erasing) tell(t *store.Trail) error {
	e.Printf("%s of the person removed\n", tui.Count(len(t.Records), "record", "records"))
	if err := person.ByHand(&e.Terminal, t); err != nil {
		return err
	}
	person.Similar(&e.Terminal, t)
	if cfg, err := e.settings(); err == nil {
		for _, key := range namedIn(cfg, t.Addresses) {
			e.Printf("\nThe settings name the address: %s\n", key)
		}
	}
	path, err := e.statePath()
	if err != nil {
		return nil
	}
	old, _ := filepath.Glob(path + ".v[0-9]*")
	old = append(old, "those made by 'helpdesk state backup'")
	e.Printf("\nCopies of the state that still have it, if there are any: %s\n", strings.Join(old, ", "))
	return nil
}
