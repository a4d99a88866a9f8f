package setup

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"helpdesk/pkg/portal"
)

// Who is a user or a group of the portal.
type Who struct {
	ID   int64
	Name string
}

func (w Who) String() string { return fmt.Sprintf("%s (%d)", w.Name, w.ID) }

// Portal is the part of Bitrix24 that the wizard uses.
type Portal interface {
	Me(ctx context.Context) (Who, error)
	Scopes(ctx context.Context) ([]string, error)
	Users(ctx context.Context, sought string) ([]Who, error) // by number or by words of the name
	Groups(ctx context.Context, sought string) ([]Who, error)
}

var (
	needed = []string{"task", "im", "disk"}
	useful = []string{"crm", "user_basic"}
)

// webhook asks for the webhook, tries it, and then asks for the settings of new tasks.
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
		if err := w.responsible(ctx, a, p, canLookUp(scopes)); err != nil {
			return err
		}
		return w.group(ctx, a, p, slices.ContainsFunc(portal.GroupScopes, func(s string) bool {
			return slices.Contains(scopes, s)
		}))
	}
	return err
}

// canLookUp reports whether the scopes allow to look up users.
func canLookUp(scopes []string) bool {
	return slices.ContainsFunc([]string{"user", "user_basic", "user_brief"}, func(s string) bool {
		return slices.Contains(scopes, s)
	})
}

// lacking lists the missing scopes, by the portal's names.
func (w *Wizard) lacking(want, have []string) string {
	var names []string
	for _, s := range want {
		if !slices.Contains(have, s) && (s != "user_basic" || !canLookUp(have)) {
			names = append(names, w.Texts.Say("scope."+s))
		}
	}
	return strings.Join(names, ", ")
}

// responsible asks for the person responsible for new tasks. Without the right to look up users it accepts any number.
func (w *Wizard) responsible(ctx context.Context, a *Answers, p Portal, names bool) error {
	for {
		typed, err := w.line(ctx, "responsible", a.Responsible)
		if err != nil {
			return err
		}
		if typed == "" {
			typed = strconv.FormatInt(a.Responsible, 10)
		}
		if !names {
			n, err := strconv.ParseInt(typed, 10, 64)
			if err == nil && n > 0 {
				a.Responsible = n
				return nil
			}
			w.say("responsible.unknown")
			continue
		}
		found, err := p.Users(ctx, typed)
		if who, ok := w.only("responsible.none", typed, found, err); ok {
			a.Responsible = who.ID
			w.say("responsible.is", who.Name, who.ID)
			return nil
		}
	}
}

// group asks for the group of new tasks; Enter or 0 means no group. Without the right to list groups it accepts any
// number.
func (w *Wizard) group(ctx context.Context, a *Answers, p Portal, names bool) error {
	key := "group"
	if !names {
		key = "group.number"
		w.say("group.unknown")
	}
	for {
		typed, err := w.line(ctx, key)
		if err != nil || typed == "" || typed == "0" {
			return err
		}
		if !names {
			if n, err := strconv.ParseInt(typed, 10, 64); err == nil && n > 0 {
				a.Group = n
				return nil
			}
			w.say("number.wrong", typed)
			continue
		}
		found, err := p.Groups(ctx, typed)
		if g, ok := w.only("group.none", typed, found, err); ok {
			a.Group = g.ID
			w.say("group.is", g.Name, g.ID)
			return nil
		}
	}
}

// only returns the result if there is exactly one; otherwise it prints why not.
func (w *Wizard) only(none, typed string, found []Who, err error) (Who, bool) {
	switch {
	case err != nil:
		w.say("webhook.wrong", err)
	case len(found) == 0:
		w.say(none, typed)
	case len(found) > 1:
		var all []string
		for _, f := range found[:min(10, len(found))] {
			all = append(all, f.String())
		}
		w.say("several", strings.Join(all, ", "))
	default:
		return found[0], true
	}
	return Who{}, false
}
