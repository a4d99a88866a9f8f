package markup

import (
	"regexp"
	"strings"
)

// Outward removes addresses of the portal at host from a comment, because customers have no access to it. The text of
// such a link is kept, and so are addresses of public pages.
func Outward(bbcode, host string) string {
	if host == "" || !strings.Contains(strings.ToLower(bbcode), strings.ToLower(host)) {
		return bbcode
	}
	at := regexp.QuoteMeta(host)
	opening := regexp.MustCompile(`(?i)\[URL=["']?\s*((?:https?:)?//` + at + `(?::\d+)?(/[^\]]*)?)\]`)
	bbcode = opening.ReplaceAllStringFunc(bbcode, func(tag string) string {
		if isPublic(opening.FindStringSubmatch(tag)[2]) {
			return tag
		}
		return ""
	})
	bare := regexp.MustCompile(`(?i)(^|[^\w.@/-])(?:(?:https?:)?//` + at + `(?::\d+)?(/[^\s\[\]<>"]*)?|` + at +
		`(?::\d+)?(/[^\s\[\]<>"]*))`)
	return bare.ReplaceAllStringFunc(bbcode, func(s string) string {
		m := bare.FindStringSubmatch(s)
		if isPublic(m[2] + m[3]) {
			return s
		}
		return m[1]
	})
}

// isPublic reports whether a page of the portal is visible to everybody.
//
// QUIRK: public links begin with /~, older ones with /docs/pub/; forms and open lines are under /pub/ and /online/
// (Bitrix24, link sharing of Drive and CRM forms).
func isPublic(path string) bool {
	for _, prefix := range []string{"/~", "/docs/pub/", "/pub/", "/online/"} {
		if strings.HasPrefix(strings.ToLower(path), prefix) {
			return true
		}
	}
	return false
}
