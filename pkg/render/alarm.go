package render

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"text/template"
	"time"

	"helpdesk/pkg/alarm"
)

// Alarm contains the variables of an alarm's texts.
type Alarm struct {
	Kind    string // selects the templates: mailbox, portal, held …
	Name    string // a mailbox's name, a host, the kind of pass
	About   string // a mailbox's address
	Several bool   // there are several mailboxes
	Keys    string // the section of the settings concerned: imap, smtp, bitrix24
	Cause   string // as package fault names it
	Note    string // the error, in English
	Since   string
	Ended   string // "" = not over yet
	Until   string // the day on which something expires
	Count   int    // of Items and More together
	Items   []AlarmItem
	More    int    // number of items left out of Items
	Version string // version of the program
	Machine string // the machine it runs on
}

// AlarmItem is one of several troubles of a kind.
type AlarmItem struct {
	Name, About, Note string
	Task              int64 // the portal's number; 0 = none
}

// Alarms are the texts for administrators in one language. They use no other templates.
type Alarms struct{ t *template.Template }

// NewAlarms parses the texts and executes each with samples. Waiting has no texts, because it alerts nobody.
func NewAlarms(files fs.FS, locale string) (*Alarms, error) {
	p := &parser{files: files, locale: locale}
	name, src := p.read("alarms.tmpl")
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	t, err := template.New(name).Option("missingkey=error").Funcs(functions).Funcs(
		template.FuncMap{"plural": plural(locale)}).Parse(src)
	if err != nil {
		return nil, err
	}
	a := &Alarms{t}
	for _, kind := range alarm.Kinds {
		if kind == alarm.Waiting {
			continue
		}
		for _, v := range samples(Alarm{Name: "x", About: "x", Several: true, Keys: "imap", Cause: "login", Note: "x",
			Since: "x", Ended: "x",
			Until: "x", Count: 2, Items: []AlarmItem{{Name: "1", Task: 1}}, More: 1, Version: "1", Machine: "x"}) {
			v.Kind = string(kind)
			_, _, err := a.Begin(v)
			_, oerr := a.Over(v)
			if err = errors.Join(err, oerr); err != nil {
				p.fail(err)
			}
		}
	}
	return a, errors.Join(p.errs...)
}

// Begin returns an alarm's headline, which is the subject of the letter, and its whole text.
func (a *Alarms) Begin(v Alarm) (headline, text string, err error) {
	headline, err = a.say(v.Kind, v)
	more, merr := a.say(v.Kind+".more", v)
	foot, ferr := a.say("footer", v)
	return headline, headline + more + "\n\n" + foot, errors.Join(err, merr, ferr)
}

// Over returns the text for the end of an alarm; "" = none is sent.
func (a *Alarms) Over(v Alarm) (string, error) {
	text, err := a.say(v.Kind+".over", v)
	if text == "" || err != nil {
		return "", err
	}
	foot, err := a.say("footer", v)
	return text + "\n\n" + foot, err
}

func (a *Alarms) say(name string, v Alarm) (string, error) {
	if a.t.Lookup(name) == nil {
		return "", fmt.Errorf("%s: %q is not defined", a.t.Name(), name)
	}
	var b strings.Builder
	err := a.t.ExecuteTemplate(&b, name, v)
	return strings.TrimSpace(b.String()), err
}

// Clock returns a time of day, with the date if it is not today.
func (a *Alarms) Clock(t, now time.Time) string {
	form := "clock"
	if t.Format(time.DateOnly) != now.Format(time.DateOnly) {
		form = "clock.day"
	}
	return t.Format(phrase(a.t, form, nil))
}

// Day returns a date.
func (a *Alarms) Day(t time.Time) string { return t.Format(phrase(a.t, "day", nil)) }

// plural returns a function that picks the form of a noun for a number; %d in the form becomes the number.
func plural(locale string) func(n int, one, few, many string) string {
	return func(n int, one, few, many string) string {
		form := many
		switch {
		case locale != "ru" && n == 1, locale == "ru" && n%10 == 1 && n%100 != 11:
			form = one
		case locale == "ru" && n%10 >= 2 && n%10 <= 4 && (n%100 < 12 || n%100 > 14):
			form = few
		}
		if strings.Contains(form, "%d") {
			return fmt.Sprintf(form, n)
		}
		return form
	}
}
