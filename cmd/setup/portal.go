package setup

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Who is a user of the portal.
type Who struct {
	ID   int64
	Name string
}

func (w Who) String() string { return fmt.Sprintf("%s (%d)", w.Name, w.ID) }

// Portal is what is asked of Bitrix24.
type Portal interface {
	Me(ctx context.Context) (Who, error)
	Scopes(ctx context.Context) ([]string, error)
	Users(ctx context.Context, sought string) ([]Who, error) // by number or a part of the name
}

var (
	needed = []string{"task", "im", "disk"}
	useful = []string{"crm", "user_basic"}
)

// webhook asks for the address, and goes on with who is responsible when it works.
func (w *Wizard) webhook(ctx context.Context, a *Answers) error {
	typed, err := w.line(ctx, "webhook")
	for err == nil && typed != "" {
		a.Webhook = typed
		p, perr := w.Portal(typed)
		var me Who
		var scopes []string
		if perr == nil {
			me, perr = p.Me(ctx)
		}
		if perr == nil {
			scopes, perr = p.Scopes(ctx)
		}
		if perr != nil {
			w.say("webhook.wrong", perr)
			a.Webhook = ""
			typed, err = w.line(ctx, "webhook")
			continue
		}
		w.say("webhook.who", me.Name, me.ID)
		if missing := w.lacking(needed, scopes); missing != "" {
			again := ""
			if again, err = w.line(ctx, "webhook.missing", missing); again != "" {
				typed = again
			}
			continue
		}
		if missing := w.lacking(useful, scopes); missing != "" {
			w.say("webhook.optional", missing)
		}
		return w.people(ctx, a, p, canLookUp(scopes))
	}
	return err
}

// canLookUp reports whether users can be asked for.
func canLookUp(scopes []string) bool {
	return slices.ContainsFunc([]string{"user", "user_basic", "user_brief"}, func(s string) bool {
		return slices.Contains(scopes, s)
	})
}

// lacking names the rights that are not there, as the portal calls them.
func (w *Wizard) lacking(want, have []string) string {
	var names []string
	for _, s := range want {
		if !slices.Contains(have, s) && (s != "user_basic" || !canLookUp(have)) {
			names = append(names, w.Texts.Say("scope."+s))
		}
	}
	return strings.Join(names, ", ")
}

// people asks who is responsible, and for the group.
func (w *Wizard) people(ctx context.Context, a *Answers, p Portal, names bool) error {
	for done := false; !done; {
		typed, err := w.line(ctx, "responsible", a.Responsible)
		if err != nil {
			return err
		}
		if typed == "" {
			typed = strconv.FormatInt(a.Responsible, 10)
		}
		if !names {
			n, err := strconv.ParseInt(typed, 10, 64)
			if done = err == nil && n > 0; done {
				a.Responsible = n
			} else {
				w.say("responsible.unknown")
			}
			continue
		}
		found, err := p.Users(ctx, typed)
		switch {
		case err != nil:
			w.say("webhook.wrong", err)
		case len(found) == 0:
			w.say("responsible.none", typed)
		case len(found) > 1:
			var all []string
			for _, f := range found[:min(10, len(found))] {
				all = append(all, f.String())
			}
			w.say("responsible.many", strings.Join(all, ", "))
		default:
			a.Responsible, done = found[0].ID, true
			w.say("responsible.is", found[0].Name, found[0].ID)
		}
	}
	for {
		typed, err := w.line(ctx, "group")
		if err != nil || typed == "" {
			return err
		}
		if a.Group, err = strconv.ParseInt(typed, 10, 64); err == nil && a.Group >= 0 {
			return nil
		}
		w.say("number.wrong", typed)
	}
}
