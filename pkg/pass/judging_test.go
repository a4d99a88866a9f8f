package pass_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/internal/servers"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/render"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/spool"
	"helpdesk/pkg/store"
)

// endless never finishes writing the posts for one sender's letters.
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

// heavy returns a letter whose quotes take especially long to cut.
func heavy(from string) []byte {
	page := strings.Repeat("<blockquote type=cite><div>On Monday, Anna <anna@a.example> wrote:</div><p>w", 30_000)
	return letter(from, from, "Heavy", page, "Content-Type: text/html; charset=utf-8")
}

func TestTheBudgetOfALetterBoundsAllWorkOnIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		raw     []byte
		budget  time.Duration
		endless bool
	}{
		{"its text", heavy("heavy@a.example"), 5 * time.Millisecond, false},
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

// The end of the pass also ends the work on a letter, and does not count as a failure of that letter.
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

// If many letters exceed their time, the pass over their mailbox ends. The other letters do not count as failed.
func TestManyEndlessLetters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	end := make(chan struct{})
	defer close(end)
	w.breakTexts = func(t outbox.Texts) outbox.Texts { return endless{t, end} }
	for i := range 7 {
		w.arrive(letter(fmt.Sprint(i, "@a.example"), fmt.Sprintf("endless%d@a.example", i), fmt.Sprint("Endless ", i),
			"and so on"))
	}
	for i := range 5 {
		w.arrive(letter(fmt.Sprint(i, "@b.example"), fmt.Sprintf("good%d@b.example", i), fmt.Sprint("Good ", i),
			"please"))
	}
	for range 15 {
		p, s := w.open(store.Options{})
		p.Budget = time.Second / 2
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

// diary is a Diary that outlasts a pass.
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

// A message over which two passes have died goes into the quarantine with its header, or only with its place if reading
// the header is fatal too. Letters of others are read.
func TestWhatPassesDieOver(t *testing.T) {
	t.Parallel()
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
		// A person releases it, and it is read again.
		w.readmit()
		w.quiet()
		if n := len(w.quarantined()); n != 0 || len(w.portal.Tasks()) != 3 {
			t.Errorf("%d: after a retry %d in quarantine, %d tasks", died, n, len(w.portal.Tasks()))
		}
	}
}

// longLetters brings three letters, of which the second is longer than what is kept in memory.
func (w *world) longLetters(kilobytes ...int) {
	for i, n := range kilobytes {
		w.arrive(letter(fmt.Sprint(i, "@a.example"), fmt.Sprintf("a%d@a.example", i), fmt.Sprint("Letter ", i),
			strings.Repeat("long words of it\n", n*60)+"THE END"))
	}
}

// whole returns the number of tasks with their complete letter.
func (w *world) whole() (n int) {
	for _, task := range w.portal.Tasks() {
		text := task.Description
		for _, f := range task.Files {
			text += string(f.Content)
		}
		if strings.Contains(text, "THE END") {
			n++
		}
	}
	return n
}

// If there is no room for long messages, short ones are processed. One that does not fit even alone is treated as too
// large, and the pass says what to do.
func TestNoRoomForLongMessages(t *testing.T) {
	t.Parallel()
	for _, dry := range []bool{true, false} {
		w := newWorld(t, sandbox.PortalOptions{})
		w.longLetters(1, 200, 1)
		w.folders = spool.Folders{filepath.Join(t.TempDir(), "missing"), filepath.Join(t.TempDir(), "missing, too")}
		if dry {
			p, s := w.open(store.Options{Overlay: true})
			p.Lines = true
			r, err := preview(p, t.Context())
			w.check(errors.Join(err, s.Close()))
			if left, err := r.Left(); len(r.Decided) != 3 || left != pass.Temporary ||
				!strings.Contains(fmt.Sprint(err), "TMPDIR") {
				t.Errorf("the dry run says %+v: left %v, %v", r.Decided, left, err)
			}
			continue
		}
		r, _ := w.poll()
		if left, err := r.Left(); left != pass.Temporary || !strings.Contains(fmt.Sprint(err), "TMPDIR") {
			t.Errorf("left %v, %v", left, err)
		}
		w.quiet()
		tasks := w.portal.Tasks()
		if len(tasks) != 3 || w.whole() != 2 || len(w.quarantined()) != 0 {
			t.Fatalf("%d tasks, %d whole, quarantine %+v", len(tasks), w.whole(), w.quarantined())
		}
		if last := tasks[2]; last.Title != "Letter 1" ||
			!strings.Contains(last.Description, "осталось в почтовом ящике") {
			t.Errorf("what does not fit: %s\n%s", last.Title, last.Description)
		}
		for _, m := range w.imap.Messages("INBOX") {
			if !m.Seen {
				t.Errorf("message %d is not marked", m.UID)
			}
		}
	}
}

// Messages that do not fit together are processed completely, one by one.
func TestRoomForOneMessageAtATime(t *testing.T) {
	t.Parallel()
	disk, err := servers.NewDisk(1 << 20)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(disk.Remove)
	w := newWorld(t, sandbox.PortalOptions{})
	w.folders = spool.Folders{disk.Dir}
	w.longLetters(1, 500, 400, 1, 700, 600, 900, 1)
	r, _ := w.poll()
	if left, err := r.Left(); left != pass.Nothing || err != nil {
		t.Errorf("left %v, %v", left, err)
	}
	w.quiet()
	if n := len(w.portal.Tasks()); n != 8 || w.whole() != 8 {
		t.Errorf("%d tasks, %d whole", n, w.whole())
	}
}

// The second folder is used if the first one is full.
func TestTheSecondFolderForLongMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	spare := t.TempDir()
	w.folders = spool.Folders{filepath.Join(t.TempDir(), "missing"), spare}
	w.longLetters(1, 200, 300)
	r, _ := w.poll()
	if left, err := r.Left(); left != pass.Nothing || err != nil || w.whole() != 3 {
		t.Errorf("left %v, %v; %d whole", left, err, w.whole())
	}
	if all, err := os.ReadDir(spare); err != nil || len(all) > 0 {
		t.Errorf("left behind: %v, %v", all, err)
	}
}

// Long messages processed at the same time stay within the limit of disk space.
func TestLongMessagesAreBoundedTogether(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads 70 MB")
	}
	w := newWorld(t, sandbox.PortalOptions{})
	w.maxMessage = 50 << 20
	w.folders = spool.Folders{t.TempDir()}
	for _, n := range []int{40, 30, 1} { // megabytes of zeros
		raw := letter(fmt.Sprint(n, "@a.example"), "ivan@a.example", "Long", "x", "Content-Type: text/plain",
			"Content-Transfer-Encoding: quoted-printable")
		w.arrive(append(raw, bytes.Repeat([]byte("=\r\n"), n*330_000)...))
	}
	most := int64(0)
	w.fetched = func() {
		if n := deletedBytes(t, w.folders[0]); n > most {
			most = n
		}
	}
	w.poll()
	if most == 0 {
		t.Skip("needs /proc to see files that are removed already")
	}
	if most > outbox.MostBytes {
		t.Errorf("%d bytes at the same time", most)
	}
	if all := w.portal.Tasks(); len(all) != 1 || len(all[0].Comments) < 2 {
		t.Errorf("%d tasks", len(all))
	}
}

// deletedBytes returns the total size of removed files in a folder that this process still has open.
func deletedBytes(t *testing.T, dir string) (sum int64) {
	all, _ := os.ReadDir("/proc/self/fd")
	for _, fd := range all {
		name := "/proc/self/fd/" + fd.Name()
		if to, err := os.Readlink(name); err == nil && strings.HasPrefix(to, dir) {
			if info, err := os.Stat(name); err == nil {
				sum += info.Size()
			}
		}
	}
	return sum
}
