package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"helpdesk/cmd/tui"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/store"
)

func newOutbox(a *app) *cobra.Command {
	c := &cobra.Command{Use: "outbox", Short: "What is not yet made, and what is held for a person", Args: cobra.NoArgs}
	c.AddCommand(newOutboxList(a), newOutboxShow(a), newOutboxRetry(a), newOutboxDrop(a))
	return c
}

func newOutboxList(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "The entries in their order",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			all, err := a.pendings(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return a.JSON(all)
			}
			var rows [][]string
			for _, p := range all {
				rows = append(rows, []string{fmt.Sprint(p.Seq), ticketNumber(p.Effect.Ticket), string(p.Effect.Kind),
					standing(p),
					fmt.Sprint(p.Tries), tui.When(p.Next), glyph.Cut(p.Note, 80)})
			}
			return a.Table([]string{"ENTRY", "TICKET", "EFFECT", "STANDS", "TRIES", "NEXT", "WHY"}, rows)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func (a *app) pendings(ctx context.Context) ([]desk.Pending, error) {
	all := []desk.Pending{}
	err := a.withState(ctx, true, func(s *store.Store) error {
		found, err := s.Outbox.Pendings()
		all = append(all, found...)
		return err
	})
	return all, err
}

func standing(p desk.Pending) string {
	switch {
	case p.Held:
		return "held"
	case p.Unsure:
		return "unsure"
	case p.Tries > 0:
		return "waits"
	}
	return "due"
}

func newOutboxShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show ENTRY",
		Short: "One entry, whole",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			seqs, err := sequences(args)
			if err != nil {
				return err
			}
			all, err := a.pendings(c.Context())
			if err != nil {
				return err
			}
			for _, p := range all {
				if len(seqs) == 1 && p.Seq == seqs[0] {
					return a.JSON(p)
				}
			}
			return fmt.Errorf("find outbox entry %s: %w", args[0], store.ErrAbsent)
		},
	}
}

func newOutboxRetry(a *app) *cobra.Command {
	var which chosen
	c := &cobra.Command{
		Use:   "retry {ENTRY... | --all}",
		Short: "Let the next pass try entries again, held or not",
		Args:  which.args,
		RunE: func(c *cobra.Command, args []string) error {
			return a.amended(c.Context(), "to be tried again", func(s *store.Store) (int, error) {
				seqs, err := which.sequences(args, waiting(s))
				if err != nil || len(seqs) == 0 {
					return 0, err
				}
				return s.Outbox.Retry(seqs...)
			})
		},
	}
	which.flag(c)
	return c
}

func newOutboxDrop(a *app) *cobra.Command {
	var which chosen
	c := &cobra.Command{
		Use:   "drop {ENTRY... | --all}",
		Short: "Give entries up: what they stand for is never made",
		Args:  which.args,
		RunE: func(c *cobra.Command, args []string) error {
			return a.withState(c.Context(), false, func(s *store.Store) error {
				seqs, err := which.sequences(args, waiting(s))
				if err != nil || len(seqs) == 0 {
					return err
				}
				return a.drop(s, seqs)
			})
		},
	}
	which.flag(c)
	return c
}

// waiting returns a function that lists the entries of the outbox.
func waiting(s *store.Store) func() ([]uint64, error) {
	return func() ([]uint64, error) {
		all, err := s.Outbox.Queue()
		var seqs []uint64
		for _, p := range all {
			seqs = append(seqs, p.Seq)
		}
		return seqs, err
	}
}

func (a *app) drop(s *store.Store, seqs []uint64) error {
	n, behind, err := s.Outbox.Drop(s.Now(a.now()), seqs...)
	switch {
	case err != nil || !a.Chatty():
	case behind > 0:
		a.Printf("%d dropped, %d of them because their task is not made\n", n, behind)
	default:
		a.Printf("%d dropped\n", n)
	}
	return err
}

func (a *app) amended(ctx context.Context, what string, fn func(*store.Store) (int, error)) error {
	return a.withState(ctx, false, func(s *store.Store) error {
		n, err := fn(s)
		if err == nil && a.Chatty() {
			a.Printf("%d %s\n", n, what)
		}
		return err
	})
}
