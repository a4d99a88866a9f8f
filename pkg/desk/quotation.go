package desk

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// quotation says whose letter is the outermost one that a message quotes.
type quotation int

const (
	quotesNone    quotation = iota // there is no quote
	quotesUnknown                  // the writer is unknown
	quotesOurs                     // our letter or a specialist's
	quotesParty                    // a letter of the sender, or of somebody who takes part in the ticket
	quotesThird                    // a letter of somebody else
)

// quotes finds out whose letter a message in a ticket quotes. Mail programs leave out addresses within an organisation.
// Then the name decides, or the fact that the message answers a letter of ours.
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

// partyTo reports whether the address is the sender's, the requester's, the one that answers go to, or that of somebody
// in copy.
func partyTo(t *Ticket, m *Message, addr string) bool {
	return addr == m.From.Key() || addr == t.Requester.Key() || addr == t.ReplyTo.Key() ||
		slices.Contains(t.Participants, addr)
}

func labelValue(line string) string {
	_, value, _ := strings.Cut(line, ":")
	return value
}

// foldName returns the words of a name, folded and sorted for comparison.
func foldName(name string) string {
	words := strings.FieldsFunc(foldSubject(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	slices.Sort(words)
	return strings.Join(words, " ")
}

// cutting says what a comment leaves out of a letter.
type cutting struct {
	whole     bool // nothing is left out: the ticket does not have the quoted letter yet
	quote     bool // a quote is left out that contains more than we have sent
	signature bool // a signature is left out that the ticket has not shown
}

// leavesOut finds out what a comment of the message leaves out. A quote of our own letter does not count as left out,
// unless the customer has written something into it.
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

// onlyRepeats reports whether every word of a quote, below the attribution line, occurs in what we have sent.
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

// nonBlank returns the non-blank lines of a quote without its quote marks.
func nonBlank(quoted string) []string {
	var lines []string
	for line := range strings.Lines(quoted) {
		if line = strings.TrimSpace(line[len(decoration().FindString(line)):]); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// words yields the folded words of a text that have at least two letters or digits. It skips what mail programs write
// for pictures and addresses.
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
	signaturesMax = 60 // signature lines that a ticket remembers
	lineDigits    = 12 // hex digits of a signature line's key
)

// signatureLines returns a key for each line of a signature.
func signatureLines(signature string) []string {
	var lines []string
	for _, line := range nonBlank(signature) {
		if folded := foldName(line); folded != "" {
			lines = append(lines, DeriveKey(folded)[:lineDigits])
		}
	}
	return lines
}

// shown records that the ticket shows a signature.
func (t *Ticket) shown(signature string) {
	for _, line := range signatureLines(signature) {
		if !slices.Contains(t.Signatures, line) {
			t.Signatures = append(t.Signatures, line)
		}
	}
	t.Signatures = t.Signatures[max(0, len(t.Signatures)-signaturesMax):]
}
