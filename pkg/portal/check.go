package portal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/phrase"
)

// Want is what the settings require of the portal.
type Want struct {
	Users  []int64 // must exist: responsible people, auditors, accomplices, recipients of alarms
	Groups []int64 // must accept new tasks
	CRM    bool    // contacts are looked up or bound
	Likes  bool    // answers that were sent are marked by likes
}

// Finding is the result of one check.
type Finding struct {
	What     string
	OK       bool
	Optional bool          // if it fails, only a feature is missing
	Note     phrase.Phrase // what was found, and what to do if it is not OK
}

// maxSkew is the largest accepted difference between the portal's clock and ours.
const maxSkew = 2 * time.Minute

// Check reports what works on the portal and what does not, and remembers what it finds out. It changes nothing there.
func (c *Client) Check(ctx context.Context, want Want) []Finding {
	k := &checking{c: c, want: want}
	asked := c.Self()
	p := c.Plan()
	p.Add(bitrix.Do(profile, nil), k.profile)
	p.Add(bitrix.Do("scope", nil), k.scope)
	if len(want.Users) > 0 {
		p.Add(bitrix.Do("user.get", bitrix.With("FILTER", bitrix.With("ID", want.Users)).With("start", -1)), k.users)
	}
	p.Add(storageList(c.Self()), k.folder)
	p.Add(bitrix.Do("tasks.task.list",
		bitrix.With("filter", bitrix.With("CREATED_BY", c.Self())).With("order", bitrix.With("ID", "desc")).
			With("select", []string{"ID", "CHAT_ID"}).With("start", -1)), k.card)
	if err := p.Run(ctx); err != nil {
		return []Finding{{What: "portal", Note: phrase.Plain(err)}}
	}
	if asked != c.Self() { // another user has another folder and other tasks
		return c.Check(ctx, want)
	}
	k.groups(ctx)
	k.skew()
	k.v3(ctx)
	k.limits()
	return k.found
}

type checking struct {
	c     *Client
	want  Want
	found []Finding
}

// say adds a finding with the text of the key; with an empty key the text is the arguments.
func (k *checking) say(what string, ok, optional bool, key string, args ...any) {
	k.found = append(k.found, Finding{what, ok, optional, phrase.Of(key, args...)})
}

// QUIRK: the answer for an inactive user is an empty object (common/users/profile).
func (k *checking) profile(a bitrix.Answer) {
	var r struct {
		ID       bitrix.ID   `json:"ID"`
		Name     bitrix.Text `json:"NAME"`
		LastName bitrix.Text `json:"LAST_NAME"`
	}
	_ = bitrix.Into(a.Result, &r)
	switch {
	case a.Err != nil:
		k.say("webhook user", false, false, "", a.Err)
	case r.ID == 0:
		k.say("webhook user", false, false, "check.portal.owner.inactive",
			k.c.Owner())
	case int64(r.ID) != k.c.Owner():
		k.say("webhook user", true, false, "check.portal.owner.other", r.ID,
			strings.TrimSpace(string(r.Name+" "+r.LastName)), k.c.Owner())
	default:
		k.say("webhook user", true, false, "check.portal.owner", r.ID, strings.TrimSpace(string(r.Name+" "+r.LastName)))
	}
}

// scopes lists the scopes of a webhook and their uses.
var scopes = []struct {
	name     string
	optional bool
	use      string // key of the text that describes the use
}{
	{"task", false, "check.use.task"}, {"im", false, "check.use.im"}, {"disk", false, "check.use.disk"},
	{
		"tasks",
		true,
		"check.use.tasks",
	}, {
		"crm",
		true,
		"check.use.crm",
	}, {"user_basic", true, "check.use.user_basic"},
}

func (k *checking) scope(a bitrix.Answer) {
	if a.Err != nil {
		k.say("scopes", false, false, "", a.Err)
		return
	}
	var have []string
	for _, s := range bitrix.Rows[bitrix.Text](a.Result) {
		have = append(have, string(s))
	}
	k.c.Remember(savedScopes, have)
	k.c.Remember(savedNoCRM, !slices.Contains(have, "crm"))
	for _, s := range scopes {
		use := phrase.Of(s.use)
		ok := slices.Contains(have, s.name) || s.name == "user_basic" && slices.Contains(have, "user")
		switch {
		case ok:
			k.say("scope "+s.name, true, s.optional, "", use)
		case s.name == "crm" && !k.want.CRM:
		default:
			k.say("scope "+s.name, false, s.optional, "check.portal.scope.missing", use)
		}
	}
}

func (k *checking) users(a bitrix.Answer) {
	if a.Err != nil {
		k.say("users", false, true, "check.portal.users.unknown", a.Err)
		return
	}
	active := map[int64]bool{}
	for _, u := range bitrix.Rows[portalUser](a.Result) {
		active[int64(u.ID)] = u.active()
	}
	for _, id := range k.want.Users {
		if !active[id] {
			k.say(fmt.Sprintf("user %d", id), false, false, "check.portal.user.none")
		} else {
			k.say(fmt.Sprintf("user %d", id), true, false, "check.portal.user")
		}
	}
}

// groups checks the groups of new tasks. If the webhook may not ask for groups, the finding says so.
func (k *checking) groups(ctx context.Context) {
	for _, id := range k.want.Groups {
		what := fmt.Sprintf("group %d", id)
		g, found, err := k.c.Group(ctx, id)
		var refused *bitrix.Error
		switch {
		case errors.As(err, &refused) && refused.Coded("insufficient_scope"):
			k.say(what, true, true, "check.portal.group.unknown", strings.Join(GroupScopes, ", "))
		case err != nil:
			k.say(what, false, false, "", err)
		case !found:
			k.say(what, false, false, "check.portal.group.none")
		case !g.Active:
			k.say(what, false, false, "check.portal.group.archived", g.Name)
		default:
			k.say(what, true, false, "", g.Name)
		}
	}
}

func (k *checking) folder(a bitrix.Answer) {
	id, err := k.c.takeFolder(a)
	if err != nil {
		k.say("folder for files", false, false, "", err)
		return
	}
	k.say("folder for files", true, false, "", id)
}

func (k *checking) card(a bitrix.Answer) {
	list, err := readTasks(a)
	if err != nil {
		k.say("tasks", false, false, "", err)
		return
	}
	card, told := "old or not told", "check.portal.card.old"
	for _, t := range list {
		if t.ChatID != 0 {
			card, told = "new", "check.portal.card.new"
		}
	}
	if len(list) == 0 {
		card, told = "not known before the first task", "check.portal.card.unknown"
	}
	k.c.Remember(savedCard, card)
	k.say("task card", true, true, told)
	switch {
	case !k.want.Likes:
	case card == "new":
		k.say("likes", true, true, "check.portal.likes")
	default:
		k.say("likes", true, true, "check.portal.likes.old")
	}
}

func (k *checking) skew() {
	d := k.c.Now().Sub(k.c.Clock()).Round(time.Second)
	if d.Abs() > maxSkew {
		k.say("clock", false, true, "check.portal.clock.off", d)
		return
	}
	k.say("clock", true, true, "check.portal.clock", d)
}

// v3 asks REST v3 for one task, which is the only way to find out whether REST v3 exists (rest-v3).
func (k *checking) v3(ctx context.Context) {
	err := k.c.CallV3(ctx, "tasks.task.list", bitrix.With("pagination", bitrix.With("limit", 1)), nil)
	var e *bitrix.Error
	switch {
	case err == nil:
		k.say("REST v3", true, true, "check.portal.v3")
	case errors.As(err, &e):
		k.say("REST v3", false, true, "check.portal.v3.refused", err)
	default:
		k.say("REST v3", false, fault.ExtentOf(err) != fault.Server, "", err)
	}
	k.c.Remember(savedV3, err == nil)
}
