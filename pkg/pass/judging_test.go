package pass_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/render"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// endless never ends writing the posts of one sender's letters.
type endless struct {
	outbox.Texts
	end chan struct{}
}

func (e endless) Post(p desk.Post, v render.PostVars) (string, string, error) {
	if p.Form == desk.FormTask && strings.Contains(p.From.Addr, "endless") {
		<-e.end
	}
	return e.Texts.Post(p, v)
}

// heavy is a letter whose quotes take longer to be cut than others.
func heavy(from string) []byte {
	page := strings.Repeat("<blockquote type=cite><div>On Monday, Anna <anna@a.example> wrote:</div><p>w", 30_000)
	return letter(from, from, "Heavy", page, "Content-Type: text/html; charset=utf-8")
}

func TestTheBudgetOfALetterBoundsAllWorkOnIt(t *testing.T) {
	for _, c := range []struct {
		name    string
		raw     []byte
		budget  time.Duration
		endless bool
	}{
		{"its text", heavy("heavy@a.example"), 50 * time.Millisecond, false},
		{"its decision", letter("endless@a.example", "endless@a.example", "Endless", "and so on"), time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			w.maxMessage = 50 << 20
			end := make(chan struct{})
			defer close(end)
			if c.endless {
				w.breakTexts = func(t outbox.Texts) outbox.Texts { return endless{t, end} }
			}
			w.arrive(c.raw)
			p, s := w.open(store.Options{})
			p.Budget = c.budget
			r, err := poll(p, t.Context())
			w.check(err)
			w.check(s.Close())
			if r.Waiting != 1 || r.Opened != 0 {
				t.Fatalf("it was not ended: %+v", r)
			}
			w.breakTexts = nil
			w.arrive(letter("2@a.example", "second@a.example", "Second", "two"))
			if r, _ := w.poll(); r.Opened != 2 {
				t.Errorf("with time enough: %+v", r)
			}
		})
	}
}

// The time of the pass ends work on a letter, too, and no failure of that letter's is counted.
func TestTheEndOfThePassEndsWorkOnALetter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	end := make(chan struct{})
	defer close(end)
	w.breakTexts = func(t outbox.Texts) outbox.Texts { return endless{t, end} }
	w.quarantineAfter = 1
	w.arrive(letter("endless@a.example", "endless@a.example", "Endless", "and so on"))
	p, s := w.open(store.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	done := make(chan error)
	go func() { _, err := poll(p, ctx); done <- err }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("it goes on")
	}
	w.check(s.Close())
	if all := w.quarantined(); len(all) != 0 {
		t.Errorf("quarantine: %+v", all)
	}
}

// Many letters that use up their time end the pass over their mailbox, and none of the others is taken for one.
func TestManyEndlessLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	end := make(chan struct{})
	defer close(end)
	w.breakTexts = func(t outbox.Texts) outbox.Texts { return endless{t, end} }
	for i := range 7 {
		w.arrive(letter(fmt.Sprint(i, "@a.example"), fmt.Sprintf("endless%d@a.example", i), fmt.Sprint("Endless ", i), "and so on"))
	}
	for i := range 5 {
		w.arrive(letter(fmt.Sprint(i, "@b.example"), fmt.Sprintf("good%d@b.example", i), fmt.Sprint("Good ", i), "please"))
	}
	for range 15 {
		p, s := w.open(store.Options{})
		p.Budget = time.Second / 5
		r, err := poll(p, t.Context())
		w.check(err)
		w.check(s.Close())
		if left, _ := r.Left(); left == pass.Nothing {
			break
		}
		w.clock.Advance(3 * time.Minute)
	}
	good := 0
	for _, task := range w.portal.Tasks() {
		if strings.HasPrefix(task.Title, "Good") {
			good++
		}
	}
	if all := w.quarantined(); good != 5 || len(all) != 7 {
		t.Errorf("%d tasks, %d in quarantine", good, len(all))
	}
}

// diary is a page that outlasts a pass.
type diary struct {
	mu   sync.Mutex
	now  []desk.Listing
	died map[desk.Listing]int
}

func (d *diary) Begin(at desk.Listing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = append(d.now, at)
}

func (d *diary) End(at desk.Listing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = slices.DeleteFunc(d.now, func(other desk.Listing) bool { return other == at })
}

func (d *diary) Died(at desk.Listing) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.died[at]
}

func (d *diary) Forget(at desk.Listing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.died, at)
}

// What two passes died over goes into the quarantine by its header alone, or if that is what they die over by its
// place, and the others' letters are read.
func TestWhatPassesDieOver(t *testing.T) {
	for died, subject := range map[int]string{1: "", 2: "Deadly", 3: ""} {
		w := newWorld(t, sandbox.PortalOptions{})
		uid := w.arrive(letter("1@a.example", "first@a.example", "Deadly", "one"))
		w.arrive(letter("2@a.example", "second@a.example", "Second", "two"))
		p, s := w.open(store.Options{})
		d := &diary{died: map[desk.Listing]int{}}
		mb, err := p.Boxes[0].Open(t.Context(), true)
		w.check(err)
		ls, err := mb.Unseen(t.Context(), time.Time{})
		w.check(err)
		w.check(mb.Close())
		for _, l := range ls {
			if l.UID == uid {
				d.died[l] = died
			}
		}
		p.Diary = d
		_, err = poll(p, t.Context())
		w.check(err)
		w.check(s.Close())
		if len(d.now) > 0 || len(d.died) > 0 {
			t.Errorf("%d: left in the diary: %v, %v", died, d.now, d.died)
		}
		all := w.quarantined()
		if died == 1 {
			if len(all) != 0 || len(w.portal.Tasks()) != 2 {
				t.Errorf("one death is an accident: %+v", all)
			}
			continue
		}
		if len(all) != 1 || all[0].Subject != subject || all[0].Whole || len(w.portal.Tasks()) != 2 {
			t.Errorf("%d: quarantine %+v, %d tasks", died, all, len(w.portal.Tasks()))
		}
		// Let out by a person, it is read again.
		w.readmit()
		w.quiet()
		if n := len(w.quarantined()); n != 0 || len(w.portal.Tasks()) != 3 {
			t.Errorf("%d: after a retry %d in quarantine, %d tasks", died, n, len(w.portal.Tasks()))
		}
	}
}

// Where there is no room for long messages, those that need none of it are done, and the pass says what to do and is
// tried again.
func TestNoRoomForLongMessages(t *testing.T) {
	w := newWorld(t, sandbox.PortalOptions{})
	for i, body := range []string{"short", strings.Repeat("long\n", 50_000), "short, too"} {
		w.arrive(letter(fmt.Sprint(i, "@a.example"), fmt.Sprintf("a%d@a.example", i), fmt.Sprint("Letter ", i), body))
	}
	tmp := os.Getenv("TMPDIR")
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	for range 4 {
		r, _ := w.poll()
		left, err := r.Left()
		if left != pass.Temporary || !strings.Contains(fmt.Sprint(err), "TMPDIR") {
			t.Fatalf("left %v, %v", left, err)
		}
		w.clock.Advance(time.Minute)
	}
	if n, all := len(w.portal.Tasks()), w.quarantined(); n != 2 || len(all) != 0 {
		t.Errorf("%d tasks, quarantine %+v", n, all)
	}
	t.Setenv("TMPDIR", tmp)
	w.quiet()
	if n := len(w.portal.Tasks()); n != 3 {
		t.Errorf("%d tasks with room again", n)
	}
}
