package quote

import (
	"strings"

	"helpdesk/pkg/glyph"
)

// picture replaces a picture in the text passed to says.
const picture = "\ufffc"

// says reports whether a text has content beyond a greeting, a closing, a signature, and references to answers
// elsewhere in the letter. A picture above the closing is content. Everything below the closing is ignored.
func (c *Cutter) says(text string) bool {
	opened := false // after a greeting or a reference a name is a signature
	for line := range strings.Lines(text) {
		line = glyph.Squeeze(plainBlanks(line))
		switch {
		case strings.Contains(line, picture):
			return true
		case fits(c.delimiters, line): // possibly a delimiter without words
		case !hasWords(line), len(line) <= maxLine && fits(c.signatures, line):
			continue
		case len(line) <= maxLine && fits(c.closings, line):
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

// onlyOpens reports whether each sentence of a line greets or refers to the answers.
func (c *Cutter) onlyOpens(line string) bool {
	const longest = 200 // bounds a sentence, in bytes
	before := ""
	for sentence := range strings.FieldsFuncSeq(line, endsSentence) {
		sentence = strings.Trim(sentence, betweenWords)
		switch {
		case sentence == "":
		case len(sentence) > longest:
			return false
		case !c.opens(sentence) && !fits(c.greetings, before+". "+sentence): // Dear Mr. Smith
			return false
		}
		before = sentence
	}
	return true
}

// betweenWords are the characters allowed around and between the words of a sentence.
const betweenWords = " ,:-–—*_"

// opens reports whether a sentence greets or refers to answers, as a whole or in each of its parts: "Ivan, my answers
// below".
func (c *Cutter) opens(sentence string) bool {
	plain := glyph.Squeeze(strings.Map(func(r rune) rune {
		if r != '-' && strings.ContainsRune(betweenWords+"«»\"()", r) {
			return ' '
		}
		return r
	}, strings.ReplaceAll(sentence, " - ", " ")))
	if fits(c.greetings, sentence) || fits(c.pointers, sentence) || fits(c.answers, sentence) ||
		fits(c.pointers, plain) {
		return true
	}
	first, rest, found := strings.Cut(sentence, ",")
	first, rest = strings.Trim(first, betweenWords), strings.Trim(rest, betweenWords)
	return found && (fits(c.greetings, first) || fits(c.pointers, first) || fits(c.names, first)) && c.opens(rest)
}

func endsSentence(r rune) bool { return r == '.' || r == '!' || r == ';' || r == '…' }
