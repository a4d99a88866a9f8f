package cmd

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/idna"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/store"
)

func newExclude(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "exclude",
		Short: "Addresses and domains that get no auto-reply, no letter, or no task",
		Long: "Patterns: a@b.ru, @b.ru (this domain), @*.b.ru (its subdomains).\n" +
			"Scopes, each including the one before: autoreply (no auto-reply), letters (no letter of any kind),\n" +
			"mail (the message is ignored).",
		Args: cobra.NoArgs,
	}
	c.AddCommand(newExcludeAdd(a), newExcludeRemove(a), newExcludeList(a), newExcludeTest(a))
	return c
}

func newExcludeAdd(a *app) *cobra.Command {
	var (
		scope, note string
		dry, yes    bool
	)
	c := &cobra.Command{
		Use:   "add PATTERN...",
		Short: "Exclude addresses and domains",
		Example: "  helpdesk exclude add @domain.ru\n  helpdesk exclude add --scope mail --note \"spam\" " +
			"robot@shop.example",
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			list, err := exclusions(args, scope, note, a.caller(), a.now())
			if err != nil {
				return exit.Usage(err)
			}
			if !dry {
				if err := mayBeWide(&a.Terminal, list, yes); err != nil {
					return err
				}
			}
			return a.withState(c.Context(), dry, func(s *store.Store) error {
				if dry {
					return wouldHit(&a.Terminal, a.now(), s, list)
				}
				if err := replaces(&a.Terminal, s, list, c.Flags().Changed("note")); err != nil {
					return err
				}
				if err := s.People.Exclude(list); err != nil {
					return err
				}
				for _, x := range list {
					if a.Chatty() {
						a.Printf("%s excluded: %s\n", readable(x.Match), x.Scope)
					}
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&scope, "scope", string(desk.ScopeAutoReply), "what they don't get: autoreply, letters or mail")
	c.Flags().StringVar(&note, "note", "", "why, for those who read the list later")
	c.Flags().BoolVarP(&yes, "yes", "y", false,
		"do not ask before everybody of a country or a mail provider is excluded")
	c.Flags().BoolVarP(&dry, "dry-run", "n", false, "only count the letters of the last 30 days it would have hit")
	return c
}

func exclusions(patterns []string, scope, note, by string, now time.Time) ([]desk.Exclusion, error) {
	switch desk.Scope(scope) {
	case desk.ScopeAutoReply, desk.ScopeLetters, desk.ScopeMail:
	default:
		return nil, fmt.Errorf("--scope %q: one of autoreply, letters, mail", scope)
	}
	var (
		list []desk.Exclusion
		errs []error
	)
	for _, text := range patterns {
		p, err := desk.ParsePattern(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		list = append(list, desk.Exclusion{Match: p.String(), Scope: desk.Scope(scope), Note: note, Added: now, By: by})
	}
	return list, errors.Join(errs...)
}

// replaces prints the old scope of exclusions that exist already. Unless noted is true, they keep their notes.
func replaces(t *tui.Terminal, s *store.Store, list []desk.Exclusion, noted bool) error {
	there, err := s.People.Exclusions()
	if err != nil {
		return err
	}
	for i := range list {
		x := &list[i]
		at := slices.IndexFunc(there, func(old desk.Exclusion) bool { return old.Match == x.Match })
		if at < 0 {
			continue
		}
		old := there[at]
		if !noted {
			x.Note = old.Note
		}
		if old.Scope == x.Scope {
			continue
		}
		why := ""
		if old.Note != "" {
			why = " (" + glyph.Line(old.Note) + ")"
		}
		t.Hint("helpdesk: %s was excluded with scope %s%s, now with %s", x.Match, old.Scope, why, x.Scope)
	}
	return nil
}

func whoami() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

const lookBack = 30 * 24 * time.Hour

// wouldHit prints how many recent letters each exclusion would have hit.
func wouldHit(t *tui.Terminal, now time.Time, s *store.Store, list []desk.Exclusion) error {
	hits := map[string]int{}
	total := 0
	err := s.Ledger.Records(now.Add(-lookBack), func(r desk.Record) error {
		total++
		for _, x := range desk.Hits(list, append([]string{r.From.Addr}, r.Senders...)...) {
			hits[x.Match]++
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, x := range list {
		t.Printf("%s: %d of %s of the last 30 days\n", x.Match, hits[x.Match], tui.Count(total, "letter", "letters"))
	}
	return nil
}

func newExcludeRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:               "remove PATTERN...",
		Short:             "Take exclusions away again",
		ValidArgsFunction: values(completions{a}.patterns),
		Args:              cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withState(c.Context(), false, func(s *store.Store) error {
				patterns, err := added(s, args)
				if err != nil {
					return err
				}
				return s.People.Include(patterns)
			})
		},
	}
}

// added returns the patterns as the state spells them. An older version may have accepted a pattern that is refused
// today; such a pattern is matched as it was written.
func added(s *store.Store, texts []string) ([]string, error) {
	there, err := s.People.Exclusions()
	if err != nil {
		return nil, err
	}
	var patterns []string
	for _, text := range texts {
		p, err := desk.ParsePattern(text)
		switch {
		case err == nil:
			patterns = append(patterns, p.String())
		case slices.ContainsFunc(there, func(x desk.Exclusion) bool { return x.Match == text }):
			patterns = append(patterns, text)
		default:
			return nil, exit.Usage(err)
		}
	}
	return patterns, nil
}

func newExcludeList(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "The exclusions: those added by hand and those of the settings",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			all, err := a.allExclusions(c.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return a.JSON(all)
			}
			var rows [][]string
			for _, x := range all {
				rows = append(rows, []string{readable(x.Match), string(x.Scope), fmt.Sprint(x.Hits), tui.When(x.Last),
					tui.When(x.Added), x.By, x.Note})
			}
			return a.Table([]string{"PATTERN", "SCOPE", "HITS", "LAST HIT", "ADDED", "BY", "NOTE"}, rows)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// readable returns a pattern or an address with its domain in Unicode.
func readable(pattern string) string {
	local, domain, at := strings.Cut(pattern, "@")
	if !at {
		return pattern
	}
	under := ""
	if rest, ok := strings.CutPrefix(domain, "*."); ok {
		under, domain = "*.", rest
	}
	if u, err := idna.Display.ToUnicode(domain); err == nil {
		domain = u
	}
	return local + "@" + under + domain
}

func newExcludeTest(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "test ADDRESS",
		Short: "Which exclusion hits an address: exit status 0 when one does, 1 when none does",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			address, err := typedAddress(args[0])
			if err != nil {
				return exit.Usage(err)
			}
			all, err := a.allExclusions(c.Context())
			if err != nil {
				return err
			}
			hits := desk.Hits(all, address)
			for _, x := range hits {
				a.Printf("%s %s (%s)\n", readable(x.Match), x.Scope, x.By)
			}
			if len(hits) == 0 {
				return exit.Status{Code: exit.Failure}
			}
			return nil
		},
	}
}

// typedAddress returns the address in a text that a person typed or pasted, with or without a name.
func typedAddress(text string) (string, error) {
	address := strings.TrimSpace(text)
	if i := strings.LastIndexByte(address, '<'); i >= 0 && strings.HasSuffix(address, ">") {
		address = strings.TrimSpace(address[i+1 : len(address)-1])
	}
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return "", fmt.Errorf("%q is not an address", text)
	}
	domain := address[at:]
	if _, err := desk.ParsePattern(domain); err != nil || strings.HasPrefix(domain, "@*") {
		return "", fmt.Errorf("%q is not an address", text)
	}
	return address, nil
}

// allExclusions returns the exclusions of the settings and those added by hand.
func (a *app) allExclusions(ctx context.Context) ([]desk.Exclusion, error) {
	all := []desk.Exclusion{} // JSON: [], not null
	if cfg, err := a.settings(); err == nil {
		all = append(all, wiring.FixedExclusions(cfg)...)
	} else if a.stateFile == "" {
		return nil, err
	}
	err := a.withState(ctx, true, func(s *store.Store) error {
		hits, err := s.People.Hits()
		if err != nil {
			return err
		}
		for i, x := range all { // the exclusions of the settings
			all[i].Hits, all[i].Last = hits[x.Match].Hits, hits[x.Match].Last
		}
		added, err := s.People.Exclusions()
		all = append(all, added...)
		return err
	})
	return all, err
}
