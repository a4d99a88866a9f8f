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
	"helpdesk/pkg/store"
)

func newTicket(a *app) *cobra.Command {
	c := &cobra.Command{Use: "ticket", Short: "Our tickets: task, requester, thread, what was sent when", Args: cobra.NoArgs}
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
			err := a.withState(true, func(s *store.Store) error {
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
				rows = append(rows, []string{fmt.Sprint(t.Number), taskName(t.Task), string(t.Status), t.Requester.Addr,
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
		Use:   "show TICKET|#TASK",
		Short: "One ticket and its journal, by our number or, with #, by the portal's",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withState(true, func(s *store.Store) error {
				t, err := findTicket(s, args[0])
				if err != nil {
					return err
				}
				steps, err := s.Tickets.Journal(t.Number)
				if steps == nil {
					steps = []desk.Step{} // [] for those who read the JSON
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

func findTicket(s *store.Store, arg string) (desk.Ticket, error) {
	n, err := strconv.ParseInt(strings.TrimPrefix(arg, "#"), 10, 64)
	if err != nil || n <= 0 {
		return desk.Ticket{}, exit.Usage(fmt.Errorf("%q is not a number", arg))
	}
	if !strings.HasPrefix(arg, "#") {
		return s.Tickets.Ticket(uint64(n))
	}
	found, err := s.Tickets.ByTask([]int64{n})
	if err != nil {
		return desk.Ticket{}, err
	}
	t, ok := found[n]
	if !ok {
		return desk.Ticket{}, fmt.Errorf("find task %d: %w", n, store.ErrAbsent)
	}
	return t, nil
}

func showTicket(on *tui.Terminal, t desk.Ticket, steps []desk.Step) error {
	on.Printf("ticket     %d\ntask       %s\nstatus     %s\nsubject    %s\nrequester  %s\nmailbox    %s\nopened     %s\n",
		t.Number, taskName(t.Task), t.Status, glyph.Line(t.Subject), glyph.Line(t.Requester.String()), t.Mailbox, tui.When(t.Opened))
	if len(t.Participants) > 0 {
		on.Printf("in copy    %s\n", strings.Join(t.Participants, ", "))
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
			about = "to " + s.To
		case s.Task != 0:
			about = fmt.Sprintf("task %d", s.Task)
		}
		rows = append(rows, []string{tui.When(s.At), s.What, about, s.ID})
	}
	return on.Table([]string{"WHEN", "WHAT", "ABOUT", "MESSAGE-ID"}, rows)
}

// sequences reads the numbers of entries; "all" is none of them, which stands for every one.
func sequences(args []string) ([]uint64, error) {
	if len(args) == 1 && args[0] == "all" {
		return nil, nil
	}
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
