package eml

import (
	"bytes"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/lazy"
)

var (
	aType    = lazy.Regexp(`^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+'-]+$`)
	typeSeen = lazy.Regexp(
		`(?i)\b(text|application|image|audio|video|multipart|message|model|font)\s*[/\\]\s*([a-z0-9][a-z0-9.+_-]*)`)
	typeSwapped = lazy.Regexp(`(?i)\b(plain|html|calendar|csv)\s*[/\\]\s*text\b`)
	paramSeen   = lazy.Regexp(`(?i)\b(charset|boundary|name|format|delsp)\s*[=:]\s*("[^"]*"|'[^']*'|[^\s;,"']+)`)
)

// contentType parses a Content-Type. If it is invalid, the type, charset and boundary are searched for in it. If no
// type is found, value is "", and the bytes of the part decide.
func contentType(field string, p place) media {
	m := parseMedia(field)
	switch value := strings.Trim(m.value, `'"`); {
	case value == "" && p.parent == "multipart/digest":
		m.value = "message/rfc822"
	case strings.TrimSpace(field) == "", value == "text", value == "text/":
		m.value = "text/plain" // RFC 2045, 5.2
	case value == "plain" || value == "html":
		m.value = "text/" + value
	case value == "multipart":
		m.value = "multipart/mixed"
	case aType().MatchString(value) && typeSeen().MatchString(value):
		m.value = value
	default:
		m.value = seenType(field)
		seenParams(m.params, field)
	}
	return m
}

// seenType finds a type in an invalid field. QUIRK: text/plain, charset=x; plain/text; text\html.
func seenType(field string) string {
	if t := typeSwapped().FindStringSubmatch(field); t != nil {
		return "text/" + strings.ToLower(t[1])
	}
	if t := typeSeen().FindStringSubmatch(field); t != nil {
		return strings.ToLower(t[1] + "/" + t[2])
	}
	return ""
}

// seenParams adds the parameters found in an invalid field.
func seenParams(params map[string]string, field string) {
	for _, p := range paramSeen().FindAllStringSubmatch(field, -1) {
		if name := strings.ToLower(p[1]); params[name] == "" {
			params[name] = decodeWords(strings.Trim(p[2], `"'`))
		}
	}
}

// tellsNothing reports whether a type carries no information about the only part of a letter.
func tellsNothing(typ string) bool {
	switch typ {
	case "", "application/octet-stream", "application/text", "application/plain", "application/x-unknown",
		"application/unknown":
		return true
	}
	return false
}

// readable reports whether the beginning of a part is readable text.
func readable(begin []byte) bool {
	for _, magic := range []string{"%PDF", "GIF8", "{\\rtf", "PK\x03\x04", "%!PS"} {
		if bytes.HasPrefix(begin, []byte(magic)) {
			return false
		}
	}
	const most = 50 // one in this many bytes may be a control character
	controls := 0
	for _, c := range begin {
		switch {
		case c == 0:
			return false
		case c < ' ' && c != '\r' && c != '\n' && c != '\t' && c != '\f' && c != 0x1b:
			controls++
		}
	}
	return controls*most <= len(begin)
}

// mimeInside matches the body of a multipart message whose header does not declare it: a boundary followed by the
// header of a part.
var mimeInside = lazy.Regexp(
	`(?i)^\s*(?:[^\r\n]*\bMIME\b[^\r\n]*\s+)?--(\S{1,200})[ \t]*\r?\n(?:Content-[a-z-]+[ \t]*:)`)

// boundaryInside returns the undeclared boundary of a message.
func (w *walker) boundaryInside() (string, bool) {
	begin, _ := w.src.br.Peek(1024)
	m := mimeInside().FindSubmatch(begin)
	if m == nil || len(w.src.pushed) > 0 {
		return "", false
	}
	return string(m[1]), true
}

// undeclared is the boundary of a multipart without a boundary parameter. It matches no line.
const undeclared = "\x00"

// adopt makes a line the boundary of the current multipart if the declared boundary has not appeared. The line must
// equal the declared one except for quotation marks and case, or be followed by a header.
func (s *source) adopt(own int, line []byte) bool {
	name := string(bytes.TrimRight(bytes.TrimPrefix(line, []byte("--")), " \t\r\n"))
	if !bytes.HasPrefix(line, []byte("--")) || name == "" {
		return false
	}
	loose := func(s string) string { return strings.ToLower(strings.Trim(s, ` '"<>-`)) }
	next := s.peekLine()
	if declared := loose(s.open[own]); (declared == "" || declared != loose(name)) &&
		(!isField(next) || !knownField(next, false)) {
		return false
	}
	return s.begin(own, line)
}

// begin makes a line the first boundary of a multipart and reports whether it can be one. It does not check what
// follows.
func (s *source) begin(own int, line []byte) bool {
	name := bytes.TrimRight(bytes.TrimPrefix(line, []byte("--")), " \t\r\n")
	if !bytes.HasPrefix(line, []byte("--")) || len(name) == 0 || len(name) > 200 {
		return false
	}
	s.open[own] = string(name)
	s.hit, s.hitClose = own, false
	return true
}

// sniffLeaf reads a part with a type that does not describe it: as text if it is readable, else as a file.
func (w *walker) sniffLeaf(pt part, ct media, encoding string) {
	begin, r := sniff(w.buf.decodeText(&body{s: w.src}, encoding), make([]byte, len(w.buf.begin)))
	if pt.name == "" && pt.disp != "attachment" && w.texts < maxTexts && readable(begin) {
		pt.typ, ct.value = "text/plain", "text/plain"
		w.readText(pt, ct, r)
		return
	}
	if pt.typ == "" {
		pt.typ = "application/octet-stream"
	}
	w.attachAny(r, pt)
}

// mimeShown matches a boundary with the header of a part in a text.
var mimeShown = lazy.Regexp(`(?im)^--\S{1,200}[ \t]*\r?\nContent-(?:Type|Transfer-Encoding|Disposition)[ \t]*:`)

// markMIME marks the message if a text contains parts that were not recognized.
func (w *walker) markMIME(text string) {
	if strings.Contains(text, "\nContent-") && mimeShown().MatchString(text) {
		w.degrade(desk.DegradedMIME)
	}
}
