package pass_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// portalAway makes the portal answer nothing until the returned function is called.
func (w *world) portalAway() (back func()) {
	w.portal.Inject(func(*sandbox.Call) sandbox.Fault { return sandbox.Fault{Kind: sandbox.BadGateway} })
	return func() { w.portal.Inject(nil); w.clock.Advance(5 * time.Minute) }
}

// If a message disappears before its task is made, the task says which files are missing. If the message was moved, the
// files are fetched from the new place.
func TestMessageThatIsGoneBeforeItsTaskIsMade(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		happens func(w *world) error
		files   int
	}{
		"deleted": {func(w *world) error { return w.imap.Remove("INBOX", 1) }, 0},
		"rebuilt": {func(w *world) error { return w.imap.Recreate("INBOX") }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			back := w.portalAway()
			w.arrive(withFile("1@a.example", "ivan@a.example", "Printer", "It does not print.", "log.txt", "hello"))
			w.poll()
			w.check(tt.happens(w))
			back()
			w.poll()
			tasks := w.portal.Tasks()
			if len(tasks) != 1 || len(tasks[0].Files) != tt.files ||
				strings.Contains(tasks[0].Description, "log.txt (5 B)") == (tt.files > 0) {
				t.Errorf("%+v", tasks)
			}
			if w.quiet(); len(w.portal.Tasks()) != 1 {
				t.Error("made again")
			}
		})
	}
}

// A pass over one mailbox also fetches files and sends letters for the other mailboxes.
func TestOneMailboxReadAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.boxes = []string{"support", "sales"}
	w.check(w.imap.CreateFolder("sales", ""))
	w.policy.Fields["sales"] = desk.Fields{Responsible: specialist}
	back := w.portalAway()
	w.arrive(withFile("1@a.example", "ivan@a.example", "Printer", "It does not print.", "log.txt", "hello"))
	w.poll()
	back()
	w.arrive(letter("2@a.example", "anna@a.example", "Not read", "please"))
	p, s := w.open(store.Options{})
	p.Looked = pass.Look(t.Context(), p.Boxes[1:], false, p.Now(), p.Log)
	r, err := p.Poll(t.Context())
	p.Looked.Close(p.Log)
	w.check(err)
	w.check(s.Close())
	tasks := w.portal.Tasks()
	if r.Held != 0 || len(tasks) != 1 || len(tasks[0].Files) != 1 || w.lettersTo("ivan@a.example") != 1 {
		t.Errorf("%+v, tasks %+v", r, tasks)
	}
}

// If a mailbox was renamed, its files are not given up immediately, and the task is made eventually.
func TestMailboxRenamedBeforeTheTaskIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	back := w.portalAway()
	w.arrive(withFile("1@a.example", "ivan@a.example", "Printer", "It does not print.", "log.txt", "hello"))
	w.poll()
	was := w.boxes
	w.boxes = []string{"renamed"}
	back()
	if w.poll(); len(w.portal.Tasks()) != 0 {
		t.Error("made without its file, which is in the mailbox")
	}
	w.boxes = was
	w.clock.Advance(10 * time.Minute)
	if w.poll(); len(w.portal.Tasks()) != 1 || len(w.portal.Tasks()[0].Files) != 1 {
		t.Errorf("%+v", w.portal.Tasks())
	}
}

// Without the permission for disk, tasks are made without files.
func TestNoScopeForFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{Scopes: []string{"task", "im", "crm", "user_basic"}})
	w.arrive(withFile("1@a.example", "a@a.example", "With", "see", "a.txt", "x"))
	w.arrive(letter("2@b.example", "b@b.example", "Without", "please"))
	r, _ := w.poll()
	tasks := w.portal.Tasks()
	if len(tasks) != 2 || !strings.Contains(tasks[0].Description, "a.txt (1 B)") || r.Waiting != 0 ||
		len(r.Problems) != 0 {
		t.Errorf("%d tasks, %+v", len(tasks), r)
	}
}

// laterStates answers only when the concurrent round has ended.
type laterStates struct {
	pass.Tasks
	finished chan struct{}
}

func (l laterStates) States(ctx context.Context, tasks []int64) (map[int64]desk.TaskState, error) {
	states, err := l.Tasks.States(ctx, tasks)
	select {
	case <-l.finished:
	case <-time.After(time.Minute):
	}
	return states, err
}

// tellsFinish signals when the first results are recorded.
type tellsFinish struct {
	outbox.Queue
	once     *sync.Once
	finished chan struct{}
}

func (o tellsFinish) Finish(now time.Time, rs []desk.Result) error {
	err := o.Queue.Finish(now, rs)
	o.once.Do(func() { close(o.finished) })
	return err
}

// A ticket's task is made while the next chunk asks for states of tasks. The state of this task was not asked for, so
// the task does not count as deleted.
func TestTaskMadeWhileOthersAreAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.arrive(letter("old@a.example", "old@a.example", "Old", "an old matter"))
	w.quiet()
	w.clock.Advance(time.Hour)
	w.arrive(letter("first@b.example", "ivan@b.example", "Printer", "It does not print."))
	for i := range 49 {
		w.arrive(letter(fmt.Sprintf("f%d@c.example", i), fmt.Sprintf("u%d@c%d.example", i, i),
			fmt.Sprintf("Filler %d", i), "x"))
	}
	w.arrive(letter("second@b.example", "ivan@b.example", "Re: Printer", "Still not.",
		"In-Reply-To: <first@b.example>"))
	w.arrive(letter("old2@a.example", "old@a.example", "Re: Old", "And?", "In-Reply-To: <old@a.example>"))
	p, s := w.open(store.Options{})
	p.Outbox.Together = nil
	finished := make(chan struct{})
	p.Portal, p.Outbox.Queue = laterStates{p.Portal, finished}, tellsFinish{p.Outbox.Queue, new(sync.Once), finished}
	_, err := poll(p, context.Background())
	w.check(err)
	w.check(s.Close())
	w.quiet()
	n := 0
	for _, task := range w.portal.Tasks() {
		if strings.Contains(task.Title, "Printer") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d tasks about the printer", n)
	}
}

// When a person releases a task that the portal refused, it is made with the current settings.
func TestRefusedTaskIsMadeByMendedSettings(t *testing.T) {
	t.Parallel()
	for _, route := range []bool{false, true} {
		w := newWorld(t, sandbox.PortalOptions{})
		settings := func(responsible int64) {
			f := map[string]desk.Fields{"support": {Responsible: responsible, Deadline: time.Hour}}
			if w.policy.Fields = f; route {
				w.policy.Fields = map[string]desk.Fields{"support": {Responsible: 9}}
				w.policy.Routes = []desk.Route{{Name: "printers", Subject: []string{"printer"}, Fields: f}}
			}
		}
		settings(1)
		w.refuseTasksOf(1)
		w.arrive(letter("1@a.example", "ivan@a.example", "Printer", "It does not print."))
		due := w.clock.Now().Add(time.Hour)
		w.persist()
		settings(specialist)
		w.clock.Advance(20 * time.Minute)
		_, s := w.open(store.Options{})
		_, err := s.Outbox.Retry()
		w.check(err)
		w.check(s.Close())
		w.poll()
		tasks := w.portal.Tasks()
		if len(tasks) != 1 || tasks[0].Responsible != specialist || tasks[0].Deadline.Sub(due).Abs() > time.Second {
			t.Errorf("%+v", tasks)
		}
	}
}

// refuseTasksOf makes the portal refuse tasks of a user, although the user exists.
func (w *world) refuseTasksOf(user int64) {
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "tasks.task.add" && c.Params.Int("fields", "RESPONSIBLE_ID") == user {
			return sandbox.Fault{Kind: sandbox.ErrorAnswer, Code: "ERROR_CORE", Text: "no rights"}
		}
		return sandbox.Fault{}
	})
}

// A task whose responsible user is unknown or dismissed goes to somebody else and says so.
func TestResponsibleWhoIsGone(t *testing.T) {
	t.Parallel()
	for _, responsible := range []int64{555, 8} {
		for _, fallback := range []int64{0, 9} {
			w := newWorld(t, sandbox.PortalOptions{Users: []sandbox.User{{ID: 1}, {ID: 7}, {
				ID:       8,
				Inactive: true,
			}, {ID: 9}, {ID: 17}}})
			w.policy.Fields = map[string]desk.Fields{"support": {Responsible: responsible, Fallback: fallback}}
			w.refuseTasksOf(8)
			w.arrive(letter("1@a.example", "ivan@a.example", "Printer", "It does not print."))
			w.quiet()
			tasks := w.portal.Tasks()
			want := max(fallback, 17*((9-fallback)/9))
			if len(tasks) != 1 || tasks[0].Responsible != want ||
				!strings.Contains(tasks[0].Description, fmt.Sprint("пользователь ", responsible)) {
				t.Errorf("%d, %d: %+v", responsible, fallback, tasks)
			}
		}
	}
}

// twoMailboxes returns a world with the mailboxes support and sales, where tasks of sales have a different responsible
// user.
func twoMailboxes(t *testing.T) *world {
	w := newWorld(t, sandbox.PortalOptions{})
	w.boxes = []string{"support", "sales"}
	w.check(w.imap.CreateFolder("sales", ""))
	w.policy.Fields["sales"] = desk.Fields{Responsible: 9, Tags: []string{"sales"}}
	return w
}

// A copy in another mailbox is only another place of the same message. It does not change the responsible user, and
// deleting it does not change the task.
func TestCopyInAnotherMailbox(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(w *world) error{
		"stays":            func(*world) error { return nil },
		"copy deleted":     func(w *world) error { return w.imap.Remove("sales", 1) },
		"original deleted": func(w *world) error { return w.imap.Remove("INBOX", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			w := twoMailboxes(t)
			w.portal.Inject(func(*sandbox.Call) sandbox.Fault { return sandbox.Fault{Kind: sandbox.QueryLimit} })
			raw := withFile("1@a.example", "ivan@a.example", "Printer", "It does not print.", "log.txt", "hello")
			w.bringTo("INBOX", raw)
			w.bringTo("sales", raw)
			w.poll()
			w.check(happens(w))
			w.portal.Inject(nil)
			w.clock.Advance(5 * time.Minute)
			w.quiet()
			tasks := w.portal.Tasks()
			if len(tasks) != 1 || tasks[0].Responsible != specialist || len(tasks[0].Files) != 1 {
				t.Errorf("%+v", tasks)
			}
		})
	}
}

// Changed settings of a retried task remain if the portal's answer is lost.
func TestMendedSettingsOutliveALostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.policy.Fields = map[string]desk.Fields{"support": {Responsible: 1}}
	w.refuseTasksOf(1)
	w.arrive(letter("1@a.example", "ivan@a.example", "Printer", "It does not print."))
	w.persist()
	w.policy.Fields = map[string]desk.Fields{"support": {Responsible: specialist}}
	_, s := w.open(store.Options{})
	_, err := s.Outbox.Retry()
	w.check(err)
	w.check(s.Close())
	lost, held := false, 0
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "tasks.task.add" && !lost {
			lost = true
			return sandbox.Fault{Kind: sandbox.BadGateway}
		}
		return sandbox.Fault{}
	})
	for range 10 {
		w.clock.Advance(3 * time.Minute)
		r, _ := w.poll()
		held += r.Held
	}
	if n := len(w.portal.Tasks()); n != 1 || held > 0 {
		t.Errorf("%d tasks, held %d times again", n, held)
	}
}

// Uploaded files are recorded even if the portal refuses all later requests.
func TestUploadedFilesAreNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.opened()
	first, limited := 0, 0
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		switch {
		case c.Method != "disk.folder.uploadfile":
		case strings.Contains(shown(c), "a.txt"):
			first++
		case limited < 4:
			limited++
			return sandbox.Fault{Kind: sandbox.OperationLimit, ResetAt: w.clock.Now().Add(time.Minute)}
		}
		return sandbox.Fault{}
	})
	w.arrive(withFile("a@a.example", "a@a.example", "A", "see", "a.txt", "a"))
	w.arrive(withFile("b@b.example", "b@b.example", "B", "see", "b.txt", "b"))
	for range 12 {
		w.clock.Advance(6 * time.Minute)
		w.poll()
	}
	if n := len(w.portal.Tasks()); first != 1 || n != 3 {
		t.Errorf("uploaded %d times, %d tasks", first, n)
	}
}
