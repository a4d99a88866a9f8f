package desk

import "strings"

// dmarc returns the DMARC verdict of our own MX: that of the topmost Authentication-Results (RFC 8601) with its
// authserv-id. Others are not read, since anybody can write them.
func dmarc(h Header, authserv string) string {
	if authserv == "" {
		return ""
	}
	for _, v := range h.Values("Authentication-Results") {
		parts := strings.Split(cutComments(v), ";")
		id := strings.Fields(parts[0]) // the id may be followed by a version
		if len(id) == 0 || !strings.EqualFold(id[0], authserv) {
			continue
		}
		for _, p := range parts[1:] {
			method, rest, ok := strings.Cut(p, "=")
			if !ok || !strings.EqualFold(strings.TrimSpace(method), "dmarc") {
				continue
			}
			if words := strings.Fields(rest); len(words) > 0 {
				return strings.ToLower(words[0])
			}
		}
		return ""
	}
	return ""
}

// cutComments returns a structured field without its (nested (comments)), RFC 5322, 3.2.2.
func cutComments(s string) string {
	var b strings.Builder
	depth, quoted, escaped := 0, false, false
	for _, c := range s {
		switch {
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"' && depth == 0:
			quoted = !quoted
		case c == '(' && !quoted:
			depth++
			continue
		case c == ')' && !quoted && depth > 0:
			depth--
			b.WriteByte(' ')
			continue
		}
		if depth == 0 {
			b.WriteRune(c)
		}
	}
	return b.String()
}
