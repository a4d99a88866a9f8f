package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/person"
	"helpdesk/cmd/tui"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/portal"
	"helpdesk/pkg/store"
)

func newPerson(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "person",
		Short: "What is kept of a person: shown, as files, and removed",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(newPersonShow(a), newPersonExport(a), newPersonErase(a))
	return c
}

func newPersonShow(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show ADDRESS",
		Short: "Every record that the address or the name of its person is in, by kind",
		Long: "show lists what is about the person, and what is somebody else's and names them; then what is kept " +
			"elsewhere: tasks of\nthe portal, letters in mailboxes. Exit status 1 when the address occurs nowhere.",
		Example: "  helpdesk person show ivan@example.ru",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			t, err := trail(c.Context(), a, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return a.JSON(t)
			}
			return person.Print(&a.Terminal, t)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func newPersonExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "export ADDRESS [DIR]",
		Short: "Write what is kept of a person into a new folder: records as JSON, letters as .eml, texts",
		Long: "Of what is somebody else's and names the person the folder says only where it is. It can be read by " +
			"its owner alone. Without DIR it is called as the address.",
		Example: "  helpdesk person export ivan@example.ru ivan",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			t, err := trail(c.Context(), a, args[0])
			if err != nil {
				return err
			}
			dir := glyph.FileName(t.Addresses[0])
			if len(args) > 1 {
				dir = args[1]
			}
			n, err := person.Export(dir, t)
			if errors.Is(err, person.ErrNotEmpty) {
				return exit.Usage(err)
			}
			if err == nil && a.Chatty() {
				a.Printf("%s: %s\n", dir, tui.Count(n, "file", "files"))
			}
			return err
		},
	}
}

// trail returns the records of the person with an address.
func trail(ctx context.Context, a *app, typed string) (t *store.Trail, err error) {
	address, err := personAddress(typed)
	if err != nil {
		return nil, err
	}
	err = a.withState(ctx, true, func(s *store.Store) error {
		t, err = s.Persons.Trail(address)
		return err
	})
	if err != nil {
		return nil, err
	}
	if t.Empty() {
		return nil, fmt.Errorf("%s: the state has nothing of this address", address)
	}
	linked(a, t)
	return t, nil
}

// personAddress parses a typed address. A domain alone is not a person.
func personAddress(typed string) (string, error) {
	address, err := typedAddress(typed)
	if err == nil && strings.HasPrefix(address, "@") {
		err = fmt.Errorf("%q is not an address", typed)
	}
	if err != nil {
		return "", exit.Usage(err)
	}
	return address, nil
}

// linked adds the web addresses of the tasks to a trail, if the settings can be read.
func linked(a *app, t *store.Trail) {
	cfg, err := a.settings()
	if err != nil {
		return
	}
	if c, err := bitrix.New(bitrix.Options{Webhook: cfg.Bitrix24.Webhook}); err == nil {
		person.Link(t, func(task int64) string { return portal.TaskLink(c.Host(), c.Owner(), task) })
	}
}

// ofOurs refuses the addresses of our mailboxes: every letter has them.
func ofOurs(cfg *config.Config, address string) error {
	own := append([]string{}, cfg.Mail.Own...)
	for _, m := range cfg.Mailboxes {
		own = append(own, m.From)
	}
	for _, o := range own {
		if _, at, ok := strings.Cut(o, "<"); ok {
			o = strings.TrimSuffix(at, ">")
		}
		if desk.FoldAddress(o) == desk.FoldAddress(address) {
			return exit.Usage(fmt.Errorf("%s is an address of ours, not a customer's", address))
		}
	}
	return nil
}
