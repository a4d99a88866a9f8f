package desk

import (
	"regexp"
	"strings"
)

var (
	mailAddress = regexp.MustCompile(`[\pL\pN._%+'-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)+`)
	labelled    = regexp.MustCompile(`^\*?[^:<>@\d]{1,24}\*?:(?:\s|$)`)
	decoration  = regexp.MustCompile(`^[>|\s*_]+`)
)

// attributed returns the address of whoever wrote the quoted letter, "" where the quote does not tell: the first address
// of an attribution line ("12.03.2024, Ivan <ivan@example.org> wrote:") or of the first line of a header block
// ("From: …"). Further lines of a block name the recipients. QUIRK: Outlook leaves the sender's address out within an
// organisation, but not the recipients'.
func attributed(quoted string) string {
	const most = 8
	looked := 0
	for line := range strings.Lines(quoted) {
		line = strings.TrimSpace(decoration.ReplaceAllString(line, ""))
		if line == "" {
			continue
		}
		if looked++; looked > most {
			return ""
		}
		addr := mailAddress.FindString(line)
		if addr != "" || labelled.MatchString(line) && !strings.HasSuffix(line, ":") {
			return addr
		}
	}
	return ""
}

var ownInText = regexp.MustCompile(`hd\.[0-9a-f]{32}\.[0-9a-f]{16}@[A-Za-z0-9.-]+`)

// mayBeBounce says whether a message may tell of a letter of ours that came back.
func (r *Rules) mayBeBounce(m *Message) bool {
	_, dsn := isDSN(m)
	return dsn || nullPath(m) || r.isSystem(systemLocal(m))
}

// ownInside returns the valid ids of our letters that a report names: in its parts, in its header, or in its text, where
// qmail and Exim put the returned letter.
func ownInside(m *Message, s Signer) []string {
	const most, deep = 20, 256 << 10
	var found []string
	seen := map[string]bool{}
	add := func(id string) {
		if _, _, valid := s.OwnID(id); valid && !seen[id] && len(found) < most {
			seen[id] = true
			found = append(found, id)
		}
	}
	if m.Report != nil {
		for _, id := range m.Report.OriginalID {
			add(id)
		}
	}
	for _, id := range replyIDs(m) {
		add(id)
	}
	for _, text := range []string{m.Plain, m.HTML} {
		for _, id := range ownInText.FindAllString(text[:min(len(text), deep)], 4*most) {
			add(id)
		}
	}
	return found
}
