package cmd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
	"helpdesk/pkg/store"
)

func newTicket(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "ticket",
		Short: "Our tickets: task, requester, thread, what was sent when",
		Args:  cobra.NoArgs,
	}
	c.AddCommand(newTicketList(a), newTicketShow(a))
	return c
}

func newTicketList(a *app) *cobra.Command {
	var (
		asJSON, closed bool
	)
	c := &cobra.Command{
		Use:   "list",
		Short: "The open tickets",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			all := []desk.Ticket{}
			err := a.withState(c.Context(), true, func(s *store.Store) error {
				return s.Tickets.Each(func(t desk.Ticket) error {
					if closed || t.Status == desk.Open {
						all = append(all, t)
					}
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
			for _, t := range all {
				rows = append(rows, []string{ticketNumber(t.Number), taskName(t.Task), string(t.Status),
					t.Requester.Addr,
					tui.When(t.Opened), glyph.Cut(t.Subject, 60)})
			}
			return a.Table([]string{"TICKET", "TASK", "STATUS", "REQUESTER", "OPENED", "SUBJECT"}, rows)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.Flags().BoolVar(&closed, "all", false, "the closed ones too")
	return c
}

func taskName(task int64) string {
	if task == 0 {
		return "-"
	}
	return fmt.Sprint(task)
}

func newTicketShow(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "show TICKET",
		Short: "One ticket and its journal: by the number of its task, by t and our own number, or the " +
			"newest of an address",
		Example: "  helpdesk ticket show 3711\n  helpdesk ticket show t42\n  helpdesk ticket show " +
			"ivan@example.ru",
		ValidArgsFunction: values(completions{a}.tickets),
		Args:              cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withState(c.Context(), true, func(s *store.Store) error {
				t, err := findTicket(s, args[0])
				if err != nil {
					return err
				}
				steps, err := s.Tickets.Journal(t.Number)
				if steps == nil {
					steps = []desk.Step{} // JSON: [], not null
				}
				if err != nil {
					return err
				}
				if asJSON {
					return a.JSON(struct {
						desk.Ticket
						Journal []desk.Step `json:"journal"`
					}{t, steps})
				}
				return showTicket(&a.Terminal, t, steps)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

var ticketName = lazy.Regexp(`^(t|#)?([1-9][0-9]*)$`)

// findTicket finds a ticket by the number of its task (3711, #3711), by our own number (t42), or the newest ticket of
// an address.
func findTicket(s *store.Store, arg string) (desk.Ticket, error) {
	if strings.Contains(arg, "@") {
		return newestOf(s, arg)
	}
	m := ticketName().FindStringSubmatch(arg)
	if m == nil {
		return desk.Ticket{}, exit.Usage(fmt.Errorf("%q is no ticket: the number of a task, t and our own number, or "+
			"an address is wanted", arg))
	}
	n, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil {
		return desk.Ticket{}, exit.Usage(fmt.Errorf("%q: %w", arg, err))
	}
	if m[1] == "t" {
		return s.Tickets.Ticket(uint64(n))
	}
	found, err := s.Tickets.ByTask([]int64{n})
	if err != nil {
		return desk.Ticket{}, err
	}
	t, ok := found[n]
	if !ok {
		return desk.Ticket{}, fmt.Errorf("find task %d: %w; our own number is written t%d", n, store.ErrAbsent, n)
	}
	return t, nil
}

// newestOf returns the newest ticket from the address.
func newestOf(s *store.Store, address string) (newest desk.Ticket, err error) {
	address, err = typedAddress(address)
	if err != nil {
		return newest, exit.Usage(err)
	}
	key := desk.FoldAddress(address)
	err = s.Tickets.Each(func(t desk.Ticket) error {
		if t.Requester.Key() == key && t.Number > newest.Number {
			newest = t
		}
		return nil
	})
	if err == nil && newest.Number == 0 {
		err = fmt.Errorf("find a ticket of %s: %w", address, store.ErrAbsent)
	}
	return newest, err
}

// ticketNumber formats our own number of a ticket.
func ticketNumber(n uint64) string { return fmt.Sprintf("t%d", n) }

func showTicket(on *tui.Terminal, t desk.Ticket, steps []desk.Step) error {
	on.Printf("ticket     %s\ntask       %s\nstatus     %s\nsubject    %s\nrequester  %s\nmailbox    %s\nopened     "+
		"%s\n",
		ticketNumber(t.Number), taskName(t.Task), t.Status, glyph.Line(t.Subject), glyph.Line(t.Requester.String()),
		t.Mailbox, tui.When(t.Opened))
	if len(t.Participants) > 0 {
		on.Printf("in copy    %s\n", strings.Join(t.Participants, ", "))
	}
	if !t.Erased.IsZero() {
		on.Printf("erased     %s\n", tui.When(t.Erased))
	}
	if len(t.Copied) > 0 {
		on.Printf("answers go to them, too: %s\n", strings.Join(t.Copied, ", "))
	}
	if t.Undeliver != "" {
		on.Printf("not delivered: %s\n", glyph.Line(t.Undeliver))
	}
	var rows [][]string
	for _, s := range steps {
		about := s.Note
		switch {
		case s.Comment != 0:
			about = fmt.Sprintf("comment %d", s.Comment)
		case s.To != "":
			if about = "to " + s.To; len(s.Cc) > 0 {
				about += ", copy to " + strings.Join(s.Cc, ", ")
			}
		case s.Task != 0:
			about = fmt.Sprintf("task %d", s.Task)
		}
		rows = append(rows, []string{tui.When(s.At), s.What, about, s.ID})
	}
	return on.Table([]string{"WHEN", "WHAT", "ABOUT", "MESSAGE-ID"}, rows)
}

// sequences parses the numbers of entries.
func sequences(args []string) ([]uint64, error) {
	var (
		seqs []uint64
		errs []error
	)
	for _, arg := range args {
		n, err := strconv.ParseUint(arg, 10, 64)
		if err != nil {
			errs = append(errs, fmt.Errorf("%q is not the number of an entry", arg))
		}
		seqs = append(seqs, n)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, exit.Usage(err)
	}
	return seqs, nil
}

// chosen are the entries that a command works on: by number, or all.
type chosen struct{ all bool }

func (k *chosen) flag(c *cobra.Command) { c.Flags().BoolVar(&k.all, "all", false, "all there are") }

// sequences returns the numbers in args, or all numbers of the list with --all.
func (k *chosen) sequences(args []string, list func() ([]uint64, error)) ([]uint64, error) {
	if k.all {
		return list()
	}
	return sequences(args)
}

// args requires numbers or --all, but not both.
func (k *chosen) args(c *cobra.Command, args []string) error {
	if k.all == (len(args) > 0) {
		return errors.New("what is meant must be named, or all by --all")
	}
	return nil
}
