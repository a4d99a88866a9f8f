package render

import (
	"fmt"
	htmltemplate "html/template"
	"strings"
	"unicode"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
)

const (
	longestSubject   = 180 // most characters of the customer's subject in our subject
	longestName      = 80  // most characters of a name in a greeting
	longestPreheader = 100
)

// page contains the variables of the HTML layout.
type page struct {
	Vars
	Title     string // the letter's own subject
	Preheader string
	Body      htmltemplate.HTML
	Signature htmltemplate.HTML
	Footer    string
}

// textPage contains the variables of the plain text layout.
type textPage struct {
	Vars
	Body, Signature, Footer string
}

// Letter renders a letter of the kind. An auto-reply contains nothing that the customer wrote except the subject, which
// is part of its own subject.
func (s *Set) Letter(kind desk.LetterKind, v Vars) (Rendered, error) {
	l, ok := s.letters[kind]
	if !ok {
		return Rendered{}, fmt.Errorf("render letter: no kind %q", kind)
	}
	v = s.prepare(kind, v)
	r, err := s.render(kind, l, v)
	if err != nil {
		return Rendered{}, fmt.Errorf("render letter %s: %w", kind, err)
	}
	if s.logo != nil {
		r.Inline = []desk.Part{s.logo.part}
	}
	return r, nil
}

func (s *Set) render(kind desk.LetterKind, l letter, v Vars) (r Rendered, err error) {
	subject, err := run(l.subject, v)
	if err != nil {
		return r, err
	}
	bodyHTML, bodyText, err := s.both(l.body, v)
	if err != nil {
		return r, err
	}
	signHTML, signText, err := s.both(s.signature, v)
	if err != nil {
		return r, err
	}
	r.Subject = glyph.Line(subject)
	footer := ""
	if s.settings.of(kind).Body == "" { // a body in the settings needs no footer
		footer = phrase(s.phrases, "footer."+string(kind), v)
	}
	r.HTML, err = run(s.layoutHTML, page{
		Vars: v, Title: r.Subject, Footer: footer, Preheader: phrase(s.phrases, "preheader."+string(kind), v),
		Body: htmltemplate.HTML(bodyHTML), Signature: htmltemplate.HTML(signHTML),
	})
	if err != nil {
		return r, err
	}
	r.Text, err = run(s.layoutText, textPage{Vars: v, Body: bodyText, Signature: signText, Footer: footer})
	r.HTML, r.Text = r.HTML+"\n", r.Text+"\n"
	return r, err
}

// both renders a text in HTML and in plain text.
func (s *Set) both(b body, v Vars) (html, text string, err error) {
	if html, err = run(b.html, v); err != nil {
		return "", "", err
	}
	if b.text == nil {
		return html, strings.Trim(s.settings.Text(html), "\n"), nil
	}
	text, err = run(b.text, v)
	return html, text, err
}

// prepare sets the variables that come from the settings, and removes what the letter must not contain.
func (s *Set) prepare(kind desk.LetterKind, v Vars) Vars {
	v.Locale = s.settings.Locale
	v.Subject = glyph.Cut(glyph.Line(v.Subject), longestSubject)
	v.Contact = greetable(v.Contact)
	if s.logo != nil {
		v.Logo, v.LogoWidth, v.LogoHeight = s.logo.address, s.logo.width, s.logo.height
	}
	if !s.settings.PortalLinks {
		v.Link = ""
	}
	if kind == desk.Received || kind == desk.OffHours {
		v.Comments, v.Quote = nil, nil
	}
	v.Quote = cutLines(v.Quote, s.settings.QuoteLimit)
	comments := append([]Comment(nil), v.Comments...)
	v.Comments = comments
	if n := len(comments); n > 0 && v.Specialist == "" {
		v.Specialist, v.Position = comments[n-1].Name, comments[n-1].Position
	}
	for i := range comments {
		if !s.settings.Position {
			comments[i].Position = ""
		}
		if comments[i].Name != comments[0].Name {
			v.Specialist, v.Position = "", ""
		}
	}
	if !s.settings.Position {
		v.Position = ""
	}
	return v
}

// greetable returns a name in the form for a greeting, or "" if it is unsuitable. The sender chooses the name in their
// address: an auto-reply to a forged sender must not carry an advertisement.
func greetable(name string) string {
	name = glyph.Line(name)
	lower := strings.ToLower(name)
	if len([]rune(name)) > longestName || strings.ContainsAny(name, "<>@/\\") || strings.Contains(lower, "www.") ||
		strings.IndexFunc(name, unicode.IsLetter) < 0 {
		return ""
	}
	return name
}

// cutLines returns at most limit characters of the lines, without blank lines at both ends.
func cutLines(lines []string, limit int) []string {
	var out []string
	for _, line := range lines {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" && len(out) == 0 {
			continue
		}
		n := len([]rune(line))
		if n > limit {
			if limit > 1 {
				out = append(out, glyph.Cut(line, limit))
			}
			break
		}
		limit -= n
		out = append(out, line)
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}

func lines(s string) []string { return strings.Split(s, "\n") }
