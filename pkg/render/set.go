package render

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"strings"
	"text/template"

	"helpdesk/pkg/desk"
)

// Set contains the parsed and tried templates of a locale.
type Set struct {
	settings   Settings
	logo       *logo
	months     []string
	phrases    *template.Template
	notes      *template.Template
	hint       *template.Template
	posts      map[desk.Form]*template.Template
	letters    map[desk.LetterKind]letter
	signature  body
	layoutHTML *htmltemplate.Template
	layoutText *template.Template
}

// letter contains the templates of one kind of letter.
type letter struct {
	subject *template.Template
	body    body
}

// body is a text in HTML and in plain text. Without a plain template the plain text is converted from the HTML.
type body struct {
	html *htmltemplate.Template
	text *template.Template
}

// kinds and forms list the templates that must exist.
var (
	kinds = []desk.LetterKind{desk.Received, desk.OffHours, desk.Answer, desk.Closed}
	forms = []desk.Form{desk.FormTask, desk.FormRepeat, desk.FormWritten, desk.FormBounce, desk.FormRefused,
		desk.FormTrouble, desk.FormAutomatic}
)

// New parses all templates and executes each with samples, except those that are Tried. A mistake is therefore an error
// here, with file or key and line, and not in a pass. All mistakes are returned together.
func New(files fs.FS, s Settings) (*Set, error) {
	if s.Escape == nil {
		return nil, errors.New("render: Settings.Escape is missing")
	}
	if s.Text == nil && s.Signature+s.Received.Body+s.OffHours.Body+s.Comment.Body+s.Closed.Body != "" {
		return nil, errors.New("render: Settings.Text is missing")
	}
	has := func(file string) bool { _, err := fs.Stat(files, s.Locale+"/"+file); return err == nil }
	if !has("phrases.tmpl") && !has("language.yaml") {
		return nil, fmt.Errorf("letters.locale: there are no texts for %q", s.Locale)
	}
	if err := whole(files, s.Locale); err != nil {
		return nil, err
	}
	p := &parser{files: files, locale: s.Locale}
	if o, ok := files.(overlay); ok {
		p.errs = o.mistakes(s.Locale)
	}
	set := &Set{settings: s}
	set.parse(p)
	if len(s.Logo) > 0 {
		var err error
		if set.logo, err = readLogo(s.Logo, s.LogoType); err != nil {
			p.errs = append(p.errs, err)
		}
	}
	if len(p.errs) == 0 && !(s.Tried && s.builtIn()) {
		p.errs = set.try()
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return set, nil
}

// whole returns an error that names the missing files of a language.
func whole(files fs.FS, locale string) error {
	model, err := fs.ReadDir(files, modelLocale)
	if err != nil {
		return nil // the texts of a test
	}
	var missing []string
	for _, f := range model {
		if _, err := fs.Stat(files, path.Join(locale, f.Name())); err != nil && f.Name() != setupTexts {
			missing = append(missing, f.Name())
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s: the texts of a language need these files, too: %s", locale, strings.Join(missing, ", "))
}

func (s *Set) parse(p *parser) {
	s.phrases = p.text("phrases.tmpl", "")
	s.notes = p.text("notes.tmpl", "")
	s.hint = p.text("hint.tmpl", "")
	s.months = strings.Fields(phrase(s.phrases, "months", nil))
	s.posts = map[desk.Form]*template.Template{}
	for _, form := range forms {
		s.posts[form] = p.text("post-"+string(form)+".tmpl", "")
	}
	s.letters = map[desk.LetterKind]letter{}
	for _, kind := range kinds {
		own := s.settings.of(kind)
		key := "letters." + string(kind)
		if kind == desk.OffHours {
			key = "letters.received.off_hours"
		}
		s.letters[kind] = letter{
			subject: p.setting(key+".subject", own.Subject, "subject.tmpl"),
			body:    p.body(key+".body", own.Body, string(kind)),
		}
	}
	s.signature = p.body("letters.signature", s.settings.Signature, "../signature")
	s.layoutHTML = p.html("../layout.html.tmpl", "")
	s.layoutText = p.text("../layout.text.tmpl", "")
}

// builtIn reports whether the settings contain no texts.
func (s Settings) builtIn() bool {
	none := LetterText{}
	return s.Signature == "" && s.Received == none && s.OffHours == none && s.Comment == none && s.Closed == none
}

func (s Settings) of(kind desk.LetterKind) LetterText {
	switch kind {
	case desk.Received:
		return s.Received
	case desk.OffHours:
		return s.OffHours
	case desk.Answer:
		return s.Comment
	}
	return s.Closed
}
