package bitrix

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// A method without budget is not called until the portal allows it again, not even by the next run.
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
	for range 3 {
		for _, err := range ran(t.Context(), c, slices.Repeat([]Command{add("a")}, 20)...) {
			if err == nil {
				made++
				continue
			}
			refused++
			tells(t, err, outcome{fault.Refused, fault.Server})
			if fault.After(err) <= 0 {
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
	tells(t, ran(t.Context(), next, add("x"), add("y"))[0], outcome{fault.Refused, fault.Server})
	if p.Hits() != before {
		t.Error("the next run asked all the same")
	}
	clock.Advance(11 * time.Minute)
	if err := ran(t.Context(), next, add("x"), add("y"))[0]; err != nil {
		t.Error(err)
	}
}

func TestMethodRestsAfterItsLimit(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"result":[],"result_error":{"c0":{"error":"OPERATION_TIME_LIMIT"}}}}`),
		testkit.Answer(200, `{"result":{"result":{"c0":12},"result_error":[]}}`))
	c := client(t, s)
	for range 2 {
		tells(t, ran(t.Context(), c, add("a"), add("b"))[0], outcome{fault.Refused, fault.Server})
	}
	if s.Count() != 1 {
		t.Error("asked again", s.Count())
	}
	if err := ran(t.Context(), c, Do("task.commentitem.add", With("0", 8)))[0]; err != nil {
		t.Error("another method has its own time", err)
	}
}

// A call that cannot end before the timeout is not started, so that its outcome is never unknown.
func TestNothingIsBegunThatCannotEnd(t *testing.T) {
	s := testkit.NewScript(t)
	values := map[string]string{savedTimes: `{"tasks.task.add":2,"crm.contact.list":0.1}`}
	start := time.Now()
	c := client(t, s, saved(values), func(o *Options) { o.Now = func() time.Time { return start } })
	ctx, cancel := context.WithDeadline(t.Context(), start.Add(1500*time.Millisecond))
	defer cancel()
	for _, cmds := range [][]Command{{add("a"), add("b")}, {add("a")}, {add("$total")}} {
		for _, err := range ran(ctx, c, cmds...) {
			tells(t, err, outcome{fault.Refused, fault.Server})
			if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "not begun") {
				t.Error(err)
			}
		}
	}
	if s.Count() != 0 {
		t.Error(s.Count())
	}
}

func TestQuirkBudgetIsNotTold(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{},"time":{"operating":419,"operating_reset_at":1787216430}}`),
		testkit.Answer(200, `{"result":{},"time":{"operating":421,"operating_reset_at":1787216430}}`))
	c := client(t, s)
	for range 3 {
		_, _ = c.Batch(t.Context(), []Command{Do("a.add", With("x", "$total"))})
	}
	if s.Count() != 2 {
		t.Error("it went on at 421 seconds")
	}
}
