package cmd

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"helpdesk/cmd/status"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/store"
)

// completions completes arguments with names from this machine's settings and state.
type completions struct{ app *app }

// completer returns the completions at a place of the command line; begun is the word so far.
type completer = func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective)

// lister returns all possible values.
type lister = func(ctx context.Context) []string

// values completes from a list that is fetched when needed. If it can't be read, nothing is completed: the shell shows
// no errors.
func values(list lister) completer {
	return func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var fit []cobra.Completion
		for _, v := range list(c.Context()) {
			word, _, _ := strings.Cut(v, "\t")
			if strings.HasPrefix(word, begun) && !slices.Contains(args, word) {
				fit = append(fit, v)
			}
		}
		return fit, cobra.ShellCompDirectiveNoFileComp
	}
}

// first completes the first argument only.
func first(k completer) completer {
	return func(c *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return k(c, args, begun)
	}
}

// completeFlags registers completions for the flags that have known values, and turns off file names for flags and
// arguments that are not files.
func (k completions) completeFlags(c *cobra.Command) {
	for name, list := range map[string]lister{"scope": scopes, "mailbox": k.mailboxes, "log-format": logFormats} {
		if c.Flags().Lookup(name) != nil || c.PersistentFlags().Lookup(name) != nil {
			_ = c.RegisterFlagCompletionFunc(name, values(list)) // fails only if the flag has one already
		}
	}
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if !namesFile(f.Usage) {
			_ = c.RegisterFlagCompletionFunc(f.Name, cobra.NoFileCompletions) // fails only if the flag has one already
		}
	})
	if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 && !namesFile(c.Use) {
		c.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, sub := range c.Commands() {
		k.completeFlags(sub)
	}
}

// namesFile reports whether the text of a flag or a command names a file or folder, which the shell completes by
// itself.
func namesFile(text string) bool {
	return slices.ContainsFunc([]string{"FILE", "DIR", "FOLDER", "FROM"}, func(word string) bool {
		return strings.Contains(text, word)
	})
}

func scopes(context.Context) []string {
	return []string{string(desk.ScopeAutoReply) + "\tno auto-reply",
		string(desk.ScopeLetters) + "\tno letter of any kind",
		string(desk.ScopeMail) + "\tno task either"}
}

func logFormats(context.Context) []string { return []string{"auto", "text", "json"} }

func (k completions) mailboxes(context.Context) (names []string) {
	cfg, err := k.app.settings()
	if err != nil {
		return nil
	}
	for _, m := range cfg.Mailboxes {
		names = append(names, m.Name+"\t"+m.From)
	}
	return names
}

// signing returns the mailboxes that sign in with OAuth.
func (k completions) signing(context.Context) (names []string) {
	cfg, err := k.app.settings()
	if err != nil {
		return nil
	}
	for _, m := range cfg.Mailboxes {
		if m.SignsIn() {
			names = append(names, m.Name+"\t"+m.From)
		}
	}
	return names
}

// peek reads the state without waiting for a pass that has it open.
func (k completions) peek(ctx context.Context, fn func(*store.Store) error) {
	path, err := k.app.statePath()
	if err != nil {
		return
	}
	s, err := store.OpenContext(ctx, path, status.Known(store.Options{Overlay: true}, path))
	if err != nil {
		return
	}
	defer s.Close()
	_ = fn(s)
}

// tickets returns the open tickets, by the numbers of their tasks.
func (k completions) tickets(ctx context.Context) (list []string) {
	k.peek(ctx, func(s *store.Store) error {
		return s.Tickets.Each(func(t desk.Ticket) error {
			if t.Status == desk.Open && t.Task != 0 {
				list = append(list, strconv.FormatInt(t.Task, 10)+"\t"+t.Subject)
			}
			return nil
		})
	})
	return list
}

// patterns returns the exclusions that were added by hand.
func (k completions) patterns(ctx context.Context) (list []string) {
	k.peek(ctx, func(s *store.Store) error {
		all, err := s.People.Exclusions()
		for _, x := range all {
			list = append(list, readable(x.Match)+"\t"+string(x.Scope))
		}
		return err
	})
	return list
}
