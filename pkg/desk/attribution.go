package desk

import (
	"strings"

	"helpdesk/pkg/lazy"
)

var (
	mailAddress = lazy.Regexp(`[\pL\pN._%+'-]+@[\pL\pN-]+(?:\.[\pL\pN-]+)+`)
	labelled    = lazy.Regexp(`^\*?[^:<>@\d]{1,24}:\*?\s+\S`)
	moment      = lazy.Regexp(`\b\d{1,2}[:.]\d{2}\b|\b20\d\d\b`)
	decoration  = lazy.Regexp(`^[>|\s*_]+`)
)

// quoteLine is a line of a quote without its quote marks.
type quoteLine struct {
	text  string
	depth int  // number of > before the text
	apart bool // the line before is empty
}

func quoteLines(quoted string) []quoteLine {
	const most, wide = 80, 1000
	var lines []quoteLine
	apart := false
	for line := range strings.Lines(quoted) {
		line = line[:min(len(line), wide)]
		marks := decoration().FindString(line)
		text := strings.TrimSpace(line[len(marks):])
		if text != "" {
			lines = append(lines, quoteLine{text, strings.Count(marks, ">"), apart})
		}
		apart = text == ""
		if len(lines) == most {
			break
		}
	}
	return lines
}

// attributed returns the address of the writer of the outermost quoted letter if it is ours or a specialist's, else "".
// The address is in an attribution line ("12.03.2026, Ivan <ivan@example.org> wrote:") or in a line of a header block
// ("From: …"); the other lines of such a block name the recipients. The text that was cut may begin with a signature,
// which looks much like a header block but contains no time. QUIRK: Outlook leaves the sender's address out within an
// organisation, but not the recipients'.
func (r *Rules) attributed(quoted string) string {
	line, _ := r.attribution(quoted)
	return r.oursIn(line)
}

// attribution returns the line that names the writer of the outermost quoted letter. body is the number of non-blank
// lines above the quoted text. The line is "" if there is no attribution, or if a header block does not name the
// writer.
func (r *Rules) attribution(quoted string) (line string, body int) {
	lines := quoteLines(quoted)
	for i := 0; i < len(lines); i++ {
		if n := block(lines[i:]); n > 1 {
			if from, ok := r.author(lines[i : i+n]); ok {
				return from, i + n
			}
			i += n - 1
			continue
		}
		deeper := i+1 < len(lines) && lines[i+1].depth > lines[i].depth
		if !mailAddress().MatchString(lines[i].text) || !strings.HasSuffix(lines[i].text, ":") && !deeper ||
			r.others[label(lines[i].text)] {
			continue
		}
		return lines[i].text, i + 1
	}
	return "", 0
}

// author returns the line of a header block that names the writer; ok reports whether the lines are a header block at
// all. Mail programs put that line anywhere; in an unlisted language the first line is taken.
func (r *Rules) author(block []quoteLine) (line string, ok bool) {
	timed := false
	for _, l := range block {
		if r.from[label(l.text)] {
			return l.text, true
		}
		timed = timed || moment().MatchString(l.text)
	}
	if !timed {
		return "", false
	}
	if r.others[label(block[0].text)] {
		return "", true
	}
	return block[0].text, true
}

// label returns the text before the colon of a line, folded for comparison.
func label(line string) string {
	name, _, found := strings.Cut(line, ":")
	if !found {
		return ""
	}
	return strings.ToLower(strings.Trim(name, "*_ \t"))
}

func labelSet(list []string) map[string]bool {
	set := map[string]bool{}
	for _, l := range list {
		set[strings.ToLower(l)] = true
	}
	return set
}

// oursIn returns the first address in a line if it is ours or a specialist's, else "".
func (r *Rules) oursIn(line string) string {
	if addr := mailAddress().FindString(line); r.isOwn(addr) || r.isStaff(addr) {
		return addr
	}
	return ""
}

// block returns the number of labelled lines at the beginning of lines, up to an empty line.
func block(lines []quoteLine) int {
	n := 0
	for n < len(lines) && (n == 0 || !lines[n].apart) && labelled().MatchString(lines[n].text) &&
		!strings.HasSuffix(lines[n].text, ":") {
		n++
	}
	return n
}

var ownInText = lazy.Regexp(`hd\.[0-9a-f]{32}\.[0-9a-f]{16}@[A-Za-z0-9.-]+`)

// mayBeBounce reports whether a message may report that a letter of ours came back.
func (r *Rules) mayBeBounce(m *Message) bool {
	_, dsn := isDSN(m)
	return dsn || nullPath(m) || r.isSystem(systemLocal(m))
}

// ownInside returns the valid Message-IDs of our letters in a report. They are in its parts, in its header, or in its
// text, where qmail and Exim put the returned letter.
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
		for _, id := range ownInText().FindAllString(text[:min(len(text), deep)], 4*most) {
			add(id)
		}
	}
	return found
}
