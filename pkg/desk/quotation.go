package desk

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// quotation says whose letter a message quotes: the outermost one.
type quotation int

const (
	quotesNone    quotation = iota // there is no quote
	quotesUnknown                  // nothing says whose it is
	quotesOurs                     // ours or a specialist's
	quotesParty                    // the writer's, or that of somebody who takes part in the ticket
	quotesThird                    // somebody else's
)

// quotes finds out whose letter is quoted in a message that belongs to a ticket. Mail programs leave addresses out
// within an organisation; then the name tells, and whether the message answers a letter of ours.
func (w *weighing) quotes() quotation {
	if w.m.Quoted == "" {
		return quotesNone
	}
	line, _ := w.r.attribution(w.m.Quoted)
	switch addr := mailAddress().FindString(line); {
	case line == "":
		return quotesUnknown
	case w.r.oursIn(line) != "":
		return quotesOurs
	case addr != "" && partyTo(w.found, w.m, FoldAddress(addr)):
		return quotesParty
	case addr != "":
		return quotesThird
	case w.known != nil && w.known.link.Origin != FromCustomer, w.r.ownNames[foldName(labelValue(line))]:
		return quotesOurs
	case foldName(labelValue(line)) == foldName(w.m.From.Name),
		foldName(labelValue(line)) == foldName(w.found.Requester.Name):
		return quotesParty
	}
	return quotesThird
}

// partyTo reports whether the address is the writer's, the requester's or that of somebody in copy.
func partyTo(t *Ticket, m *Message, addr string) bool {
	return addr == m.From.Key() || addr == t.Requester.Key() || addr == t.ReplyTo.Key() ||
		slices.Contains(t.Participants, addr)
}

func labelValue(line string) string {
	_, value, _ := strings.Cut(line, ":")
	return value
}

// foldName returns the words of a name as they are compared: in lower case, in one order.
func foldName(name string) string {
	words := strings.FieldsFunc(foldSubject(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	slices.Sort(words)
	return strings.Join(words, " ")
}

// cutting is what a comment leaves out of a letter.
type cutting struct {
	whole     bool // nothing: its quote is somebody's letter that the ticket does not have
	quote     bool // a quote, in which there is more than what we have sent
	signature bool // a signature that the ticket has not shown
}

// leavesOut finds out what a comment of the message leaves out. Our own letter below it is nothing that a specialist
// misses, as long as the customer has written nothing into it.
func (w *weighing) leavesOut() (c cutting) {
	if !w.m.QuoteCut && w.m.Signature == "" {
		return c
	}
	whose := w.quotes()
	if w.m.QuoteCut && whose == quotesThird {
		return cutting{whole: true}
	}
	c.quote = w.m.QuoteCut && !(whose == quotesOurs && w.r.onlyRepeats(w.m.Quoted, w.found.Sent))
	c.signature = slices.ContainsFunc(signatureLines(w.m.Signature), func(l string) bool {
		return !slices.Contains(w.found.Signatures, l)
	})
	return c
}

// onlyRepeats reports whether each word of a quote, below the line that says whose it is, stands in what we have sent.
func (r *Rules) onlyRepeats(quoted, sent string) bool {
	if sent == "" {
		return false
	}
	said := map[string]bool{}
	for word := range words(sent) {
		said[word] = true
	}
	_, body := r.attribution(quoted)
	for i, line := range nonBlank(quoted) {
		if i < body {
			continue
		}
		for word := range words(line) {
			if !said[word] {
				return false
			}
		}
	}
	return true
}

// nonBlank returns the lines of a quote that are not blank, without its marks.
func nonBlank(quoted string) []string {
	var lines []string
	for line := range strings.Lines(quoted) {
		if line = strings.TrimSpace(line[len(decoration().FindString(line)):]); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// words yields the words of two letters or digits and more, folded. What programs make of pictures and addresses is
// none.
func words(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, field := range strings.Fields(text) {
			if strings.HasPrefix(field, "[cid:") || strings.Contains(field, "<mailto:") {
				continue
			}
			for word := range strings.FieldsFuncSeq(foldSubject(field), func(r rune) bool {
				return !unicode.IsLetter(r) && !unicode.IsDigit(r)
			}) {
				if utf8.RuneCountInString(word) > 1 && !yield(word) {
					return
				}
			}
		}
	}
}

const (
	signaturesMax = 60 // lines of signatures that a ticket remembers
	lineDigits    = 12 // hex digits that stand for one
)

// signatureLines returns what stands for the lines of a signature.
func signatureLines(signature string) []string {
	var lines []string
	for _, line := range nonBlank(signature) {
		if folded := foldName(line); folded != "" {
			lines = append(lines, DeriveKey(folded)[:lineDigits])
		}
	}
	return lines
}

// shown notes that the ticket shows a signature.
func (t *Ticket) shown(signature string) {
	for _, line := range signatureLines(signature) {
		if !slices.Contains(t.Signatures, line) {
			t.Signatures = append(t.Signatures, line)
		}
	}
	t.Signatures = t.Signatures[max(0, len(t.Signatures)-signaturesMax):]
}
