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
	longestSubject   = 180 // characters of the customer's subject in ours
	longestName      = 80  // characters of a name to greet by
	longestPreheader = 100
)

// page is what the layout shows.
type page struct {
	Vars
	Title     string // the letter's own subject
	Preheader string
	Body      htmltemplate.HTML
	Signature htmltemplate.HTML
	Footer    string
}

// textPage is page in plain text.
type textPage struct {
	Vars
	Body, Signature, Footer string
}

// Letter renders a letter of the kind. The auto-reply carries nothing of what the customer wrote but the subject, in
// its own.
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
	if s.settings.of(kind).Body == "" { // a body of one's own says all one wants to say
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

// both renders a text in HTML and plain.
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

// prepare fills in what the settings say, and takes away what must not be in the letter.
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

// greetable returns a name as it may stand in a greeting, or "" if there is none. The name beside an address is the
// sender's to choose: an auto-reply to a forged sender must not carry an advertisement.
func greetable(name string) string {
	name = glyph.Line(name)
	lower := strings.ToLower(name)
	if len([]rune(name)) > longestName || strings.ContainsAny(name, "<>@/\\") || strings.Contains(lower, "www.") ||
		strings.IndexFunc(name, unicode.IsLetter) < 0 {
		return ""
	}
	return name
}

// cutLines returns at most limit characters of the lines, blank ones at the ends left out.
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
