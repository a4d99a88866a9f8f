package cmd

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/desk"
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
			return a.setContacts(map[string]string{args[0]: strings.Join(args[1:], " ")})
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
			return a.setContacts(names)
		},
	}
}

func (a *app) setContacts(names map[string]string) error {
	for address := range names {
		if p, err := desk.ParsePattern(address); err != nil || strings.HasPrefix(p.String(), "@") {
			return exit.Usage(fmt.Errorf("%q is not an address", address))
		}
	}
	return a.withState(false, func(s *store.Store) error {
		n, err := s.People.SetContacts(names)
		if err == nil && a.Chatty() {
			a.Printf("%d of %d entries changed\n", n, len(names))
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
			err := a.withState(true, func(s *store.Store) error {
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
				rows = append(rows, []string{e.Address, e.Name})
			}
			return a.Table([]string{"ADDRESS", "NAME"}, rows)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func newContactFind(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "find ADDRESS",
		Short: "The name for an address: exit status 0 when there is one, 1 when there is none",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withState(true, func(s *store.Store) error {
				p, ok, err := s.People.Contact(args[0])
				if err != nil {
					return err
				}
				if !ok {
					return exit.Status{Code: exit.Failure}
				}
				a.Printf("%s\n", p.Name)
				return nil
			})
		},
	}
}

func newContactImport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE.csv",
		Short: "Enter names from a file: address and name, separated by comma, semicolon or tab",
		Long: "import reads the tables that Excel writes: \"CSV UTF-8\", \"Unicode text\" and, from a Russian Windows, plain \"CSV\".\n" +
			"A first line without an address is taken for its head.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			f, err := os.Open(args[0])
			if err != nil {
				return exit.Usage(err)
			}
			defer f.Close()
			names, err := readNames(f, args[0])
			if err != nil {
				return exit.Usage(err)
			}
			return a.setContacts(names)
		},
	}
}
