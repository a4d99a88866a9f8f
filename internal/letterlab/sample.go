package main

import (
	"encoding/base64"
	"html/template"
	"strings"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/relay"
	"helpdesk/pkg/render"
	"helpdesk/templates"
)

// sample is a letter with sample data, rendered and composed.
type sample struct {
	Name   string // such as ru-comment-logo
	Locale string
	Kind   desk.LetterKind
	Logo   bool
	Letter desk.Letter
	Raw    []byte
}

// samples returns every letter in every language, with and without a logo. The result is always the same.
func samples() ([]sample, error) {
	var all []sample
	for _, locale := range []string{"ru", "en"} {
		for _, kind := range []desk.LetterKind{desk.Received, desk.OffHours, desk.Answer, desk.Closed} {
			for _, logo := range []bool{false, true} {
				s, err := newSample(locale, kind, logo)
				if err != nil {
					return nil, err
				}
				all = append(all, s)
			}
		}
	}
	return all, nil
}

func settings(locale string) render.Settings {
	return render.Settings{Locale: locale, Position: true, QuoteLimit: 1000, Escape: markup.Escape, Text: markup.Text,
		Sample: func(code string) (string, string) { return markup.HTML(code), markup.Plain(code) }}
}

// hardSample returns a letter with words, lines and tables that are wider than any screen.
func hardSample() (sample, error) {
	s := sample{Name: "hard", Locale: "en", Kind: desk.Answer}
	set, err := render.New(templates.FS, settings("en"))
	if err != nil {
		return s, err
	}
	long := strings.Repeat("Longest", 60)
	cell := "[TD]" + long[:40] + "[/TD]"
	code := "See https://example.ru/" + long + "\n" + long + "\n[CODE]" + long + "[/CODE]\n[QUOTE]" + long +
		"[/QUOTE]\n[LIST][*]" + long +
		"[/LIST]\n[TABLE][TR]" + strings.Repeat(cell, 8) + "[/TR][/TABLE]"
	v := set.Preview(desk.Answer)
	v.Contact, v.Specialist, v.Position, v.Mailbox, v.Quote = long[:79], long, long, long, []string{long}
	v.Comments = []render.Comment{{Name: long, Position: long, Date: long, HTML: template.HTML(markup.HTML(code)),
		Text:  markup.Plain(code),
		Files: []string{long + ".pdf"}, Left: []string{long + ".zip"}}, v.Comments[1]}
	r, err := set.Letter(desk.Answer, v)
	s.Letter = desk.Letter{HTML: r.HTML}
	return s, err
}

// shortSample returns the shortest possible answer, with a logo. Spam filters dislike pictures with little text.
func shortSample() (sample, error) {
	s, err := newSample("ru", desk.Answer, true)
	if err != nil {
		return s, err
	}
	settings := settings("ru")
	settings.Logo = drawLogo()
	set, err := render.New(templates.FS, settings)
	if err != nil {
		return s, err
	}
	r, err := set.Letter(desk.Answer, render.Vars{Task: 1, Token: "[#1-0000]", Subject: "?",
		MailboxFrom: s.Letter.From.Addr,
		Comments:    []render.Comment{{HTML: "<p>OK</p>", Text: "OK"}}})
	if err != nil {
		return s, err
	}
	s.Name, s.Letter.Files = "shortest-logo", nil
	s.Letter.Subject, s.Letter.HTML, s.Letter.Text, s.Letter.Inline = r.Subject, r.HTML, r.Text, r.Inline
	s.Raw, err = relay.Compose(s.Letter)
	return s, err
}

func newSample(locale string, kind desk.LetterKind, logo bool) (sample, error) {
	s := sample{Name: locale + "-" + string(kind), Locale: locale, Kind: kind, Logo: logo}
	settings := settings(locale)
	if logo {
		s.Name += "-logo"
		settings.Logo = drawLogo()
	}
	set, err := render.New(templates.FS, settings)
	if err != nil {
		return s, err
	}
	v := set.Preview(kind)
	r, err := set.Letter(kind, v)
	if err != nil {
		return s, err
	}
	s.Letter = desk.Letter{
		MessageID: "hd.42." + s.Name + "@example.ru", From: desk.Address{Name: v.Mailbox, Addr: v.MailboxFrom},
		To: desk.Address{Addr: v.Address}, Subject: r.Subject, HTML: r.HTML, Text: r.Text,
		Date:      time.Date(2024, 3, 12, 14, 30, 0, 0, time.FixedZone("", 3*60*60)),
		InReplyTo: "request@example.org", References: []string{"request@example.org"},
		Automatic: (&desk.Draft{Kind: kind}).Automatic(), Loop: "c0ffee", Inline: r.Inline,
	}
	for _, c := range v.Comments {
		for _, name := range c.Files {
			s.Letter.Files = append(s.Letter.Files, desk.Part{
				Name:    name,
				Type:    "application/zip",
				Content: []byte("PK\x05\x06" + strings.Repeat("\x00", 18)),
			})
		}
	}
	s.Raw, err = relay.Compose(s.Letter)
	return s, err
}

// page returns the letter's HTML with embedded pictures, for a browser.
func (s sample) page() string {
	page := s.Letter.HTML
	for _, p := range s.Letter.Inline {
		page = strings.ReplaceAll(page, "cid:"+p.ContentID,
			"data:"+p.Type+";base64,"+base64.StdEncoding.EncodeToString(p.Content))
	}
	return page
}
