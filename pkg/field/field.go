// Package field reads structured fields of a header: comments, quoted strings, and Authentication-Results. It decodes
// no encoded words and knows no addresses.
package field

import "strings"

// Verdict returns what our own MX says of a method, such as dmarc, in values of Authentication-Results (RFC 8601): that
// of the topmost one with its authserv-id, the worst where it gives several; "" if there is none. Others are not read,
// since anybody can write them.
func Verdict(values []string, authserv, method string) string {
	if authserv == "" {
		return ""
	}
	for _, v := range values {
		parts := splitUnquoted(CutComments(v), ';')
		id := strings.Fields(parts[0]) // the id may be followed by a version
		if len(id) == 0 || !strings.EqualFold(unquote(id[0]), authserv) {
			continue
		}
		worst := ""
		for _, p := range parts[1:] {
			if result := resultOf(p, method); result == "fail" || worst == "" || worst == "pass" && result != "" {
				worst = result
			}
		}
		return worst
	}
	return ""
}

// resultOf returns what a result of Authentication-Results says of a method, "" where it is of another.
func resultOf(part, of string) string {
	method, rest, ok := strings.Cut(part, "=")
	method, _, _ = strings.Cut(method, "/") // its version
	if !ok || !strings.EqualFold(strings.TrimSpace(method), of) {
		return ""
	}
	if words := strings.Fields(rest); len(words) > 0 {
		return strings.ToLower(unquote(words[0]))
	}
	return ""
}

// splitUnquoted splits a structured field at a separator outside of quoted strings (RFC 5322, 3.2.4).
func splitUnquoted(s string, sep byte) []string {
	var parts []string
	from, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[min(from, len(s)):])
}

func unquote(s string) string { return strings.Trim(s, `"`) }

// CutComments returns a structured field without its (nested (comments)), RFC 5322, 3.2.2.
func CutComments(s string) string {
	var b strings.Builder
	depth, quoted, escaped := 0, false, false
	for _, c := range s {
		switch {
		case escaped:
			escaped = false
		case c == '\\' && (quoted || depth > 0):
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
