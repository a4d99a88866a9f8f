package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/store"
)

func newVerify(a *app) *cobra.Command {
	var asJSON bool
	days := aWeek
	c := &cobra.Command{
		Use:   "verify",
		Short: "Compare the mailboxes, our records and the portal's tasks, and print what does not agree",
		Long: "Each line says whose letter it is and what to do. A difference that is meant to be, such as a file " +
			"that a specialist deleted,\n" +
			"is accepted by the id in its first column, and not shown again.\n\n" +
			"Exit status 0 when all agree, 3 when not. Nothing is changed.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			v, err := a.verify(c.Context(), days)
			if err != nil {
				return err
			}
			if asJSON {
				err = a.JSON(v)
			} else {
				err = printVerified(&a.Terminal, v)
			}
			if err == nil && !v.OK {
				err = exit.Status{Code: exit.Held}
			}
			return err
		},
	}
	days.flag(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	c.AddCommand(newVerifyAccept(a), newVerifyAccepted(a), newVerifyWithdraw(a))
	return c
}

// lookingBack is a period up to now, in days.
type lookingBack int

const aWeek lookingBack = 7

func (d *lookingBack) flag(c *cobra.Command) {
	c.Flags().IntVar((*int)(d), "days", int(*d), "how far back, in `DAYS`")
}

// from returns the beginning of the period that ends now.
func (d lookingBack) from(now time.Time) (time.Time, error) {
	if d <= 0 {
		return now, exit.Usage(fmt.Errorf("--days %d: a number above 0 is wanted", d))
	}
	return now.AddDate(0, 0, -int(d)), nil
}

// verified is the result that verify prints.
type verified struct {
	OK          bool              `json:"ok"`
	Days        int               `json:"days"`
	Mails       int               `json:"mails"`
	Records     int               `json:"records"`
	Accepted    int               `json:"accepted"` // number of differences not shown
	Differences []pass.Difference `json:"differences"`
}

// leaveOut removes the accepted differences.
func (v *verified) leaveOut(accepted []desk.Accepted) {
	v.Differences = slices.DeleteFunc(v.Differences, func(d pass.Difference) bool {
		known := slices.ContainsFunc(accepted, func(a desk.Accepted) bool { return a.ID == d.ID })
		if known {
			v.Accepted++
		}
		return known
	})
	v.OK = !slices.ContainsFunc(v.Differences, func(d pass.Difference) bool { return d.What != pass.LeftForItsAge })
}

// verify compares the mailboxes, the portal and the state.
func (a *app) verify(ctx context.Context, days lookingBack) (verified, error) {
	v := verified{Days: int(days), Differences: []pass.Difference{}}
	since, err := days.from(a.now())
	if err != nil {
		return v, err
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	cfg, err := a.serverSettings()
	if err != nil {
		return v, err
	}
	err = a.withState(ctx, true, func(s *store.Store) error {
		p, err := a.wire(cfg, s, nil)
		if err != nil {
			return err
		}
		for i, b := range p.Boxes {
			mb, err := wiring.OpenMailbox(ctx, cfg.Mailboxes[i], true)
			if err != nil {
				return fmt.Errorf("mailbox %s: %w", b.Name, err)
			}
			n, ds, err := pass.VerifyMailbox(ctx, b, mb, s.Ledger, since, a.now())
			_ = mb.Close()
			if err != nil {
				return fmt.Errorf("mailbox %s: %w", b.Name, err)
			}
			v.Mails += n
			v.Differences = append(v.Differences, ds...)
		}
		n, ds, err := pass.VerifyTickets(ctx, p.Client,
			pass.Archive{Ledger: s.Ledger, Tickets: s.Tickets, Outbox: s.Outbox,
				Signer: s.Signer()}, since)
		if err != nil {
			return err
		}
		v.Records, v.Differences = n, append(v.Differences, ds...)
		accepted, err := s.Ledger.Accepted()
		v.leaveOut(accepted)
		return err
	})
	return v, err
}

func printVerified(t *tui.Terminal, v verified) error {
	var rows [][]string
	for _, d := range v.Differences {
		rows = append(rows, []string{d.ID, d.What, placed(d.Mailbox, d.UID), taskName(d.Task), tui.When(d.At), d.From,
			glyph.Cut(d.Subject, 40), d.Note, d.Do})
	}
	if len(rows) > 0 {
		if err := t.Table([]string{"ID", "WHAT", "MAIL", "TASK", "WHEN", "WHOSE", "SUBJECT", "WHY", "WHAT TO DO"},
			rows); err != nil {
			return err
		}
	}
	if !v.OK || t.Chatty() {
		t.Printf("%s and %s of the last %s: %s", tui.Count(v.Mails, "mail", "mails"),
			tui.Count(v.Records, "record", "records"),
			tui.Count(v.Days, "day", "days"), tui.Count(len(v.Differences), "difference", "differences"))
		if v.Accepted > 0 {
			t.Printf(", and %d accepted", v.Accepted)
		}
		t.Printf("\n")
	}
	return nil
}

func newVerifyAccept(a *app) *cobra.Command {
	var (
		which chosen
		note  string
	)
	days := aWeek
	c := &cobra.Command{
		Use:   "accept {ID... | --all}",
		Short: "Take differences for meant: they are not shown again, and not repaired",
		Example: "  helpdesk verify accept 3f9a21c0 --note \"Anna deleted the scan, it was blank\"\n" +
			"  helpdesk verify accept --all --days 30",
		Args: which.args,
		RunE: func(c *cobra.Command, args []string) error {
			v, err := a.verify(c.Context(), days)
			if err != nil {
				return err
			}
			if !which.all {
				if v.Differences, err = v.of(args); err != nil {
					return exit.Usage(err)
				}
			}
			if len(v.Differences) == 0 {
				return nil
			}
			by, at := a.caller(), a.now()
			var list []desk.Accepted
			for _, d := range v.Differences {
				list = append(list, desk.Accepted{ID: d.ID, What: d.What, Mailbox: d.Mailbox, UID: d.UID,
					Ticket: d.Ticket, Task: d.Task,
					File: d.File, At: at, By: by, Note: note, Effect: d.Effect})
			}
			return a.amended(c.Context(), "accepted", func(s *store.Store) (int, error) {
				return len(list), s.Ledger.Accept(list)
			})
		},
	}
	which.flag(c)
	days.flag(c)
	c.Flags().StringVar(&note, "note", "", "why, for those who read the list later")
	return c
}

// of returns the differences with these ids.
func (v *verified) of(ids []string) (list []pass.Difference, err error) {
	for _, id := range ids {
		at := slices.IndexFunc(v.Differences, func(d pass.Difference) bool { return d.ID == id })
		if at < 0 {
			err = errors.Join(err, fmt.Errorf("%q is the id of no difference of the last %s: 'helpdesk verify' shows "+
				"them in its first column",
				id, tui.Count(v.Days, "day", "days")))
			continue
		}
		list = append(list, v.Differences[at])
	}
	return list, err
}

func newVerifyAccepted(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "accepted",
		Short: "The differences that were accepted",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			list := []desk.Accepted{}
			err := a.withState(c.Context(), true, func(s *store.Store) error {
				found, err := s.Ledger.Accepted()
				list = append(list, found...)
				return err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return a.JSON(list)
			}
			var rows [][]string
			for _, x := range list {
				rows = append(rows, []string{x.ID, x.What, placed(x.Mailbox, x.UID), taskName(x.Task), x.File,
					tui.When(x.At), x.By, x.Note})
			}
			return a.Table([]string{"ID", "WHAT", "MAIL", "TASK", "FILE", "ACCEPTED", "BY", "NOTE"}, rows)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func newVerifyWithdraw(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "withdraw ID...",
		Short: "Show differences again that were accepted",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.amended(c.Context(), "shown again", func(s *store.Store) (int, error) {
				return s.Ledger.Unaccept(args)
			})
		},
	}
}

// placed returns the name of a message: its mailbox and its UID there.
func placed(mailbox string, uid uint32) string {
	if uid == 0 {
		return mailbox
	}
	return fmt.Sprintf("%s/%d", mailbox, uid)
}
