package pass_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/pass"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// brief is a short day: a request with a file, a repeat contact, a specialist's answer.
func brief(w *world) {
	w.arrive(withFile("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print.", "log.txt",
		"offline"))
	w.poll()
	w.nothingLost()
	w.rest()
}

// rest is the part of the day after the first letter.
func (w *world) rest() {
	w.clock.Advance(time.Minute)
	w.arrive(letter("2@romashka.example", "ivan@romashka.example", "Re: Printer", "It blinks, too.",
		"In-Reply-To: <1@romashka.example>"))
	w.poll()
	w.nothingLost()
	w.clock.Advance(time.Minute)
	w.quiet()
	if tasks := w.portal.Tasks(); len(tasks) > 0 {
		w.portal.Say(tasks[0].ID, specialist, "Please restart it.", sandbox.File{
			Name:    "how.txt",
			Content: []byte("off, on"),
		})
	}
	w.clock.Advance(time.Minute)
	w.notify()
	w.quiet()
}

// once returns the first fault that f decides on, and no fault afterwards.
func once(f func(c *sandbox.Call) sandbox.Fault) func(*sandbox.Call) sandbox.Fault {
	var (
		mu   sync.Mutex
		done bool
	)
	return func(c *sandbox.Call) sandbox.Fault {
		mu.Lock()
		defer mu.Unlock()
		if done {
			return sandbox.Fault{}
		}
		fault := f(c)
		done = fault.Kind != sandbox.NoFault
		return fault
	}
}

func TestFaultsOfThePortalChangeNothingInTheEnd(t *testing.T) {
	t.Parallel()
	faults := map[string]sandbox.Fault{
		"500 after executing":      {Kind: sandbox.ServerError, After: true},
		"500 before executing":     {Kind: sandbox.ServerError},
		"dropped before executing": {Kind: sandbox.Drop},
		"dropped after executing":  {Kind: sandbox.Drop, After: true},
		"502 with a page":          {Kind: sandbox.BadGateway},
		"502 after executing":      {Kind: sandbox.BadGateway, After: true},
		"query limit":              {Kind: sandbox.QueryLimit},
		"operation limit":          {Kind: sandbox.OperationLimit, ResetAt: morning.Add(10 * time.Minute)},
		"200 with an error": {
			Kind:   sandbox.ErrorAnswer,
			Status: 200,
			Code:   "INTERNAL_SERVER_ERROR",
			Text:   "try later",
		},
		"redirect, the portal back": {Kind: sandbox.Redirect},
	}
	both := []string{"tasks.task.add", "tasks.task.list", "disk.folder.uploadfile", "im.dialog.messages.search",
		"disk.file.get"}
	for _, tt := range []struct {
		o       sandbox.PortalOptions
		methods []string
	}{
		{sandbox.PortalOptions{NewCard: true}, append(both, "im.message.add")},
		{sandbox.PortalOptions{NewCard: true, NoV3: true}, []string{"tasks.task.add", "im.message.add"}},
		{sandbox.PortalOptions{}, []string{"task.commentitem.add"}},
	} {
		o, methods := tt.o, tt.methods
		calm := newWorld(t, o)
		brief(calm)
		want, auto := calm.shape()
		for name, fault := range faults {
			for _, method := range methods {
				t.Run(name+" "+method, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t, o)
					hit := false
					w.portal.Inject(once(func(c *sandbox.Call) sandbox.Fault {
						if c.Method != method {
							return sandbox.Fault{}
						}
						hit = true
						return fault
					}))
					brief(w)
					if !hit {
						t.Fatalf("%s is never called", method)
					}
					got, gotAuto := w.shape()
					if got != want {
						t.Errorf("the world is another one: %s", cmp.Diff(want, got))
					}
					if diff := cmp.Diff(auto, gotAuto); diff != "" {
						t.Errorf("auto-replies: %s", diff)
					}
				})
			}
		}
	}
}

func TestFaultsOfTheRelayChangeNothingInTheEnd(t *testing.T) {
	t.Parallel()
	calm := newWorld(t, sandbox.PortalOptions{})
	brief(calm)
	want, auto := calm.shape()
	for _, stage := range []string{"connect", "mail", "rcpt", "data"} {
		t.Run("450 at "+stage, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			w.refuse(stage, &smtp.SMTPError{
				Code:         450,
				EnhancedCode: smtp.EnhancedCode{4, 2, 0},
				Message:      "greylisted, come back later",
			})
			brief(w)
			got, gotAuto := w.shape()
			if got != want || !cmp.Equal(auto, gotAuto) {
				t.Errorf("the world is another one: %s%s", cmp.Diff(want, got), cmp.Diff(auto, gotAuto))
			}
		})
	}
	t.Run("connection lost before the letter is kept", func(t *testing.T) {
		w := newWorld(t, sandbox.PortalOptions{})
		w.refuse("data", mail.ErrDrop)
		brief(w)
		got, gotAuto := w.shape()
		if got != want || !replied(auto, gotAuto, true) { // the pass cannot know that the letter was lost
			t.Errorf("the world is another one: %s%s", cmp.Diff(want, got), cmp.Diff(auto, gotAuto))
		}
	})
	t.Run("connection lost before the reply", func(t *testing.T) {
		w := newWorld(t, sandbox.PortalOptions{})
		w.refuse("reply", mail.ErrDrop)
		brief(w)
		got, gotAuto := w.shape()
		if got != want || !cmp.Equal(auto, gotAuto) {
			t.Errorf("the world is another one: %s%s", cmp.Diff(want, got), cmp.Diff(auto, gotAuto))
		}
	})
}

// refuse makes the relay fail once at a stage.
func (w *world) refuse(stage string, err error) {
	done := false
	w.smtp.Inject(func(s, _ string) error {
		if done || s != stage {
			return nil
		}
		done = true
		return err
	})
}

func TestARefusedAddressIsToldOnTheTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.unwelcome("ivan@", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"})
	w.arrive(letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print."))
	w.poll()
	w.quiet()
	text, _ := w.shape()
	if !strings.Contains(text, "ivan@romashka.example") || !strings.Contains(text, "no such user") ||
		len(w.smtp.Letters()) != 0 {
		t.Errorf("the task does not tell of it: %s", text)
	}
}

func TestFaultsOfTheMailboxChangeNothingInTheEnd(t *testing.T) {
	t.Parallel()
	calm := newWorld(t, sandbox.PortalOptions{})
	brief(calm)
	want, auto := calm.shape()
	no := &imap.Error{Type: imap.StatusResponseTypeNo, Text: "try later"}
	for _, command := range []string{"LOGIN", "SELECT", "SEARCH", "FETCH", "STORE"} {
		for name, err := range map[string]error{"dropped": mail.ErrDrop, "refused": no} {
			t.Run(command+" "+name, func(t *testing.T) {
				w := newWorld(t, sandbox.PortalOptions{})
				n := 0
				w.imap.Inject(func(c, _ string) error {
					if c != command || n > 2 {
						return nil
					}
					n++
					return err
				})
				brief(w)
				if n == 0 {
					t.Fatalf("%s is never sent", command)
				}
				got, gotAuto := w.shape()
				if got != want || !cmp.Equal(auto, gotAuto) {
					t.Errorf("the world is another one: %s%s", cmp.Diff(want, got), cmp.Diff(auto, gotAuto))
				}
			})
		}
	}
}

func TestANewUIDValidityDoublesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.arrive(letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print."))
	w.poll()
	w.quiet()
	if err := w.imap.SetFlags("INBOX", []uint32{1}); err != nil { // unread again, as after a restore
		t.Fatal(err)
	}
	if err := w.imap.Recreate("INBOX"); err != nil {
		t.Fatal(err)
	}
	w.poll()
	w.quiet()
	if n := len(w.portal.Tasks()); n != 1 || len(w.smtp.Letters()) != 1 || !w.imap.Messages("INBOX")[0].Seen {
		t.Errorf("%d tasks, %d letters", n, len(w.smtp.Letters()))
	}
}

func TestAMessageThatVanishesIsNobodys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	uid := w.arrive(letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print."))
	w.imap.Inject(func(c, _ string) error {
		if strings.Contains(c, "FETCH") {
			_ = w.imap.Remove("INBOX", uid)
		}
		return nil
	})
	if _, at := w.poll(); at != "" {
		t.Fatal(at)
	}
	w.imap.Inject(nil)
	w.quiet()
	if n := len(w.portal.Tasks()); n != 0 {
		t.Errorf("%d tasks of it", n)
	}
}

func TestAMissingFolderToMoveToIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.moveTo = "Done"
	w.arrive(letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print."))
	r, _ := w.poll()
	if left, err := r.Left(); left == 0 || err == nil || !strings.Contains(err.Error(), "Done") {
		t.Errorf("left %v, %v", left, err)
	}
	if err := w.imap.CreateFolder("Done", ""); err != nil {
		t.Fatal(err)
	}
	w.quiet()
	if n, m := len(w.portal.Tasks()), len(w.imap.Messages("Done")); n != 1 || m != 1 ||
		len(w.imap.Messages("INBOX")) != 0 {
		t.Errorf("%d tasks, %d messages moved", n, m)
	}
}

func TestATaskDeletedMeanwhileGetsAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.arrive(letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print."))
	w.poll()
	w.quiet()
	first := w.portal.Tasks()[0].ID
	w.arrive(letter("2@romashka.example", "ivan@romashka.example", "Re: Printer", "Still.",
		"In-Reply-To: <1@romashka.example>"))
	// The task is deleted after it was looked at and before it is commented.
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "task.commentitem.add" || c.Method == "im.message.add" {
			w.portal.Inject(nil)
			go w.portal.DeleteTask(first)
			for w.has(first) {
				time.Sleep(time.Millisecond)
			}
		}
		return sandbox.Fault{}
	})
	w.poll()
	w.quiet()
	tasks := w.portal.Tasks()
	if len(tasks) != 1 || tasks[0].ID == first || !strings.Contains(tasks[0].Description, "Still.") {
		t.Errorf("tasks now: %+v", tasks)
	}
}

func (w *world) has(task int64) bool { _, ok := w.portal.Task(task); return ok }

func TestFilesThePortalDoesNotGiveHoldTheLetterBackNotThePass(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.arrive(letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print."))
	w.poll()
	w.quiet()
	w.portal.Say(w.portal.Tasks()[0].ID, specialist, "Please restart it.", sandbox.File{
		Name:    "how.txt",
		Content: []byte("off, on"),
	})
	w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		if c.Method == "disk.file.get" {
			return sandbox.Fault{Kind: sandbox.BadGateway}
		}
		return sandbox.Fault{}
	})
	w.clock.Advance(time.Minute)
	r, _ := w.notify()
	if left, err := r.Left(); left != pass.Temporary || err == nil || r.Waiting != 1 {
		t.Errorf("left %v, %v: %+v", left, err, r)
	}
	w.portal.Inject(nil)
	w.quiet()
	if human, _ := w.letters(); len(human) != 1 || !strings.Contains(human[0], "how.txt") {
		t.Errorf("letters: %v", human)
	}
}

// The portal executes a call after the caller has given up, so its effect becomes visible only later.
func TestAnAttemptThatComesTrueLateIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]sandbox.PortalOptions{
		"old card": {},
		"new card": {NewCard: true, V3Related: sandbox.V3RelatedKept},
	} {
		for _, effect := range []string{"task", "comment"} {
			t.Run(name+", "+effect, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, o)
				w.arrive(letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print."))
				methods := []string{"tasks.task.add"}
				if effect == "comment" {
					w.quiet()
					methods = []string{"task.commentitem.add", "im.message.add"}
					w.arrive(letter("2@romashka.example", "ivan@romashka.example", "Re: Printer", "Still.",
						"In-Reply-To: <1@romashka.example>"))
				}
				made := w.made()
				var stalled atomic.Bool
				late := make(chan struct{})
				w.portal.Inject(once(func(c *sandbox.Call) sandbox.Fault {
					// The old card refuses REST v3. The calls after that use v2.
					if !slices.Contains(methods, c.Method) || c.V3 && !o.NewCard {
						return sandbox.Fault{}
					}
					stalled.Store(true)
					return sandbox.Fault{Kind: sandbox.Stall, Until: late}
				}))
				w.timeout = 5 * time.Second // the calls before the stalled one must end within it
				w.poll()
				w.timeout = time.Minute
				if !stalled.Load() {
					t.Fatal("no call was stalled")
				}
				w.clock.Advance(time.Minute)
				w.poll()
				if n := w.made() - made; n != 0 {
					t.Fatalf("%d made again before it could have come true", n)
				}
				close(late)
				for range 1000 {
					if w.made() > made {
						break
					}
					time.Sleep(10 * time.Millisecond)
				}
				if w.made() == made {
					t.Fatal("it did not come true")
				}
				w.quiet()
				if n := w.made() - made; n != 1 {
					t.Errorf("made %d times", n)
				}
			})
		}
	}
}

// made returns the number of our tasks and comments.
func (w *world) made() (n int) {
	for _, t := range w.portal.Tasks() {
		n++
		for _, c := range t.Comments {
			if !c.System && c.Author != specialist {
				n++
			}
		}
	}
	return n
}

func TestAClosedPortalIsToldAndMadeGood(t *testing.T) {
	t.Parallel()
	calm := newWorld(t, sandbox.PortalOptions{})
	brief(calm)
	want, auto := calm.shape()
	for name, tt := range map[string]struct {
		shut, open func(w *world)
		says       string
	}{
		"scope taken away": {func(w *world) {
			w.portal.SetScopes("im", "disk", "crm")
		}, func(w *world) { w.portal.SetScopes("task", "tasks", "im", "disk", "crm", "user_basic") }, "task"},
		"webhook replaced": {func(w *world) { w.portal.SetCode("another") }, func(w *world) {
			w.webhook = strings.Replace(w.webhook, "/sandbox-code/", "/another/", 1)
		}, "NO_AUTH_FOUND"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, sandbox.PortalOptions{})
			w.arrive(withFile("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print.",
				"log.txt", "offline"))
			tt.shut(w)
			r, _ := w.poll()
			if left, err := r.Left(); left != pass.Setup || err == nil || !strings.Contains(err.Error(), tt.says) ||
				w.imap.Messages("INBOX")[0].Seen {
				t.Fatalf("left %v, %v", left, err)
			}
			tt.open(w)
			w.quiet()
			w.rest()
			got, gotAuto := w.shape()
			if got != want || !cmp.Equal(auto, gotAuto) {
				t.Errorf("the world is another one: %s%s", cmp.Diff(want, got), cmp.Diff(auto, gotAuto))
			}
		})
	}
}
