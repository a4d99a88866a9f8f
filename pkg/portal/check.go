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
)

// Want is what the settings ask of the portal.
type Want struct {
	Users  []int64 // those who must exist: responsibles, auditors, accomplices, whom alarms tell
	Groups []int64 // those that must be open to new tasks
	CRM    bool    // contacts are to be looked up or bound
	Likes  bool    // answers that went out are to be shown by likes
}

// Finding is one thing Check looked at.
type Finding struct {
	What     string
	OK       bool
	Optional bool   // without it a feature is missing, nothing more
	Hint     string // what was found, and what to do where it is not OK
}

// maxSkew is how far the portal's clock may be from ours.
const maxSkew = 2 * time.Minute

// Check tells what works on the portal and what does not, and saves what it finds out. It changes nothing there.
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
		return []Finding{{What: "portal", Hint: err.Error()}}
	}
	if asked != c.Self() { // its folder and its tasks are others
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

func (k *checking) say(what string, ok, optional bool, hint string, args ...any) {
	k.found = append(k.found, Finding{what, ok, optional, fmt.Sprintf(hint, args...)})
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
		k.say("webhook user", false, false, "%v", a.Err)
	case r.ID == 0:
		k.say("webhook user", false, false, "user %d is not active: activate it, or make a webhook of another user",
			k.c.Owner())
	case int64(r.ID) != k.c.Owner():
		k.say("webhook user", true, false, "%d %s, though the webhook's address says %d: its owner was dismissed", r.ID,
			strings.TrimSpace(string(r.Name+" "+r.LastName)), k.c.Owner())
	default:
		k.say("webhook user", true, false, "%d %s", r.ID, strings.TrimSpace(string(r.Name+" "+r.LastName)))
	}
}

// scopes lists what the webhook may be given, and what for.
var scopes = []struct {
	name     string
	optional bool
	use      string
}{
	{"task", false, "tasks and comments"}, {"im", false, "comments of the new task card"}, {"disk", false, "files"},
	{
		"tasks",
		true,
		"REST v3",
	}, {
		"crm",
		true,
		"names and contacts",
	}, {"user_basic", true, "checking of user numbers, task.fallback, and who wrote a comment of the old card"},
}

func (k *checking) scope(a bitrix.Answer) {
	if a.Err != nil {
		k.say("scopes", false, false, "%v", a.Err)
		return
	}
	var have []string
	for _, s := range bitrix.Rows[bitrix.Text](a.Result) {
		have = append(have, string(s))
	}
	k.c.Remember(savedScopes, have)
	k.c.Remember(savedNoCRM, !slices.Contains(have, "crm"))
	for _, s := range scopes {
		ok := slices.Contains(have, s.name) || s.name == "user_basic" && slices.Contains(have, "user")
		switch {
		case ok:
			k.say("scope "+s.name, true, s.optional, "%s", s.use)
		case s.name == "crm" && !k.want.CRM:
		default:
			k.say("scope "+s.name, false, s.optional, "missing, needed for %s: add it to the webhook", s.use)
		}
	}
}

func (k *checking) users(a bitrix.Answer) {
	if a.Err != nil {
		k.say("users", false, true, "not checked: %v", a.Err)
		return
	}
	active := map[int64]bool{}
	for _, u := range bitrix.Rows[portalUser](a.Result) {
		active[int64(u.ID)] = u.active()
	}
	for _, id := range k.want.Users {
		if !active[id] {
			k.say(fmt.Sprintf("user %d", id), false, false,
				"no such active user: correct the settings of tasks and monitor.tell")
		} else {
			k.say(fmt.Sprintf("user %d", id), true, false, "exists")
		}
	}
}

// groups asks for the groups of new tasks. A webhook need not have the right to ask: what it can't see it says.
func (k *checking) groups(ctx context.Context) {
	for _, id := range k.want.Groups {
		what := fmt.Sprintf("group %d", id)
		g, found, err := k.c.Group(ctx, id)
		var refused *bitrix.Error
		switch {
		case errors.As(err, &refused) && refused.Coded("insufficient_scope"):
			k.say(what, true, true, "not asked: the webhook has neither of the scopes %s",
				strings.Join(GroupScopes, ", "))
		case err != nil:
			k.say(what, false, false, "%v", err)
		case !found:
			k.say(what, false, false, "no such group, or the webhook's user may not see it: correct task.group, or "+
				"add "+
				"the user to the group")
		case !g.Active:
			k.say(what, false, false, "%s is archived: correct task.group, or open the group again", g.Name)
		default:
			k.say(what, true, false, "%s", g.Name)
		}
	}
}

func (k *checking) folder(a bitrix.Answer) {
	id, err := k.c.takeFolder(a)
	if err != nil {
		k.say("folder for files", false, false, "%v", err)
		return
	}
	k.say("folder for files", true, false, "%d", id)
}

func (k *checking) card(a bitrix.Answer) {
	list, err := readTasks(a)
	if err != nil {
		k.say("tasks", false, false, "%v", err)
		return
	}
	card := "old or not told"
	for _, t := range list {
		if t.ChatID != 0 {
			card = "new"
		}
	}
	if len(list) == 0 {
		card = "not known before the first task"
	}
	k.c.Remember(savedCard, card)
	k.say("task card", true, true, "%s", card)
	switch {
	case !k.want.Likes:
	case card == "new":
		k.say("likes", true, true, "notify.confirm: the messages of answers that went out get a like")
	default:
		k.say("likes", true, true, "notify.confirm: only messages of the new card can be liked, on the old one a "+
			"comment "+
			"says that an answer went out")
	}
}

func (k *checking) skew() {
	d := k.c.Now().Sub(k.c.Clock()).Round(time.Second)
	if d.Abs() > maxSkew {
		k.say("clock", false, true, "the portal's clock differs by %v: set this machine's by NTP", d)
		return
	}
	k.say("clock", true, true, "differs by %v", d)
}

// v3 asks REST v3 for one task: only it can tell whether it is there (rest-v3).
func (k *checking) v3(ctx context.Context) {
	err := k.c.CallV3(ctx, "tasks.task.list", bitrix.With("pagination", bitrix.With("limit", 1)), nil)
	var e *bitrix.Error
	switch {
	case err == nil:
		k.say("REST v3", true, true, "available")
	case errors.As(err, &e):
		k.say("REST v3", false, true, "not used: %v", err)
	default:
		k.say("REST v3", false, fault.ExtentOf(err) != fault.Server, "%v", err)
	}
	k.c.Remember(savedV3, err == nil)
}
