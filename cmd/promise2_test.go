package cmd

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

var deathsEvery = flag.Int("deaths.every", 8,
	"TestPromise2NothingDoubled kills at every Nth kind of step on each card; 2 = at all kinds")

// mortal is a helpdesk whose process is killed when its servers have seen a given number of steps.
type mortal struct {
	*rig
	t *testing.T

	mu     sync.Mutex
	ahead  time.Duration
	steps  []string // seen so far
	kill   int      // number of the step to die at; 0 = never
	where  string
	living *exec.Cmd
	dead   bool
}

// TestPromise2NothingDoubled kills a process at the steps that its servers can see: a command to the mailbox, a call to
// the portal before and after it is carried out, a stage of a letter before and after the relay accepts it. Then passes
// go on as cron starts them, and in the end everything must be as if nothing had happened. Each card tests other kinds
// of steps: one card at their first occurrence, the other at their last. With -deaths.every 2 these are all kinds.
// pkg/pass tests every step.
func TestPromise2NothingDoubled(t *testing.T) {
	t.Parallel()
	for i, card := range cards {
		t.Run(card.name, func(t *testing.T) {
			t.Parallel()
			at := map[string]int{}
			for n, name := range day(t, card.o, 0) {
				if _, known := at[name]; i == 1 || !known {
					at[name] = n + 1
				}
			}
			if testing.Short() {
				t.Skipf("only the undisturbed day, of %d kinds of steps", len(at))
			}
			for k, n := range slices.Sorted(maps.Values(at)) {
				if k%*deathsEvery != i**deathsEvery/2 { // the other card tests other kinds
					continue
				}
				if day(t, card.o, n); t.Failed() {
					return
				}
			}
		})
	}
}

// day runs the passes of a day and returns the names of the steps.
func day(t *testing.T, o sandbox.PortalOptions, kill int) []string {
	t.Helper()
	m := &mortal{t: t, kill: kill}
	dir, err := os.MkdirTemp(t.TempDir(), "day")
	if err != nil {
		t.Fatal(err)
	}
	o.Now = func() time.Time { m.mu.Lock(); defer m.mu.Unlock(); return time.Now().Add(m.ahead) }
	if m.rig, err = newRig(dir, o, ""); err != nil {
		t.Fatal(err)
	}
	defer m.close()
	m.watch()
	begin := time.Now()
	m.mail(begin, "1@romashka.example", "ivan@romashka.example", "Printer", withFile, mixed)
	m.mail(begin, "2@stroymir.example", "anna@stroymir.example", "Password", "I forgot it.")
	m.run("poll")
	m.mail(begin, "3@romashka.example", "ivan@romashka.example", "Re: Printer", "It blinks.",
		"In-Reply-To: <1@romashka.example>")
	m.run("poll")
	if tasks := m.portal.Tasks(); len(tasks) > 0 {
		m.portal.Say(tasks[0].ID, 7, "Please restart it.")
		m.portal.Say(tasks[0].ID, 7, "// internal")
	} else {
		m.quiet()
		m.portal.Say(m.portal.Tasks()[0].ID, 7, "Please restart it.")
	}
	m.run("notify")
	m.quiet()
	m.verify()
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.steps)
}

// step counts a step, and reports whether the process was killed by this step or an earlier one.
func (m *mortal) step(name string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return true
	}
	m.steps = append(m.steps, name)
	if len(m.steps) == m.kill && m.living != nil {
		m.where, m.dead = name, true
		_ = m.living.Process.Kill()
	}
	return m.dead
}

func (m *mortal) watch() {
	m.imap.Inject(func(command, _ string) error {
		if m.step("mailbox, before " + command) {
			return mail.ErrDrop
		}
		return nil
	})
	m.smtp.Inject(func(stage, _ string) error {
		if m.step("relay, at " + stage) {
			return mail.ErrDrop
		}
		return nil
	})
	m.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
		switch {
		case m.step("portal, before " + c.Method):
			return sandbox.Fault{Kind: sandbox.Drop}
		case m.step("portal, after " + c.Method):
			return sandbox.Fault{Kind: sandbox.Drop, After: true}
		}
		return sandbox.Fault{}
	})
}

func (m *mortal) mail(at time.Time, id, from, subject, body string, header ...string) {
	d := &drive{rig: m.rig, t: m.t, clock: sandbox.NewClock(at)}
	d.letter(id, from, subject, body, header...)
}

// run runs one pass as a process, and returns its status, -1 if it was killed.
func (m *mortal) run(args ...string) int {
	m.t.Helper()
	c := exec.Command("helpdesk-later", append([]string{"--config", filepath.Join(m.dir, "helpdesk.yaml")}, args...)...)
	c.Env = append(os.Environ(), "AHEAD="+m.ahead.String())
	for name, value := range m.environment() {
		c.Env = append(c.Env, name+"="+value)
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	m.mu.Lock()
	m.dead, m.living = false, c
	err := c.Start()
	m.mu.Unlock()
	if err != nil {
		m.t.Fatal(err)
	}
	_ = c.Wait()
	if found := leaks(out.String()); len(found) > 0 {
		m.t.Errorf("helpdesk %v prints secrets %v", args, found)
	}
	return c.ProcessState.ExitCode()
}

func (m *mortal) quiet() {
	m.t.Helper()
	for range 10 {
		m.mu.Lock()
		m.ahead += 3 * time.Minute
		m.mu.Unlock()
		poll, notify := m.run("poll"), m.run("notify")
		if poll == exit.Done && notify == exit.Done && len(m.unseen()) == 0 {
			return
		}
	}
	m.t.Errorf("killed %s: it never gets quiet\n%s", m.where, m.tasks())
}

func (m *mortal) verify() {
	m.t.Helper()
	fail := func(format string, args ...any) {
		m.t.Helper()
		m.t.Errorf("killed %s: %s\n%s", m.where, fmt.Sprintf(format, args...), m.tasks())
	}
	d := &drive{rig: m.rig, t: m.t}
	for title, text := range map[string]string{"Printer": "It blinks.", "Password": "no such text"} {
		if tasks, _ := d.count(title, text); tasks != 1 {
			fail("%d tasks of the title %s", tasks, title)
		}
	}
	if _, comments := d.count("", "It blinks."); comments != 1 || len(m.portal.Tasks()) != 2 {
		fail("%d comments, %d tasks", comments, len(m.portal.Tasks()))
	}
	if files := m.portal.Tasks()[0].Files; len(files) != 1 {
		fail("files of the task: %v", files)
	}
	replies, answers := map[string]int{}, map[string]bool{}
	for _, l := range d.mailed() {
		if l.automatic() {
			replies[l.Message.InReplyTo[0]]++
			continue
		}
		answers[l.Message.ID] = true
		if !strings.Contains(l.Message.Plain, "Please restart it.") || strings.Contains(l.Message.Plain, "internal") {
			fail("a letter says %s", l.Message.Plain)
		}
	}
	for id, n := range replies {
		if n > 1 || id == "3@romashka.example" {
			fail("%d auto-replies to %s", n, id)
		}
	}
	if m.kill == 0 && len(replies) != 2 {
		fail("auto-replies without a disturbance: %v", replies)
	}
	if len(answers) != 1 {
		fail("the comment went out under the Message-IDs %v", answers)
	}
}
