package eml

import (
	"sort"
	"strconv"
	"strings"
)

// media is a Content-Type or Content-Disposition: its value in lower case, and its parameters, decoded.
type media struct {
	value  string
	params map[string]string
}

// parseMedia reads what mime.ParseMediaType refuses too: blanks in unquoted values, doubled parameters, stray
// semicolons, RFC 2231 in any charset, RFC 2047 where it does not belong.
func parseMedia(field string) media {
	value, rest, _ := strings.Cut(stripComments(field), ";")
	value = strings.TrimSpace(value)
	// QUIRK: `Content-Type: text/plain charset=koi8-r`, the semicolon forgotten.
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
			m.params[key] = decodeWords(val)
		}
	}
	for base, s := range parts {
		m.params[base] = joinSections(s)
	}
	return m
}

// nextParam takes one key=value off the front.
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
	// QUIRK: text glued behind the closing quote belongs to nothing; names with quotes inside are sent so.
	if i := strings.IndexByte(rest, ';'); i >= 0 {
		return key, val, rest[i:]
	}
	return key, val, ""
}

// unquote reads the quoted string s begins with.
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
	// Where a parameter comes both whole and in pieces, the whole (n = -1) is believed.
	if parts[0].n < 0 {
		parts = parts[:1]
	}
	var charset string
	var raw []byte
	anyExtended := false
	for i, p := range parts {
		val := p.val
		if p.extended {
			anyExtended = true
			if bits := strings.SplitN(val, "'", 3); i == 0 && len(bits) == 3 {
				charset, val = bits[0], bits[2]
			}
			raw = append(raw, percentDecode(val)...)
		} else {
			raw = append(raw, val...)
		}
	}
	if !anyExtended {
		// QUIRK: RFC 2047 words inside RFC 2231 pieces (Outlook, older web mail).
		return decodeWords(string(raw))
	}
	charset, _, _ = strings.Cut(charset, "*") // a language tag of RFC 2231 in the wrong place
	s, _ := toUTF8(raw, charset)
	return s
}

func percentDecode(s string) []byte {
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

// hexValues are the values of the digits, 0xff of everything else.
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

// stripComments removes (comments) outside quotes (RFC 5322, 3.2.2), unless they hold part of an unquoted file name.
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
