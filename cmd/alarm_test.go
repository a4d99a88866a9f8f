package cmd

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helpdesk/cmd/status"
	"helpdesk/pkg/alarm"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/version"
)

// guarded is a drive whose administrator is user 9 of the portal and admin@firm.example.
type guarded struct {
	*drive
	chats, mails int              // alarms returned before
	each         func(w *guarded) // called each minute; nil = not used

	wrong atomic.Bool // the directory of names answers with errors
}

const watching = `monitor: {tell: [9], mail: [admin@firm.example], failed_passes: 3}
letters: {timezone: UTC}
`

// alarms returns the alerts since the last call, in the chat and by e-mail.
func (w *guarded) alarms() (chat, letters []string) {
	w.t.Helper()
	said := w.portal.Private(9)
	chat, w.chats = said[w.chats:], len(said)
	all := w.mailed()
	for _, l := range all[w.mails:] {
		if slices.Equal(l.To, []string{"admin@firm.example"}) {
			if got := l.Message.Header.Get("Auto-Submitted"); got != "auto-generated" {
				w.t.Errorf("an alarm with Auto-Submitted %q", got)
			}
			letters = append(letters, strings.ReplaceAll(l.Message.Subject+"\n"+strings.TrimSpace(l.Message.Plain),
				"\r\n", "\n"))
		}
	}
	w.mails = len(all)
	return chat, letters
}

// minutes runs passes as cron does, for n minutes.
func (w *guarded) minutes(n int, kinds ...string) {
	w.t.Helper()
	for range n {
		if w.each != nil {
			w.each(w)
		}
		for _, kind := range kinds {
			w.run(kind)
		}
		w.clock.Advance(time.Minute)
	}
}

// Each trouble is alerted once on each way, and so is its end. No alert goes through something that is broken.
func TestAlarms(t *testing.T) {
	t.Parallel()
	for _, c := range troubles {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			testAlarm(t, c)
		})
	}
}

// prepare writes the settings and templates that a trouble needs.
func (w *guarded) prepare(c trouble) {
	w.t.Helper()
	if c.setup != nil {
		c.setup(w)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "texts")); err == nil {
		w.set("state: ", "templates: texts\nstate: ")
	}
	w.minutes(2, "poll", "notify")
}

func testAlarm(t *testing.T, c trouble) {
	w := &guarded{drive: newDrive(t, sandbox.PortalOptions{NewCard: true}, watching)}
	w.prepare(c)
	passes := c.passes
	if passes == nil {
		passes = []string{"poll", "notify"}
	}
	if chat, letters := w.alarms(); len(chat)+len(letters) > 0 {
		t.Fatalf("told when all was well: %q %q", chat, letters)
	}
	c.breaks(w)
	if c.after > 0 {
		w.minutes(c.after, passes...)
		w.told("before it has lasted", nothing)
	}
	w.minutes(1, passes...)
	if !w.knows(c.kind) && c.kind != alarm.Notice { // a notice is over as soon as it is sent
		t.Errorf("there is no trouble of the kind %s", c.kind)
	}
	w.told("at its beginning", c.begins, c.shut...)
	w.minutes(3, passes...)
	w.clock.Advance(2 * time.Hour)
	w.minutes(1, passes...)
	w.told("while it goes on", nothing)

	w.each = nil
	c.mends(w)
	w.clock.Advance(15 * time.Minute) // the pause after the failure has to pass
	w.minutes(3, "poll", "notify")
	w.told("at its end", c.ends)
	if w.knows(c.kind) {
		t.Errorf("there still is a trouble of the kind %s", c.kind)
	}
	w.minutes(3, "poll", "notify")
	w.told("after its end", nothing)
}

// nothing is what nobody is told.
const nothing = ""

// told reports an error unless each way told once since it was asked last, but those that are shut.
func (w *guarded) told(when, want string, shut ...string) {
	w.t.Helper()
	chat, letters := w.alarms()
	for way, got := range map[string][]string{"chat": chat, "e-mail": letters} {
		switch {
		case want == nothing || slices.Contains(shut, way):
			if len(got) > 0 {
				w.t.Errorf("%s: told by %s: %q", when, way, got)
			}
		case len(got) != 1 || !strings.Contains(got[0], want) ||
			!strings.HasSuffix(got[0], "\nhelpdesk "+version.Get().Version+", "+machine()):
			w.t.Errorf("%s: by %s %q, want one with %q", when, way, got, want)
		}
	}
}

// knows reports whether a trouble of a kind goes on.
func (w *guarded) knows(kind alarm.Kind) bool {
	w.t.Helper()
	snap, err := status.Read(filepath.Join(w.dir, "helpdesk.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	return snap.Troubles.Has(kind, "")
}

// Each kind of trouble has a row among those that are made.
func TestEachKindOfTroubleIsMade(t *testing.T) {
	for _, kind := range alarm.Kinds {
		if !slices.ContainsFunc(troubles, func(c trouble) bool { return c.kind == kind }) {
			t.Errorf("no trouble of the kind %s is made: give it a row in troubles", kind)
		}
	}
	for _, c := range troubles {
		if !slices.Contains(alarm.Kinds, c.kind) {
			t.Errorf("%s: there is no kind %q", c.name, c.kind)
		}
	}
}

func machine() string {
	name, _ := os.Hostname()
	return name
}

// A trouble prints a line at its beginning, every hour, and at its end. Held entries have a line of their own form.
func TestTroublesArePrintedOnceThenHourly(t *testing.T) {
	t.Parallel()
	for _, c := range troubles {
		if c.unprinted {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := &guarded{drive: newDrive(t, sandbox.PortalOptions{NewCard: true}, watching)}
			testPrinted(t, w, c)
		})
	}
}

func testPrinted(t *testing.T, w *guarded, c trouble) {
	w.prepare(c)
	c.breaks(w)
	var lines []string
	listen := func(minutes int) {
		for range minutes {
			if w.each != nil {
				w.each(w)
			}
			for _, kind := range []string{"poll", "notify"} {
				_, out, errs := w.run(kind)
				if out != "" {
					t.Errorf("%s printed %q", kind, out)
				}
				if errs != "" {
					lines = append(lines, w.clock.Now().Format("15:04 ")+strings.TrimSuffix(errs, "\n"))
				}
			}
			w.clock.Advance(time.Minute)
		}
	}
	listen(4)
	w.clock.Advance(50 * time.Minute)
	listen(1)
	w.clock.Advance(10 * time.Minute)
	listen(3)
	w.each = nil
	c.mends(w)
	w.clock.Advance(15 * time.Minute)
	listen(3)
	whole := strings.Join(lines, "\n")
	if n := len(lines); n != 3 || strings.Count(whole, "\n") != 2 {
		t.Fatalf("printed\n%s", whole)
	}
	if !strings.Contains(lines[0], "helpdesk: ") || !strings.Contains(lines[1], ": since ") ||
		!strings.Contains(lines[2], ": over; it lasted from ") {
		t.Errorf("printed\n%s", whole)
	}
}

// Without settings the person responsible for new tasks is alerted, and no e-mail is sent.
func TestWhoIsToldWithoutSettings(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{NewCard: true}, "")
	d.imap.Inject(refuseLogin)
	for range 3 {
		d.run("poll")
		d.clock.Advance(time.Minute)
	}
	if got := d.portal.Private(7); len(got) != 1 || !strings.Contains(got[0], "не принимается") ||
		len(d.mailed()) != 0 {
		t.Errorf("told %q, and %d letters", got, len(d.mailed()))
	}
}

// A person who can't be reached keeps nobody else from an alert, and is not tried every minute.
func TestWhoCanNotBeTold(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{NewCard: true}, "monitor: {tell: [4444, 9]}\n")
	d.imap.Inject(refuseLogin)
	for range 10 {
		d.run("poll")
		d.clock.Advance(time.Minute)
	}
	asked := 0
	for _, c := range d.portal.Calls() {
		if c.Method == "im.message.add" {
			asked++
		}
	}
	if got := d.portal.Private(9); len(got) != 1 || asked != 2 {
		t.Errorf("told %q with %d calls", got, asked)
	}
}
