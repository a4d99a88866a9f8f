package pass_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/portal"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// figure is a job with the maximum number of requests.
type figure struct {
	name string
	most int
	hits func(t *testing.T) int
}

// TestPortalFigures counts the requests of complete passes, because requests are what a portal limits.
// docs/performance.md contains the numbers.
func TestPortalFigures(t *testing.T) {
	t.Parallel()
	var (
		b    strings.Builder
		many populated
	)
	b.WriteString("| job | requests | at most |\n|---|---|---|\n")
	for _, f := range []figure{
		{"idle poll", 0, idlePoll},
		{"idle notify", 1, idleNotify},
		{"1 new letter, CRM on", 2, func(t *testing.T) int { return newLetters(t, warm, 1, "") }},
		{"1 new letter, CRM on, a day's first", 3, func(t *testing.T) int { return newLetters(t, newWorld, 1, "") }},
		{"a poll while something is unconfirmed", 1, unconfirmed},
		{"50 new text letters, CRM on", 2, func(t *testing.T) int { return newLetters(t, warm, 50, "") }},
		{"1,000 new text letters, CRM on", 42, func(t *testing.T) int { return newLetters(t, warm, 1000, "") }},
		{"20 letters with one 100 kB file each", 2, func(t *testing.T) int {
			return newLetters(t, warm, 20, strings.Repeat("x", 100<<10))
		}},
		{"notify, 40 changed tasks among 5,000 open, old card", 2, func(t *testing.T) int {
			return many.changed(t, false)
		}},
		{"notify, 40 changed tasks among 5,000 open, new card", 2, func(t *testing.T) int {
			return many.changed(t, true)
		}},
		{"recovery of 50 creates of unknown fate: 1 + pages", 2, recovery},
	} {
		hits := f.hits(t)
		if hits > f.most {
			t.Errorf("%s: %d requests, at most %d", f.name, hits, f.most)
		}
		fmt.Fprintf(&b, "| %s | %d | %d |\n", f.name, hits, f.most)
	}
	t.Log("\n" + b.String())
	const path, begin, end = "../../docs/performance.md", "<!-- portal: begin -->\n", "<!-- portal: end -->\n"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(page), begin)
	old, tail, found := strings.Cut(rest, end)
	if !found {
		t.Fatal(path + " has no markers")
	}
	if *update {
		if err := os.WriteFile(path, []byte(head+begin+b.String()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if old != b.String() {
		t.Errorf("%s is out of date, -update renews it:\n%s", path, old)
	}
}

// warm returns a world that has already looked up today what it needs from the portal.
func warm(t testing.TB, o sandbox.PortalOptions) *world {
	w := newWorld(t, o)
	p, s := w.open(store.Options{})
	_ = p
	w.check(s.Cache(w.clock.Now(), map[string][]byte{
		"portal.folder":  []byte("8930"),
		"portal.v3.kept": []byte(`{"tags":false}`),
		"portal.users":   []byte("[17]"),
	}))
	w.check(s.Close())
	return w
}

func idlePoll(t *testing.T) int {
	w := warm(t, sandbox.PortalOptions{NewCard: true})
	w.poll()
	return w.portal.Hits()
}

func idleNotify(t *testing.T) int {
	w := warm(t, sandbox.PortalOptions{NewCard: true})
	w.opened()
	w.minutes(3, w.notify)
	w.portal.ResetCounts()
	w.minutes(1, w.notify)
	return w.portal.Hits()
}

// unconfirmed counts the requests of the poll after one that made a comment.
func unconfirmed(t *testing.T) int {
	w := warm(t, sandbox.PortalOptions{NewCard: true})
	w.opened()
	w.again(1, "And it blinks.")
	w.poll()
	w.clock.Advance(time.Minute)
	w.portal.ResetCounts()
	w.poll()
	return w.portal.Hits()
}

func newLetters(t *testing.T, world func(testing.TB, sandbox.PortalOptions) *world, n int, content string) int {
	w := world(t, sandbox.PortalOptions{
		NewCard:  true,
		Contacts: []sandbox.Contact{{ID: 275, Name: "Ivan", Emails: []string{"n1@b1.example"}}},
	})
	w.policy.AutoReply = false // letters need no requests but take time
	for i := range n {
		from, id, subject := fmt.Sprintf("n%d@b%d.example", i, i), fmt.Sprintf("m%d@b.example",
			i), fmt.Sprint("Question ", i)
		if content == "" {
			w.arrive(letter(id, from, subject, "How?"))
		} else {
			w.arrive(withFile(id, from, subject, "How?", "scan.txt", content))
		}
	}
	if r, _ := w.poll(); r.Opened != n || r.Waiting+len(r.Problems) > 0 {
		t.Fatalf("%d of %d tasks, %v", r.Opened, n, r.Problems)
	}
	for _, task := range w.portal.Tasks() {
		if content != "" && len(task.Files) != 1 {
			t.Fatal("a file is missing")
		}
	}
	return w.portal.Hits()
}

// populated is a portal with 5,000 open tasks, whose card is the old one at first.
type populated struct {
	*world
	tasks []int64
}

// changed counts the requests for 40 commented tasks.
func (p *populated) changed(t *testing.T, newCard bool) int {
	if p.world == nil {
		p.world = warm(t, sandbox.PortalOptions{})
		p.tasks = p.population(5000)
	}
	if newCard {
		p.portal.Upgrade()
	}
	for range 3 { // the portal has been read up to here
		p.clock.Advance(time.Hour)
		p.notify()
	}
	for i := range 40 {
		p.portal.Say(p.tasks[i*120], specialist, "Please restart it.")
	}
	p.clock.Advance(time.Minute)
	p.portal.ResetCounts()
	if r, _ := p.notify(); r.Sent != 40 {
		t.Fatalf("%d letters, %v", r.Sent, r.Problems)
	}
	return p.portal.Hits()
}

// population makes n tickets with tasks but without letters, and returns the tasks' ids.
func (w *world) population(n int) []int64 {
	w.t.Helper()
	c, err := portal.New(portal.Options{Options: bitrix.Options{
		Webhook:   w.webhook,
		Burst:     1000,
		PerSecond: 1000,
		Now:       w.clock.Now,
	}})
	w.check(err)
	_, s := w.open(store.Options{})
	defer func() { w.check(s.Close()) }()
	var ids []int64
	for len(ids) < n {
		var effects []desk.Effect
		for i := range 50 {
			key := desk.DeriveKey("population", fmt.Sprint(len(ids)+i))
			effects = append(effects, desk.Effect{Kind: desk.OpenTask, Key: key,
				Post: &desk.Post{Title: "Question", Text: "How?", Fields: &desk.Fields{Responsible: specialist}}})
		}
		entries := make([]desk.Entry, len(effects))
		for i := range entries {
			entries[i].Place = desk.Place{Mailbox: "support", UIDValidity: 9, UID: uint32(len(ids) + i + 1)}
		}
		w.check(s.Ledger.Record(w.clock.Now(), entries, time.Hour, func(i int, _ desk.Facts) (desk.Decision, error) {
			e := effects[i]
			return desk.Decision{Verdict: desk.Task, Key: e.Key, Effects: []desk.Effect{e},
				Ticket: &desk.Ticket{Key: e.Key, Mailbox: "support",
					Requester: desk.Address{Addr: fmt.Sprintf("n%d@b.example", len(ids)+i)}, Subject: "Question",
					Opened: w.clock.Now(), Status: desk.Open}}, nil
		}))
		due, err := s.Outbox.Due(w.clock.Now(), 50, nil)
		w.check(err)
		made := c.Make(w.t.Context(), effects)
		var results []desk.Result
		for i, d := range due {
			w.check(made[i].Err)
			ids = append(ids, made[i].Task)
			results = append(results, desk.Result{Seq: d.Seq, Done: true, Made: made[i]})
		}
		w.check(s.Outbox.Finish(w.clock.Now(), results))
	}
	return ids
}

// recovery counts the requests of the pass after one that lost the portal's answer: one batch has an unknown outcome.
func recovery(t *testing.T) int {
	w := warm(t, sandbox.PortalOptions{NewCard: true})
	w.policy.AutoReply = false
	for i := range 50 {
		w.arrive(letter(fmt.Sprintf("m%d@b.example", i), fmt.Sprintf("n%d@b.example", i), fmt.Sprint("Question ", i),
			"How?"))
	}
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if cmds, ok := c.Params.Get("cmd").(*sandbox.Params); ok &&
			strings.HasPrefix(cmds.Str("c0"), "tasks.task.add") {
			return sandbox.Fault{Kind: sandbox.Drop, After: true}
		}
		return sandbox.Fault{}
	})
	w.poll()
	w.portal.Inject(nil)
	made := len(w.portal.Tasks())
	w.clock.Advance(10 * time.Minute)
	w.portal.ResetCounts()
	r, _ := w.run(poll)
	if got := len(w.portal.Tasks()); got != 50 || made != 50 || r.Opened != 50 {
		t.Fatalf("%d tasks, %d of them made before, %d found", got, made, r.Opened)
	}
	return w.portal.Hits()
}
