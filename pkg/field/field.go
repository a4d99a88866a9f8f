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
	parts, open := splitBefore(s, sep, len(s))
	if open >= 0 {
		parts, _ = splitBefore(s, sep, open)
	}
	return parts
}

// splitBefore takes a quotation mark from the end on for a character like others. It returns where a string begins that
// is never closed, -1 = none.
func splitBefore(s string, sep byte, end int) (parts []string, open int) {
	from, open := 0, -1
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && open >= 0:
			i++
		case s[i] == '"' && open >= 0:
			open = -1
		case s[i] == '"' && i < end && begins(s, i):
			open = i
		case s[i] == sep && open < 0:
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[min(from, len(s)):]), open
}

// begins reports whether a quoted string may begin at i: one within a word is none.
func begins(s string, i int) bool { return i == 0 || strings.IndexByte(" \t\r\n=;,()<", s[i-1]) >= 0 }

func unquote(s string) string { return strings.Trim(s, `"`) }

// CutComments returns a structured field without its comments, which may be nested (RFC 5322, 3.2.2). What opens a
// comment or a quoted string that never ends is a character like others: it hides nothing behind it.
func CutComments(s string) string {
	c := comments{quotes: len(s), parens: len(s)}
	text := c.cut(s)
	if c.quote >= 0 {
		c.quotes = c.quote
		text = c.cut(s)
	}
	if c.paren >= 0 {
		c.parens = c.paren
		text = c.cut(s)
	}
	return text
}

// comments is the state of cutting them out.
type comments struct {
	quotes, parens int // from there on they open nothing
	quote, paren   int // where the last one opened that is not closed, -1 = none
}

func (c *comments) cut(s string) string {
	var b strings.Builder
	depth, from := 0, 0 // what is kept begins at from
	c.quote, c.paren = -1, -1
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && (c.quote >= 0 || depth > 0):
			i++
		case s[i] == '"' && c.quote >= 0:
			c.quote = -1
		case s[i] == '"' && depth == 0 && i < c.quotes && begins(s, i):
			c.quote = i
		case s[i] == '(' && c.quote < 0 && i < c.parens:
			if depth++; depth == 1 {
				c.paren = i
				b.WriteString(s[from:i])
			}
		case s[i] == ')' && c.quote < 0 && depth > 0:
			if depth--; depth == 0 {
				b.WriteByte(' ')
				c.paren, from = -1, i+1
			}
		}
	}
	if depth == 0 {
		b.WriteString(s[from:])
	}
	return b.String()
}
