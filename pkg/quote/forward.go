package quote

import (
	"regexp"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
)

// originWithin is how many lines below the line of a forward its sender is looked for in.
const originWithin = 15

// IsForward reports whether a subject begins as those of forwarded messages do.
func (c *Cutter) IsForward(subject string) bool {
	prefix, _, found := strings.Cut(subject, ":")
	return found && c.forwardSubjects[strings.ToLower(strings.TrimSpace(prefix))]
}

// Forwarded returns who wrote the message that is forwarded in a text, and whether one is: below a line that says so,
// or, where the subject says it, below a copied header, as Outlook forwards. The address may be missing.
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
	}
	return from, false
}

// firstLines returns the lines of a text that are looked at.
func firstLines(text string) []string {
	lines := strings.Split(text, "\n")
	return lines[:min(len(lines), maxLines)]
}

// introAddress finds who wrote in the attribution line that Yandex puts above a forward.
var introAddress = regexp.MustCompile(`\d{1,2}:\d{2}(?::\d{2})?(?:\s*[+-]\d{4})?,?\s+(\S.*<[^<>\s]+@[^<>\s]+>)\s*:?$`)

// origin finds the writer in the header copied above a message.
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
		if m := introAddress.FindStringSubmatch(line); m != nil {
			return written(m[1])
		}
	}
	return desk.Address{}, false
}

var linked = regexp.MustCompile(`(?i)<mailto:[^<>\s]*>`)

// written reads an address as programs write it into a text. QUIRK: Outlook puts the link beside or in place of the
// brackets: Ivan [mailto:a@b] and Ivan <a@b<mailto:a@b>>.
func written(s string) (desk.Address, bool) {
	s = linked.ReplaceAllString(strings.Trim(s, "*_ \t"), "")
	s = strings.NewReplacer("[mailto:", "<", "]", ">", "*", "").Replace(s)
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
