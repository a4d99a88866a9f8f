package cmd

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/version"
)

var updateWeek = flag.Bool("update-week", false, "write what the people of a working week saw")

// TestWeek plays a working week and compares word for word what people saw: customers their letters, specialists their
// tasks, the administrator the mail of cron.
func TestWeek(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{NewCard: true}, `letters: {timezone: UTC, closed: {enabled: true}}
monitor: {tell: [9], mail: [admin@firm.example], failed_passes: 3}
mail:
  exclude: [{match: "@bank.example", scope: autoreply}]
`)
	w := &week{drive: d, start: d.clock.Now().AddDate(0, 0, 4)} // a Monday
	const ivan = "=?utf-8?b?0J/QldCi0KDQntCSINCY0JLQkNCdINCf0JXQotCg0J7QktCY0Kc=?= <ivan@romashka.example>"
	w.day("Monday: a request is answered")
	d.letter("1@romashka.example", ivan, "Printer", "The printer in the accounts office does not print.")
	w.hour()
	d.portal.Say(3701, 7, "Добрый день! Перезагрузите принтер.")
	w.hour()

	w.day("Tuesday: slips stay inside")
	d.letter("2@romashka.example", ivan, "Re: Printer", "It still does not print.",
		"In-Reply-To: <1@romashka.example>", "References: <1@romashka.example>")
	w.hour()
	d.portal.Say(3701, 7, "[USER=9]Олег[/USER], он его вообще включал?")
	d.portal.Say(3701, 9, "/ вряд ли")
	w.hour()
	d.portal.Say(3701, 7, "Проверьте, включён ли он.")
	w.hour()

	w.day("Wednesday: machines and banks write")
	d.letter("3@bank.example", "Bank <robot@bank.example>", "Statement", "Your statement.", "Precedence: bulk")
	d.letter("4@shop.example", "Shop <news@shop.example>", "News", "Everything is cheaper.",
		"List-Unsubscribe: <mailto:u@shop.example>")
	d.letter("5@romashka.example", "Petr <petr@romashka.example>", "", "The scanner on the second floor hums.")
	w.hour()

	w.day("Thursday: the relay is away for an hour")
	d.smtp.Inject(func(stage, _ string) error {
		if stage == "connect" {
			return mail.ErrDrop
		}
		return nil
	})
	d.portal.Say(3704, 7, "Заедем завтра.")
	w.hour()
	d.smtp.Inject(nil)
	w.hour()

	w.then("in the afternoon the portal is away, and a letter comes in")
	d.portal.Inject(func(*sandbox.Call) sandbox.Fault { return sandbox.Fault{Kind: sandbox.Drop} })
	d.letter("7@romashka.example", "Olga <olga@romashka.example>", "Monitor", "The monitor flickers.")
	w.hour()
	w.hour()
	d.portal.Inject(nil)
	w.hour()

	w.day("Friday: tasks are closed, and thanks come")
	d.portal.CloseTask(3701, 7)
	d.portal.CloseTask(3702, 7)
	d.portal.CloseTask(3703, 7)
	w.hour()
	d.letter("6@romashka.example", ivan, "Re: Printer", "Спасибо!", "In-Reply-To: <2@romashka.example>",
		"References: <1@romashka.example> <2@romashka.example>")
	w.hour()

	w.then("somebody changes the password of the mailbox")
	d.imap.Inject(refuseLogin)
	d.letter("8@romashka.example", "Petr <petr@romashka.example>", "Keyboard", "The keyboard lacks a key.")
	w.hour()
	w.hour()
	d.imap.Inject(nil)
	w.hour()

	w.compare("customer", described(slices.DeleteFunc(d.mailed(), toAdmin)))
	w.compare("specialist", d.tasks())
	w.compare("administrator", w.admin.String())
}

// toAdmin reports whether a letter is an alert.
func toAdmin(l posted) bool { return slices.Equal(l.To, []string{"admin@firm.example"}) }

// week is a drive in this week, with the mail of cron and the alerts.
type week struct {
	*drive
	start        time.Time
	days         int
	chats, mails int             // alerts described before
	admin        strings.Builder // what the administrator saw
}

// day begins the next day at nine in the morning.
func (w *week) day(name string) {
	w.clock.Advance(w.start.Add(time.Duration(w.days) * 24 * time.Hour).Sub(w.clock.Now()))
	w.days++
	w.then(name)
}

// then begins another part of the day.
func (w *week) then(name string) { fmt.Fprintf(&w.admin, "== %s\n", name) }

// hour lets an hour pass, in which cron runs both passes every quarter of an hour.
func (w *week) hour() {
	for range 4 {
		for _, pass := range []string{"poll", "notify"} {
			status, out, errs := w.run(pass)
			if out+errs != "" {
				fmt.Fprintf(&w.admin, "%s %s, status %d: %s", w.clock.Now().Format("15:04"), pass, status, out+errs)
			}
			w.alerts()
		}
		w.clock.Advance(15 * time.Minute)
	}
}

// alerts describes the alerts since the last call.
func (w *week) alerts() {
	now := w.clock.Now().Format("15:04")
	said := w.portal.Private(9)
	for _, text := range said[w.chats:] {
		fmt.Fprintf(&w.admin, "%s in the chat:\n", now)
		w.quoted(text)
	}
	all := w.mailed()
	for _, l := range all[w.mails:] {
		if toAdmin(l) {
			fmt.Fprintf(&w.admin, "%s by e-mail: %s\n", now, l.Message.Subject)
			w.quoted(l.Message.Plain)
		}
	}
	w.chats, w.mails = len(said), len(all)
}

func (w *week) quoted(text string) {
	for line := range strings.Lines(strings.TrimSpace(text)) {
		fmt.Fprintf(&w.admin, "  | %s\n", strings.TrimSpace(line))
	}
}

// changing matches the text that differs between installations.
var changing = regexp.MustCompile(`(hd-)[0-9a-f]{16}|(\[#\d+-)\d{4}|(127\.0\.0\.1:)\d+`)

func (w *week) compare(who, saw string) {
	w.t.Helper()
	saw = changing.ReplaceAllString(saw, "${1}${2}${3}…")
	saw = strings.ReplaceAll(saw, "helpdesk "+version.Get().Version+", "+machine(), "helpdesk …, …")
	path := filepath.Join("testdata", "week", who+".txt")
	if *updateWeek {
		if err := os.WriteFile(path, []byte(saw), 0o644); err != nil {
			w.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), saw); diff != "" {
		w.t.Errorf("the %s saw: %s", who, diff)
	}
}
