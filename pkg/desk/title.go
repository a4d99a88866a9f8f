package desk

import (
	"errors"
	"fmt"
	"strings"
	"text/template"

	"helpdesk/pkg/glyph"
)

const (
	titleMax      = 250 // characters of a task's title
	firstWordsMax = 80  // characters of the text that replace a missing subject
)

// TitleVars are the variables in the template of a task's title. Each is one line.
type TitleVars struct {
	Subject string // the customer's subject; the first words of the text if there is none
	Name    string // the sender's name; the address if there is none
	Address string // the sender's address
	Mailbox string // name of the mailbox
}

// compileTitles compiles the templates of titles, each of them once.
func (r *Rules) compileTitles(p *Policy) error {
	r.titles = map[string]*template.Template{"": nil}
	var errs []error
	add := func(f Fields) {
		if _, known := r.titles[f.Title]; known {
			return
		}
		t, err := template.New("task.title").Parse(f.Title)
		if err != nil {
			errs = append(errs, fmt.Errorf("title: %w", err))
		}
		r.titles[f.Title] = t
	}
	for _, f := range p.Fields {
		add(f)
	}
	for _, route := range p.Routes {
		for _, f := range route.Fields {
			add(f)
		}
	}
	return errors.Join(errs...)
}

// Entitle sets the title of a new task's post from the template in its settings. The title stays empty if the letter
// has neither a subject nor a text. Entitle returns the text that must be shown above the letter because the title does
// not show it; "" = none.
func (r *Rules) Entitle(p *Post, mailbox, subject, text string) (above string) {
	words := subject
	if words == "" {
		words = firstWords(text)
	}
	if p.Title = ""; words == "" {
		return ""
	}
	name := glyph.Line(p.From.Name)
	if name == "" {
		name = p.From.Addr
	}
	full := r.titled(p.Fields.Title, TitleVars{Subject: words, Name: name, Address: p.From.Addr, Mailbox: mailbox})
	p.Title = glyph.Cut(full, titleMax)
	switch shown := strings.Contains(full, subject); {
	case p.Title != full && (shown || subject == ""):
		return full
	case p.Title != full || !shown:
		return subject
	}
	return ""
}

// titled executes the template. It returns the subject if the template fails or yields nothing.
func (r *Rules) titled(source string, v TitleVars) string {
	t := r.titles[source]
	if t == nil {
		return v.Subject
	}
	var b strings.Builder
	if err := t.Execute(&b, v); err != nil {
		return v.Subject
	}
	if title := glyph.Line(b.String()); title != "" {
		return title
	}
	return v.Subject
}

// firstWords returns the beginning of a text on one line, cut after a word.
func firstWords(text string) string {
	line := glyph.Line(glyph.Cut(strings.TrimSpace(text), 10*firstWordsMax))
	short := glyph.Cut(line, firstWordsMax)
	if short == line {
		return line
	}
	short = strings.TrimSuffix(short, "…")
	if end := strings.LastIndexByte(short, ' '); end > 0 && !strings.HasPrefix(line[len(short):], " ") {
		short = short[:end]
	}
	return short + "…"
}
