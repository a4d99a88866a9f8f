package quote

import (
	"slices"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/lazy"
)

// originWithin is the number of lines below the announcement of a forward that are searched for its sender.
const originWithin = 15

// IsForward reports whether a subject begins like that of a forwarded message.
func (c *Cutter) IsForward(subject string) bool {
	prefix, _, found := strings.Cut(subject, ":")
	return found && c.forwardSubjects[strings.ToLower(strings.TrimSpace(prefix))]
}

// Forwarded reports whether a text contains a forwarded message, and returns the original sender. It looks below a line
// that announces the forward or, if the subject does, below a copied header, as from Outlook. The address may be empty.
func (c *Cutter) Forwarded(subject, text string) (from desk.Address, ok bool) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	n := 0
	for line := range strings.SplitSeq(text, "\n") {
		if n++; n > maxLines {
			break
		}
		if len(line) <= maxLine && fits(c.forwards, strings.TrimSpace(line)) {
			lines := firstLines(text)
			from, _ = c.origin(lines[n:min(len(lines), n+originWithin)])
			return from, true
		}
	}
	if !c.IsForward(subject) {
		return from, false
	}
	lines := firstLines(text)
	t := &cutting{c: c, lines: lines}
	t.classify()
	for i := range lines {
		if t.kind[i] == lineText && t.headerBlock(i) {
			return c.origin(lines[i:min(len(lines), i+originWithin)])
		}
		if m := introAddress().FindStringSubmatch(strings.TrimSpace(plainBlanks(lines[i]))); t.kind[i] == lineIntro &&
			m != nil {
			return written(m[1])
		}
	}
	return from, false
}

// firstLines returns the first lines of a text, up to maxLines.
func firstLines(text string) []string {
	lines := strings.Split(text, "\n")
	return lines[:min(len(lines), maxLines)]
}

// introAddress finds the sender in the attribution that Yandex puts above a forward.
var introAddress = lazy.Regexp(`\d{1,2}:\d{2}(?::\d{2})?(?:\s*[+-]\d{4})?,?\s+(\S.*<[^<>\s]+@[^<>\s]+>)\s*:?$`)

// origin finds the sender in a copied header.
func (c *Cutter) origin(lines []string) (desk.Address, bool) {
	for _, line := range lines {
		line = strings.TrimSpace(strings.TrimLeft(plainBlanks(line), "> "))
		if len(line) > maxLine {
			continue
		}
		name, value, found := strings.Cut(line, ":")
		if found && c.from[strings.ToLower(strings.Trim(name, "*_ \t\u200b"))] {
			return written(value)
		}
		if m := introAddress().FindStringSubmatch(line); m != nil {
			return written(m[1])
		}
	}
	return desk.Address{}, false
}

var anAddress = lazy.Regexp(`[^\s<>"'(),;:]+@[^\s<>"'(),;:]+`)

// several reports whether a text names more than one address: one of them may be there to deceive.
func several(s string) bool {
	all := anAddress().FindAllString(strings.ToLower(s), -1)
	return len(slices.Compact(all)) > 1
}

var linked = lazy.Regexp(`(?i)<mailto:[^<>\s]*>`)

// written parses an address as programs print it in text. QUIRK: Outlook adds a link or replaces the brackets by it:
// Ivan [mailto:a@b] and Ivan <a@b<mailto:a@b>>.
func written(s string) (desk.Address, bool) {
	s = linked().ReplaceAllString(strings.Trim(s, "*_ \t"), "")
	s = strings.NewReplacer("[mailto:", "<", "]", ">", "*", "").Replace(s)
	if several(s) {
		return desk.Address{Name: strings.TrimSpace(s)}, true
	}
	for _, a := range eml.Addresses(s) {
		if a.Addr != "" && !strings.Contains(a.Addr, "@") {
			a = desk.Address{Name: strings.TrimSpace(s)}
		}
		if a.Name != "" || a.Addr != "" {
			return a, true
		}
	}
	return desk.Address{}, false
}
