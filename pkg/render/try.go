package render

import (
	"fmt"
	htmltemplate "html/template"
	"reflect"
	"time"

	"helpdesk/pkg/desk"
)

// try executes every template with samples: with all variables, with none, with each one missing and with each one
// alone. This finds unknown names in every branch.
func (s *Set) try() []error {
	p := &parser{}
	for _, v := range samples(Preview(desk.Answer)) {
		v.Locale = s.settings.Locale
		for _, kind := range kinds {
			if _, err := s.render(kind, s.letters[kind], v); err != nil {
				p.fail(err)
			}
			p.tryPhrases(s, kind, v)
		}
	}
	for _, d := range samples(s.post(samplePost(), samplePostVars())) {
		for _, form := range forms {
			p.tryPost(s, form, d)
		}
	}
	p.tryNotes(s)
	for _, send := range []string{"all", "marked", "results"} {
		for _, mention := range []bool{true, false} {
			if _, err := run(s.hint, Answering{
				Send:     send,
				Internal: "//",
				Half:     "/",
				Public:   "!",
				Mention:  mention,
			}); err != nil {
				p.fail(err)
			}
		}
	}
	return p.errs
}

func (p *parser) tryPhrases(s *Set, kind desk.LetterKind, v Vars) {
	for _, name := range []string{"preheader." + string(kind), "footer." + string(kind)} {
		if t := s.phrases.Lookup(name); t == nil {
			p.fail(fmt.Errorf("%s: %q is not defined", s.phrases.Name(), name))
		} else if _, err := run(t, v); err != nil {
			p.fail(err)
		}
	}
}

func (p *parser) tryPost(s *Set, form desk.Form, d post) {
	t := s.posts[form]
	if _, err := run(t, d); err != nil {
		p.fail(err)
		return
	}
	if title := t.Lookup("title"); title != nil {
		if _, err := run(title, d); err != nil {
			p.fail(err)
		}
	}
}

func (p *parser) tryNotes(s *Set) {
	for _, t := range s.notes.Templates() {
		if t.Name() == s.phrases.Name() || t.Tree == nil || s.phrases.Lookup(t.Name()) != nil {
			continue
		}
		for _, n := range samples(note{Detail: "x", Task: 1, Quiet: true}) {
			if _, err := run(t, n); err != nil {
				p.fail(err)
			}
		}
	}
}

// samples returns full and its zero value, and for each field full without it and the zero value with it.
func samples[T any](full T) []T {
	var zero T
	all := []T{full, zero}
	for i := range reflect.TypeFor[T]().NumField() {
		without, with := full, zero
		field := reflect.ValueOf(&full).Elem().Field(i)
		reflect.ValueOf(&without).Elem().Field(i).SetZero()
		reflect.ValueOf(&with).Elem().Field(i).Set(field)
		all = append(all, without, with)
	}
	return all
}

// Preview returns sample variables that belong to no language, with every field set.
func Preview(kind desk.LetterKind) Vars {
	v := Vars{
		Contact: "C. Contact", Address: "contact@example.org", Ticket: 42, Task: 3711, Token: "[#3711-4821]",
		Subject: "Subject", Specialist: "S. Specialist", Position: "Position", Mailbox: "Mailbox",
		MailboxFrom: "support@example.ru", Link: "https://portal.example.ru/task/3711/", Date: "12.03.2024 10:00",
		Quote: []string{"One", "", "Two"}, QuoteDate: "12.03.2024 09:00", OpensAt: "13.03.2024 09:00",
		Logo: "cid:logo", LogoWidth: 1, LogoHeight: 1,
	}
	if kind == desk.Answer {
		v.Comments = []Comment{
			{Name: v.Specialist, Position: v.Position, Date: v.Date, HTML: "<p>One</p>", Text: "One"},
			{
				Name:  v.Specialist,
				Date:  v.Date,
				HTML:  "<p>Two</p>",
				Text:  "Two",
				Files: []string{"a.pdf"},
				Left:  []string{"b.zip"},
			},
		}
	}
	return v
}

// Preview returns sample variables for a letter of the kind, in the locale's language.
func (s *Set) Preview(kind desk.LetterKind) Vars {
	say := func(name string) string { return phrase(s.phrases, "sample."+name, nil) }
	v := Preview(kind)
	at := time.Date(2024, 3, 12, 10, 0, 0, 0, time.UTC)
	v.Contact, v.Subject, v.Mailbox = say("contact"), say("subject"), say("mailbox")
	v.Specialist, v.Position = "", ""
	v.Date, v.QuoteDate = s.Date(at.Add(time.Hour)), s.Date(at)
	v.OpensAt = s.OpensAt(at.Add(23*time.Hour), at)
	v.Quote = lines(say("quote"))
	v.Logo, v.LogoWidth, v.LogoHeight = "", 0, 0
	if kind != desk.Answer { // only answers contain a quote
		v.Quote, v.QuoteDate = nil, ""
		return v
	}
	v.Specialist, v.Position = say("specialist"), say("position")
	v.Comments = []Comment{s.sampleComment("answer", v), s.sampleComment("answer.more", v)}
	v.Comments[1].Files, v.Comments[1].Left = []string{say("file")}, []string{say("left")}
	v.Comments[1].Date = s.Date(at.Add(90 * time.Minute))
	return v
}

func (s *Set) sampleComment(name string, v Vars) Comment {
	c := Comment{Name: v.Specialist, Position: v.Position, Date: v.Date, Text: phrase(s.phrases, "sample."+name, nil)}
	html := `<p style="margin:0 0 12px 0">` + htmltemplate.HTMLEscapeString(c.Text) + "</p>"
	if s.settings.Sample != nil {
		html, c.Text = s.settings.Sample(c.Text)
	}
	c.HTML = htmltemplate.HTML(html)
	return c
}

func samplePost() desk.Post {
	return desk.Post{
		Title: "Title", Marker: "hd-0123456789abcdef", Missing: []string{"a.pdf"}, At: time.Unix(1710237600, 0).UTC(),
		Notes: []desk.Note{{Key: desk.NoteUnverified, Detail: "x", Task: 1}},
	}
}

func samplePostVars() PostVars {
	a := desk.Address{Name: "C. Contact", Addr: "contact@example.org"}
	return PostVars{
		Body:  "Body",
		From:  a,
		To:    make([]desk.Address, mostPeople+1),
		Cc:    []desk.Address{a, a},
		Cause: "550 x",
	}
}
