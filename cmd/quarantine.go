package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/store"
)

func newQuarantine(a *app) *cobra.Command {
	c := &cobra.Command{Use: "quarantine", Short: "Messages that could not be processed", Args: cobra.NoArgs}
	c.AddCommand(newQuarantineList(a), newQuarantineShow(a),
		newRelease(a, "retry {ENTRY... | --all}", "Let the next pass try messages once more", store.Quarantine.Again),
		newRelease(a, "drop {ENTRY... | --all}", "Take messages out of the quarantine for good",
			store.Quarantine.Release))
	return c
}

func newQuarantineList(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "The messages in their order",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			all := []desk.Quarantined{}
			err := a.withState(c.Context(), true, func(s *store.Store) error {
				found, err := s.Quarantine.All()
				all = append(all, found...)
				return err
			})
			if err != nil {
				return err
			}
			if asJSON {
				return a.JSON(all)
			}
			var rows [][]string
			for _, p := range all {
				rows = append(rows, []string{fmt.Sprint(p.Seq), tui.When(p.At), p.Place.Mailbox,
					fmt.Sprint(p.Place.UID), p.From,
					glyph.Cut(p.Subject, 40), glyph.Cut(why(p), 60)})
			}
			return a.Table([]string{"ENTRY", "SINCE", "MAILBOX", "UID", "FROM", "SUBJECT", "WHY"}, rows)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// why returns the reason for the quarantine, and for a released entry also that its task is not made yet.
func why(p desk.Quarantined) string {
	if p.Again {
		return "to be tried again, or its task is not made yet; was: " + p.Cause
	}
	return p.Cause
}

func newQuarantineShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show ENTRY",
		Short: "The message itself, as it was received",
		Long: "It comes from the state, or where that does not keep it (a longer one, or one of many) from its " +
			"mailbox.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			seqs, err := sequences(args)
			if err != nil || len(seqs) != 1 {
				return exit.Usage(fmt.Errorf("%q is not the number of an entry", args[0]))
			}
			ctx, cancel := a.bounded(c.Context())
			defer cancel()
			raw, err := a.quarantinedMessage(ctx, seqs[0])
			if err == nil {
				_, err = a.Out.Write(raw)
			}
			if err != nil {
				return fmt.Errorf("show quarantine entry %d: %w", seqs[0], err)
			}
			return nil
		},
	}
}

// quarantinedMessage returns the bytes of a message in the quarantine, from the state or else from its mailbox.
func (a *app) quarantinedMessage(ctx context.Context, seq uint64) (raw []byte, err error) {
	var p desk.Quarantined
	err = a.withState(ctx, true, func(s *store.Store) error {
		if p, raw, err = s.Quarantine.Entry(seq); err != nil || raw != nil {
			return err
		}
		cfg, err := a.serverSettings()
		if err != nil {
			return err
		}
		parts, err := a.wire(cfg, s, nil)
		if err != nil {
			return err
		}
		body, err := parts.Outbox.Original(ctx, p)
		if err != nil {
			return err
		}
		defer body.Close()
		raw, err = body.Bytes()
		return err
	})
	return raw, err
}

func newRelease(a *app, use, short string, fn func(store.Quarantine, uint64) error) *cobra.Command {
	var which chosen
	c := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  which.args,
		RunE: func(c *cobra.Command, args []string) error {
			return a.amended(c.Context(), "entries: "+c.Name(), func(s *store.Store) (int, error) {
				seqs, err := which.sequences(args, quarantined(s))
				if err != nil {
					return 0, err
				}
				for i, seq := range seqs {
					if err := fn(s.Quarantine, seq); err != nil {
						return i, err
					}
				}
				return len(seqs), nil
			})
		},
	}
	which.flag(c)
	return c
}

// quarantined returns a function that lists the entries of the quarantine.
func quarantined(s *store.Store) func() ([]uint64, error) {
	return func() ([]uint64, error) {
		all, err := s.Quarantine.All()
		var seqs []uint64
		for _, q := range all {
			seqs = append(seqs, q.Seq)
		}
		return seqs, err
	}
}
