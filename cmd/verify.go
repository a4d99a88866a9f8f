package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/store"
)

func newVerify(a *app) *cobra.Command {
	var (
		days   int
		asJSON bool
	)
	c := &cobra.Command{
		Use:   "verify",
		Short: "Compare the mailboxes, our records and the portal's tasks, and print what does not agree",
		Long:  "Exit status 0 when all agree, 3 when not. Nothing is changed.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if days <= 0 {
				return exit.Usage(fmt.Errorf("--days %d: a number above 0 is wanted", days))
			}
			ctx, cancel := a.bounded(c.Context())
			defer cancel()
			v, err := a.verify(ctx, a.now().AddDate(0, 0, -days))
			if err != nil {
				return err
			}
			v.Days = days
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
	c.Flags().IntVar(&days, "days", 7, "how far back, in `DAYS`")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// verified is what verify prints.
type verified struct {
	OK          bool              `json:"ok"`
	Days        int               `json:"days"`
	Mails       int               `json:"mails"`
	Records     int               `json:"records"`
	Differences []pass.Difference `json:"differences"`
}

func (a *app) verify(ctx context.Context, since time.Time) (verified, error) {
	v := verified{Differences: []pass.Difference{}}
	cfg, err := a.serverSettings()
	if err != nil {
		return v, err
	}
	err = a.withState(ctx, true, func(s *store.Store) error {
		p, err := a.wire(cfg, s)
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
		n, ds, err := pass.VerifyTickets(ctx, p.Outbox.Portal, pass.Archive{Ledger: s.Ledger, Tickets: s.Tickets, Outbox: s.Outbox,
			Signer: s.Signer()}, since)
		v.Records = n
		v.Differences = append(v.Differences, ds...)
		return err
	})
	v.OK = true
	for _, d := range v.Differences {
		v.OK = v.OK && d.What == pass.LeftForItsAge
	}
	return v, err
}

func printVerified(t *tui.Terminal, v verified) error {
	var rows [][]string
	for _, d := range v.Differences {
		where := d.Mailbox
		if d.UID != 0 {
			where = fmt.Sprintf("%s/%d", d.Mailbox, d.UID)
		}
		rows = append(rows, []string{d.What, where, taskName(d.Task), tui.When(d.At), glyph.Cut(d.Subject, 40), d.Note})
	}
	if len(rows) > 0 {
		if err := t.Table([]string{"WHAT", "MAIL", "TASK", "WHEN", "SUBJECT", "NOTE"}, rows); err != nil {
			return err
		}
	}
	if !v.OK || t.Chatty() {
		t.Printf("%s and %s of the last %s: %s\n", tui.Count(v.Mails, "mail", "mails"), tui.Count(v.Records, "record", "records"),
			tui.Count(v.Days, "day", "days"), tui.Count(len(v.Differences), "difference", "differences"))
	}
	return nil
}
