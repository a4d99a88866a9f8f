package eml

import (
	"bytes"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"helpdesk/pkg/charset"
	"helpdesk/pkg/lazy"
)

// media is a Content-Type or Content-Disposition: its value in lower case and its decoded parameters.
type media struct {
	value  string
	params map[string]string
}

// parseMedia also parses what mime.ParseMediaType refuses: blanks in unquoted values, duplicate parameters, stray
// semicolons, RFC 2231 in any charset, and RFC 2047 words in a parameter.
func parseMedia(field string) media {
	value, rest, _ := strings.Cut(stripComments(field), ";")
	value = strings.TrimSpace(value)
	// QUIRK: `Content-Type: text/plain charset=koi8-r`, without the semicolon.
	if v, p, found := strings.Cut(value, " "); found && strings.Contains(p, "=") {
		value, rest = v, p+";"+rest
	}
	m := media{value: strings.ToLower(value), params: map[string]string{}}
	parts := map[string][]section{}
	for len(rest) > 0 && len(parts) < 100 {
		var key, val string
		key, val, rest = nextParam(rest)
		if key == "" {
			continue
		}
		base, n, extended := splitParam(key)
		if n >= 0 || extended {
			parts[base] = append(parts[base], section{n, extended, val})
		} else if _, doubled := m.params[key]; !doubled {
			m.params[key] = plainName(key, decodeWords(val))
		}
	}
	for base, s := range parts {
		m.params[base] = joinSections(s)
	}
	return m
}

// nextParam parses the first key=value and returns it with the rest.
func nextParam(s string) (key, val, rest string) {
	s = strings.TrimLeft(s, " \t;")
	i := strings.IndexAny(s, "=;")
	if i < 0 {
		return "", "", ""
	}
	if s[i] == ';' {
		return "", "", s[i:]
	}
	key = strings.ToLower(strings.TrimSpace(s[:i]))
	s = strings.TrimLeft(s[i+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		val, rest, _ = strings.Cut(s, ";")
		return key, strings.TrimSpace(val), rest
	}
	val, rest = unquote(s)
	glued := rest
	if i := strings.IndexByte(rest, ';'); i >= 0 {
		glued = rest[:i]
	}
	// QUIRK: programs send names that contain quotation marks: filename="OOO "Vega".pdf". Text after the last mark is
	// ignored.
	if end := strings.LastIndexByte(glued, '"'); end >= 0 && isName(key) && !paramForgotten().MatchString(glued) {
		val += `"` + glued[:end]
	}
	return key, val, rest[len(glued):]
}

// paramForgotten matches a parameter without a semicolon before it.
var paramForgotten = lazy.Regexp(`^[ \t]+[A-Za-z][A-Za-z0-9*-]*[ \t]*=`)

// unquote parses the quoted string at the beginning of s.
func unquote(s string) (val, rest string) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			return b.String(), s[i+1:]
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), ""
}

func isName(key string) bool { return key == "name" || key == "filename" }

// plainName decodes percent escapes in a file name. QUIRK: web mail and 1C write filename="%D0%A1%D1%87.pdf", which
// only RFC 2231 allows.
func plainName(key, val string) string {
	if !isName(key) || !strings.Contains(val, "%") {
		return val
	}
	plain := percentDecode(val)
	if bytes.IndexFunc(plain, unicode.IsControl) >= 0 || !utf8.Valid(plain) {
		return val
	}
	return string(plain)
}

// section is one piece of a parameter split by RFC 2231.
type section struct {
	n        int
	extended bool
	val      string
}

func splitParam(key string) (base string, n int, extended bool) {
	base, num, found := strings.Cut(key, "*")
	if !found {
		return key, -1, false
	}
	if num == "" {
		return base, -1, true
	}
	num, extended = strings.CutSuffix(num, "*")
	n, err := strconv.Atoi(num)
	if err != nil || n < 0 {
		return base, 0, true
	}
	return base, n, extended
}

func joinSections(parts []section) string {
	sort.SliceStable(parts, func(i, j int) bool { return parts[i].n < parts[j].n })
	// If a parameter comes both whole and in pieces, the whole one (n = -1) wins.
	if parts[0].n < 0 {
		parts = parts[:1]
	}
	var label string
	var raw, escaped []byte
	anyExtended := false
	for i, p := range parts {
		val := p.val
		if !p.extended {
			raw = append(append(raw, percentDecode(escaped)...), val...)
			escaped = escaped[:0]
			continue
		}
		anyExtended = true
		if bits := strings.SplitN(val, "'", 3); i == 0 && len(bits) == 3 {
			label, val = bits[0], bits[2]
		}
		escaped = append(escaped, val...) // QUIRK: an escape may be split between two pieces
	}
	raw = append(raw, percentDecode(escaped)...)
	if !anyExtended {
		// QUIRK: RFC 2047 words inside RFC 2231 pieces (Outlook, older web mail).
		return decodeWords(string(raw))
	}
	label, _, _ = strings.Cut(label, "*") // an RFC 2231 language tag in the wrong place
	s, _ := charset.UTF8(raw, label)
	return s
}

func percentDecode[T string | []byte](s T) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if b, ok := hexByte(s[i+1], s[i+2]); ok {
				out = append(out, b)
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}

func hexByte(hi, lo byte) (byte, bool) {
	h, l := hexValues[hi], hexValues[lo]
	return h<<4 | l, (h | l) < 0x80
}

// hexValues are the values of hexadecimal digits; 0xff = not a digit.
var hexValues = func() (v [256]byte) {
	for i := range v {
		v[i] = 0xff
	}
	for i, c := range []byte("0123456789abcdef") {
		v[c] = byte(i)
	}
	for i, c := range []byte("ABCDEF") {
		v[c] = byte(10 + i)
	}
	return v
}()

// stripComments removes comments outside of quoted strings (RFC 5322, 3.2.2), but none from a field with a file name,
// which may contain parentheses.
func stripComments(s string) string {
	if !strings.Contains(s, "(") || strings.Contains(strings.ToLower(s), "name") {
		return s
	}
	var b strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '"' && depth == 0:
			quoted = !quoted
			b.WriteByte(c)
		case c == '(' && !quoted:
			depth++
		case c == ')' && !quoted && depth > 0:
			depth--
		case depth == 0:
			b.WriteByte(c)
		}
	}
	return b.String()
}
