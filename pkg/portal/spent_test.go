package portal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// A method that has used up its time is left alone until the portal lets it run again, by the next run too.
func TestTimeOfAMethodIsKept(t *testing.T) {
	clock := sandbox.NewClock(time.Now())
	values := map[string]string{}
	options := func(o *Options) {
		saved(values)(o)
		o.Now, o.Timeout = clock.Now, time.Minute
	}
	p, c := live(t, sandbox.PortalOptions{Now: clock.Now, NoLimit: true, OperatingLimit: budget * time.Second,
		Operating: func(method string) time.Duration {
			if method == "tasks.task.add" {
				return 10 * time.Second
			}
			return 0
		}}, options)
	made, refused := 0, 0
	for round := range 3 {
		var effects []desk.Effect
		for i := range 20 {
			effects = append(effects, openEffect(fmt.Sprint("k", round, ".", i), "a"))
		}
		for _, m := range c.Make(t.Context(), effects) {
			if m.Err == nil {
				made++
				continue
			}
			refused++
			tells(t, m.Err, told{fault.Refused, fault.Server})
			if fault.After(m.Err) <= 0 {
				t.Error("it does not say when to try again")
			}
		}
	}
	for _, k := range p.Calls() {
		if k.Error == "OPERATION_TIME_LIMIT" {
			t.Fatal("the portal had to refuse")
		}
	}
	if made < 40 || refused == 0 {
		t.Errorf("%d made, %d refused", made, refused)
	}
	before := p.Hits()
	next, err := New(Options{Webhook: c.root, Load: c.load, Save: c.save, Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	tells(t, next.Make(t.Context(), []desk.Effect{openEffect("a", "x"), openEffect("b", "y")})[0].Err, told{fault.Refused, fault.Server})
	if p.Hits() != before {
		t.Error("the next run asked all the same")
	}
	clock.Advance(11 * time.Minute)
	if m := next.Make(t.Context(), []desk.Effect{openEffect("a", "x"), openEffect("b", "y")})[0]; m.Err != nil {
		t.Error(m.Err)
	}
}

func TestMethodRestsAfterItsLimit(t *testing.T) {
	s := newScript(t, answer(200, `{"result":{"result":[],"result_error":{"c0":{"error":"OPERATION_TIME_LIMIT"}}}}`),
		answer(200, `{"result":{"result":{"c0":12},"result_error":[]}}`))
	c := s.client(t)
	effects := []desk.Effect{openEffect("k", "a"), openEffect("l", "b")}
	tells(t, c.Make(t.Context(), effects)[0].Err, told{fault.Refused, fault.Server})
	tells(t, c.Make(t.Context(), effects)[0].Err, told{fault.Refused, fault.Server})
	if s.count() != 1 {
		t.Error("asked again", s.count())
	}
	if m := c.Make(t.Context(), []desk.Effect{commentEffect(8, "x")})[0]; m.Err != nil || m.Comment != 12 {
		t.Error("another method has its own time", m)
	}
}

// What can't end before the time-out is not begun, so that it is not in doubt.
func TestNothingIsBegunThatCannotEnd(t *testing.T) {
	s := newScript(t)
	values := map[string]string{savedTimes: `{"tasks.task.add":2,"crm.contact.list":0.1}`, savedV3: "false"}
	start := time.Now()
	c := s.client(t, saved(values), func(o *Options) { o.Now = func() time.Time { return start } })
	ctx, cancel := context.WithDeadline(t.Context(), start.Add(1500*time.Millisecond))
	defer cancel()
	for _, effects := range [][]desk.Effect{
		{openEffect("k", "a"), openEffect("l", "b")}, {openEffect("k", "a")}, {openEffect("k", "$total")},
	} {
		for _, m := range c.Make(ctx, effects) {
			tells(t, m.Err, told{fault.Refused, fault.Server})
			if !errors.Is(m.Err, context.DeadlineExceeded) || !strings.Contains(m.Err.Error(), "not begun") {
				t.Error(m.Err)
			}
		}
	}
	if s.count() != 0 {
		t.Error(s.count())
	}
}

func TestBatchEndsBeforeTheTimeOut(t *testing.T) {
	s := newScript(t)
	var sizes []int
	many(t, s, &sizes, 1)
	start := time.Now()
	c := s.client(t, saved(map[string]string{savedTimes: `{"a.add":1}`}), func(o *Options) {
		o.Now, o.Timeout = func() time.Time { return start }, time.Minute
	})
	ctx, cancel := context.WithDeadline(t.Context(), start.Add(10*time.Second))
	defer cancel()
	cmds := make([]Command, 30)
	for i := range cmds {
		cmds[i] = Do("a.add", nil)
	}
	if _, err := c.Batch(ctx, cmds); err != nil || sizes[0] != 10 {
		t.Error(err, sizes)
	}
}
