package cmd

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

var updateWeek = flag.Bool("update-week", false, "write what the people of a working week saw")

// TestWeek plays a working week and compares word for word what people saw: customers their letters, specialists their
// tasks, the administrator the mail of cron.
func TestWeek(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{NewCard: true}, `letters: {timezone: UTC, closed: {enabled: true}}
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

	w.day("Friday: tasks are closed, and thanks come")
	d.portal.CloseTask(3701, 7)
	d.portal.CloseTask(3702, 7)
	d.portal.CloseTask(3703, 7)
	w.hour()
	d.letter("6@romashka.example", ivan, "Re: Printer", "Спасибо!", "In-Reply-To: <2@romashka.example>",
		"References: <1@romashka.example> <2@romashka.example>")
	w.hour()

	letters, err := d.describeLetters()
	if err != nil {
		t.Fatal(err)
	}
	w.compare("customer", letters)
	w.compare("specialist", d.tasks())
	w.compare("administrator", w.printed.String())
}

// week is a drive in this week, with the mail of cron.
type week struct {
	*drive
	start   time.Time
	days    int
	printed strings.Builder
}

// day begins the next day at nine in the morning.
func (w *week) day(name string) {
	w.clock.Advance(w.start.Add(time.Duration(w.days) * 24 * time.Hour).Sub(w.clock.Now()))
	w.days++
	fmt.Fprintf(&w.printed, "== %s\n", name)
}

// hour lets an hour pass, in which cron runs both passes every quarter of an hour.
func (w *week) hour() {
	for range 4 {
		for _, pass := range []string{"poll", "notify"} {
			status, out, errs := w.run(pass)
			if out+errs != "" {
				fmt.Fprintf(&w.printed, "%s %s, status %d: %s", w.clock.Now().Format("15:04"), pass, status, out+errs)
			}
		}
		w.clock.Advance(15 * time.Minute)
	}
}

// changing matches the text that differs between installations.
var changing = regexp.MustCompile(`(hd-)[0-9a-f]{16}|(\[#\d+-)\d{4}|(127\.0\.0\.1:)\d+`)

func (w *week) compare(who, saw string) {
	w.t.Helper()
	saw = changing.ReplaceAllString(saw, "${1}${2}${3}…")
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
