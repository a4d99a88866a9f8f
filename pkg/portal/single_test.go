package portal

import (
	"fmt"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// keys returns the Idempotency-Keys of the calls of REST v3, and whether their answers were replayed.
func keys(p *sandbox.Portal) (list []string, replayed int) {
	for _, k := range p.Calls() {
		if k.V3 {
			list = append(list, k.Method+" "+k.Key)
			if k.Replayed {
				replayed++
			}
		}
	}
	return list, replayed
}

func newCard() sandbox.PortalOptions { return sandbox.PortalOptions{NewCard: true} }

func TestSingleEffectsGoUnderTheirKey(t *testing.T) {
	p, c := live(t, newCard())
	e := openEffect("aa", "printer")
	e.Post.Fields = &desk.Fields{Responsible: 7, Priority: "low", Auditors: []int64{9}, Group: 3,
		Deadline: time.Hour, Due: time.Date(2026, 3, 13, 9, 0, 0, 0, time.UTC), CRM: []string{"C_1"}}
	made := c.Make(t.Context(), []desk.Effect{e})[0]
	if made.Err != nil || made.Chat == 0 {
		t.Fatal(made)
	}
	got, _ := p.Task(made.Task)
	if fmt.Sprintf("%v %v %v %v %v %v", got.Priority, got.Auditors, got.Group, got.CRM, got.XMLID,
		got.Deadline.UTC()) !=
		"0 [9] 3 [C_1] hd-aa 2026-03-13 09:00:00 +0000 UTC" {
		t.Errorf("%+v", got)
	}
	want := "[tasks.task.add hd-aa]"
	if list, _ := keys(p); fmt.Sprint(list) != want {
		t.Error(list)
	}
}

// A repeat after a lost answer gets the stored answer: nothing is made twice, and the number is known.
func TestLostAnswerOfASingleEffectIsReplayed(t *testing.T) {
	for _, kind := range []sandbox.FaultKind{sandbox.Drop, sandbox.BadGateway, sandbox.ServerError} {
		p, c := live(t, newCard())
		e, once := openEffect("kk", "a"), true
		p.Inject(func(k *sandbox.Call) sandbox.Fault {
			if k.V3 && once {
				once = false
				return sandbox.Fault{Kind: kind, After: true}
			}
			return sandbox.Fault{}
		})
		tells(t, c.Make(t.Context(), []desk.Effect{e})[0].Err, told{fault.Unsure, fault.Server})
		if m := c.Make(t.Context(), []desk.Effect{e})[0]; m.Err != nil || m.Task == 0 {
			t.Error(kind, m)
		}
		if _, replayed := keys(p); len(p.Tasks()) != 1 || replayed != 1 {
			t.Error(kind, len(p.Tasks()), replayed)
		}
	}
}

func TestSinglesFallBackToV2(t *testing.T) {
	for name, tt := range map[string]struct {
		o   sandbox.PortalOptions
		v3  string // what is remembered of REST v3 and keys afterwards
		key string
	}{
		"no v3":          {sandbox.PortalOptions{NewCard: true, NoV3: true}, "false", ""},
		"old card":       {sandbox.PortalOptions{}, "", "false"},
		"no scope tasks": {sandbox.PortalOptions{NewCard: true, Scopes: []string{"task", "im", "disk"}}, "false", ""},
		"no key":         {sandbox.PortalOptions{NewCard: true, NoIdempotency: true}, "true", "false"},
	} {
		t.Run(name, func(t *testing.T) {
			values := map[string]string{}
			p, c := live(t, tt.o, saved(values))
			for i := range 3 {
				if m := c.Make(t.Context(), []desk.Effect{openEffect(fmt.Sprint("k", i), "a")})[0]; m.Err != nil {
					t.Fatal(m.Err)
				}
			}
			if list, _ := keys(p); len(list) != 1 {
				t.Error("tried more than once a day:", list)
			}
			if len(p.Tasks()) != 3 || values[savedV3] != tt.v3 || values[savedKeys] != tt.key {
				t.Error(len(p.Tasks()), values)
			}
		})
	}
}

func TestMessageMakesAMissingChat(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	task := opened(t, c, 1)[0]
	p.Upgrade() // the task has no chat until somebody opens it
	if m := c.Make(t.Context(), []desk.Effect{commentEffect(task, "hd-0011223344556677\nb")})[0]; m.Err != nil {
		t.Fatal(m.Err)
	}
}

func TestKeyOfAnotherBodyIsInDoubt(t *testing.T) {
	_, c := live(t, newCard())
	if m := c.Make(t.Context(), []desk.Effect{openEffect("k", "a")})[0]; m.Err != nil {
		t.Fatal(m.Err)
	}
	tells(t, c.Make(t.Context(), []desk.Effect{openEffect("k", "b")})[0].Err, told{fault.Unsure, fault.One})
}
