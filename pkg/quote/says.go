package quote

import (
	"strings"

	"helpdesk/pkg/glyph"
)

// picture stands for a picture in a text that is asked what it says.
const picture = "\ufffc"

// says whether a text says something: it is more than a greeting, a closing, a signature, and words that point to the
// answers elsewhere in the letter. A picture above the closing says something; of what stands below it nothing does.
func (c *Cutter) says(text string) bool {
	opened := false // a greeting or a pointer was read: a name below it is a signature
	for line := range strings.Lines(text) {
		line = glyph.Squeeze(plainBlanks(line))
		switch {
		case strings.Contains(line, picture):
			return true
		case !hasWords(line), len(line) <= maxLine && fits(c.signatures, line):
			continue
		case len(line) <= maxLine && (fits(c.closings, line) || fits(c.delimiters, line)):
			return false
		case opened && len(line) <= maxLine && (fits(c.names, line) || fits(c.contacts, line)):
			continue
		case !c.onlyOpens(line):
			return true
		}
		opened = true
	}
	return false
}

// onlyOpens says whether each sentence of a line greets, or points to where the answers are.
func (c *Cutter) onlyOpens(line string) bool {
	const longest = 200 // bytes of a sentence that is looked at
	before := ""
	for sentence := range strings.FieldsFuncSeq(line, endsSentence) {
		sentence = strings.Trim(sentence, " ,:-–—*_")
		switch {
		case sentence == "":
		case len(sentence) > longest:
			return false
		case !fits(c.greetings, sentence) && !fits(c.pointers, sentence) && !fits(c.answers, sentence) &&
			!fits(c.greetings, before+". "+sentence): // Dear Mr. Smith
			return false
		}
		before = sentence
	}
	return true
}

func endsSentence(r rune) bool { return r == '.' || r == '!' || r == ';' || r == '…' }
