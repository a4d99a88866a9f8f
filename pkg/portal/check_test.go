package portal

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	sandbox "helpdesk/pkg/sandbox/portal"
)

func findings(t *testing.T, o sandbox.PortalOptions, want Want) (ok, missing, broken string) {
	t.Helper()
	_, c := live(t, o, saved(map[string]string{}))
	for _, f := range c.Check(t.Context(), want) {
		if said := noted(f); said == "" || strings.Contains(said, "sandbox-code") {
			t.Errorf("%+v", f)
		}
		switch {
		case f.OK:
			ok += f.What + ";"
		case f.Optional:
			missing += f.What + ";"
		default:
			broken += f.What + ";"
		}
	}
	return ok, missing, broken
}

// noted returns the key and the arguments of a finding's text.
func noted(f Finding) string {
	return strings.TrimSpace(fmt.Sprintln(append([]any{f.Note.Key}, f.Note.Args...)...))
}

func TestCheckInEachMode(t *testing.T) {
	want := Want{Users: []int64{7}, CRM: true}
	full := "webhook user;scope task;scope im;scope disk;scope tasks;scope crm;scope user_basic;user 7;folder for " +
		"files;task card;clock;REST v3;Idempotency-Key;rate;"
	for name, tt := range map[string]struct {
		o                   sandbox.PortalOptions
		want                Want
		ok, missing, broken string
	}{
		"old card": {sandbox.PortalOptions{}, want, full, "", ""},
		"new card": {sandbox.PortalOptions{NewCard: true}, want, full, "", ""},
		"box": {
			sandbox.PortalOptions{NewCard: true, NoV3: true},
			want,
			strings.Replace(full, "REST v3;Idempotency-Key;", "", 1),
			"REST v3;",
			"",
		},
		"no crm": {sandbox.PortalOptions{
			NewCard: true,
			Scopes:  []string{"task", "tasks", "im", "disk", "user_basic"},
		}, want,
			strings.Replace(full, "scope crm;", "", 1), "scope crm;", ""},
		"no tasks": {sandbox.PortalOptions{
			NewCard: true,
			Scopes:  []string{"task", "im", "disk", "crm", "user_basic"},
		}, want,
			strings.Replace(strings.Replace(full, "scope tasks;", "", 1), "REST v3;Idempotency-Key;", "", 1),
			"scope tasks;REST v3;", ""},
		"nobody": {
			sandbox.PortalOptions{NewCard: true},
			Want{Users: []int64{4242}},
			strings.Replace(full, "user 7;", "", 1),
			"",
			"user 4242;",
		},
		"no task and disk": {sandbox.PortalOptions{
			NewCard: true,
			Scopes:  []string{"im", "user_basic"},
		}, Want{Users: []int64{7}},
			"webhook user;scope im;scope user_basic;user 7;clock;rate;", "scope tasks;REST v3;",
			"scope task;scope disk;folder for files;tasks;"},
	} {
		t.Run(name, func(t *testing.T) {
			ok, missing, broken := findings(t, tt.o, tt.want)
			if ok != tt.ok || missing != tt.missing || broken != tt.broken {
				t.Errorf("ok %s\nmissing %s\nbroken %s", ok, missing, broken)
			}
		})
	}
}

func TestCheckOfAWrongWebhook(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	p.SetCode("replaced")
	got := c.Check(t.Context(), Want{})
	if len(got) != 1 || got[0].OK || !strings.Contains(noted(got[0]), "webhook is wrong") {
		t.Error(got)
	}
}

func TestCheckTellsOfTheClock(t *testing.T) {
	_, c := live(t, sandbox.PortalOptions{Now: func() time.Time { return time.Now().Add(-time.Hour) }})
	for _, f := range c.Check(t.Context(), Want{}) {
		if f.What == "clock" && (f.OK || !strings.Contains(noted(f), "1h0m")) {
			t.Error(f)
		}
	}
}

func TestLimitOfThePortalIsKept(t *testing.T) {
	clock := sandbox.NewClock(time.Now())
	p, c := live(t, sandbox.PortalOptions{Now: clock.Now, Burst: 5, PerSecond: 2}, func(o *Options) {
		o.Burst, o.PerSecond, o.Now = 5, 2, clock.Now
		o.Sleep = func(_ context.Context, d time.Duration) error { clock.Advance(d); return nil }
	})
	for range 20 {
		if err := c.Call(t.Context(), "profile", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, k := range p.Calls() {
		if k.Status != 200 {
			t.Error(fmt.Sprint(k))
		}
	}
}

// The next check reports what a task has shown about REST v3.
func TestCheckTellsOfRelatedObjects(t *testing.T) {
	for portal, want := range map[sandbox.V3Related]string{
		sandbox.V3RelatedKept:    "check.portal.keys",
		sandbox.V3RelatedLocked:  "check.portal.keys.unknown",
		sandbox.V3RelatedRefused: "check.portal.keys.unknown",
		sandbox.V3RelatedLost:    "check.portal.keys.some accomplices, auditors, tags",
	} {
		_, c := live(t, sandbox.PortalOptions{NewCard: true, V3Related: portal})
		if m := c.Make(t.Context(), []desk.Effect{manifold("k")})[0]; m.Err != nil {
			t.Fatal(m.Err)
		}
		for _, f := range c.Check(t.Context(), Want{}) {
			if f.What == "Idempotency-Key" && noted(f) != want {
				t.Errorf("%q: %s, want %s", portal, noted(f), want)
			}
		}
	}
}

// Groups of new tasks are checked if the webhook may ask, with either scope; without a scope nothing is wrong.
func TestCheckOfGroups(t *testing.T) {
	groups := []sandbox.Group{{
		ID:   3,
		Name: "Support",
	}, {ID: 4, Name: "Old", Archived: true}, {ID: 5, Name: "Board", Secret: true}}
	base := []string{"task", "tasks", "im", "disk", "crm", "user_basic"}
	for name, c := range map[string]struct {
		scopes []string
		ok     bool
		hints  map[string]string
	}{
		"sonet_group": {append(base, "sonet_group"), false, map[string]string{"group 3": "Support",
			"group 4": "check.portal.group.archived Old", "group 5": "check.portal.group.none",
			"group 99": "check.portal.group.none"}},
		"socialnetwork": {append(base[:len(base):len(base)], "socialnetwork"), false,
			map[string]string{"group 3": "Support",
				"group 4": "check.portal.group.archived Old", "group 5": "check.portal.group.none",
				"group 99": "check.portal.group.none"}},
		"neither": {base, true, map[string]string{"group 3": "check.portal.group.unknown",
			"group 4": "check.portal.group.unknown",
			"group 5": "check.portal.group.unknown", "group 99": "check.portal.group.unknown"}},
	} {
		_, client := live(t, sandbox.PortalOptions{NewCard: true, Groups: groups, Scopes: c.scopes},
			saved(map[string]string{}))
		got := map[string]bool{}
		for _, f := range client.Check(t.Context(), Want{Groups: []int64{3, 4, 5, 99}}) {
			want, asked := c.hints[f.What]
			if !asked {
				continue
			}
			got[f.What] = true
			if !strings.Contains(noted(f), want) || f.OK != (c.ok || f.What == "group 3") {
				t.Errorf("%s: %+v, want %q", name, f, want)
			}
		}
		if len(got) != 4 {
			t.Errorf("%s: said of %v", name, got)
		}
	}
}
