// Package field reads structured header fields: comments, quoted strings, and Authentication-Results. It decodes no
// encoded words and parses no addresses.
package field

import "strings"

// Verdict returns the result of our own MX for a method, such as dmarc, from the values of Authentication-Results (RFC
// 8601). Only the topmost value with the given authserv-id counts, since anybody can write the others. If it lists
// several results, the worst is returned; if none, "".
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

// resultOf returns the result in one part of Authentication-Results, or "" if the part is about another method.
func resultOf(part, of string) string {
	method, rest, ok := strings.Cut(part, "=")
	method, _, _ = strings.Cut(method, "/") // cuts the version
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

// CutComments returns a structured field without its comments, which may be nested (RFC 5322, 3.2.2).
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
