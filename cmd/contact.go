package cmd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/store"
)

func newContact(a *app) *cobra.Command {
	c := &cobra.Command{Use: "contact", Short: "The directory of names for the greeting", Args: cobra.NoArgs}
	c.AddCommand(newContactAdd(a), newContactRemove(a), newContactList(a), newContactFind(a), newContactImport(a))
	return c
}

func newContactAdd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "add ADDRESS NAME",
		Short:   "Enter a name, or change it",
		Example: "  helpdesk contact add ivan@example.ru \"Ivan Petrov\"",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return a.setContacts(c.Context(), map[string]string{args[0]: strings.Join(args[1:], " ")})
		},
	}
}

func newContactRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "remove ADDRESS...",
		Short: "Take names out",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			names := map[string]string{}
			for _, address := range args {
				names[address] = ""
			}
			return a.setContacts(c.Context(), names)
		},
	}
}

func (a *app) setContacts(ctx context.Context, names map[string]string) error {
	for address := range names {
		if p, err := desk.ParsePattern(address); err != nil || strings.HasPrefix(p.String(), "@") {
			return exit.Usage(fmt.Errorf("%q is not an address", address))
		}
	}
	return a.withState(ctx, false, func(s *store.Store) error {
		n, err := s.People.SetContacts(names)
		if err == nil && a.Chatty() {
			a.Printf("%d of %s changed\n", n, tui.Count(len(names), "entry", "entries"))
		}
		return err
	})
}

func newContactList(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "The whole directory",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			type entry struct {
				Address string `json:"address"`
				Name    string `json:"name"`
			}
			all := []entry{}
			err := a.withState(c.Context(), true, func(s *store.Store) error {
				return s.People.Contacts(func(address string, p desk.Profile) error {
					all = append(all, entry{address, p.Name})
					return nil
				})
			})
			if err != nil {
				return err
			}
			if asJSON {
				return a.JSON(all)
			}
			var rows [][]string
			for _, e := range all {
				rows = append(rows, []string{readable(e.Address), e.Name})
			}
			return a.Table([]string{"ADDRESS", "NAME"}, rows)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func newContactFind(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "find {ADDRESS | PART}",
		Short: "The name for an address, or who has these letters in name or address: exit status 0 when there is " +
			"one, 1 when not",
		Example: "  helpdesk contact find ivan@example.ru\n  helpdesk contact find petr",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			sought := strings.Join(args, " ")
			return a.withState(c.Context(), true, func(s *store.Store) error {
				if p, ok, err := s.People.Contact(sought); err != nil || ok {
					a.Printf("%s\n", p.Name)
					return err
				}
				return findPart(&a.Terminal, s, strings.ToLower(sought))
			})
		},
	}
}

// findPart prints the contacts with part in their name or address.
func findPart(t *tui.Terminal, s *store.Store, part string) error {
	var rows [][]string
	err := s.People.Contacts(func(address string, p desk.Profile) error {
		if strings.Contains(strings.ToLower(address+"\n"+readable(address)+"\n"+p.Name), part) {
			rows = append(rows, []string{readable(address), p.Name})
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return exit.Status{Code: exit.Failure}
	}
	return t.Table(nil, rows)
}

func newContactImport(a *app) *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use:   "import FILE.csv",
		Short: "Enter names from a table",
		Long: "import reads the tables that Excel writes: \"CSV UTF-8\", \"Unicode text\" and, from a Russian " +
			"Windows, plain \"CSV\", separated by\n" +
			"comma, semicolon or tab. Columns are found by their headings in Russian or English; without headings " +
			"the address comes first,\n" +
			"then the name. Rows without an address or a name are told and left out.",
		Example: "  helpdesk contact import --dry-run clients.csv",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return exit.Usage(err)
			}
			defer f.Close()
			t, err := readNames(f, args[0])
			if err != nil {
				return exit.Usage(err)
			}
			if len(t.names) == 0 && len(t.bad) > 0 {
				return exit.Usage(errors.Join(t.bad...))
			}
			for _, bad := range t.bad {
				a.Hint("%v: left out", bad)
			}
			if dry {
				return a.wouldImport(c.Context(), t.names)
			}
			return a.setContacts(c.Context(), t.names)
		},
	}
	c.Flags().BoolVarP(&dry, "dry-run", "n", false, "only say what would be new and what would change")
	return c
}

// wouldImport prints what an import would do.
func (a *app) wouldImport(ctx context.Context, names map[string]string) error {
	return a.withState(ctx, true, func(s *store.Store) error {
		added, changed := 0, 0
		for _, address := range slices.Sorted(maps.Keys(names)) {
			p, ok, err := s.People.Contact(address)
			switch {
			case err != nil:
				return err
			case !ok:
				added++
			case p.Name != names[address]:
				changed++
				a.Printf("%s: %s, now %s\n", readable(address), glyph.Line(p.Name), glyph.Line(names[address]))
			}
		}
		a.Printf("%d new, %d changed, %d as they are\n", added, changed, len(names)-added-changed)
		return nil
	})
}
