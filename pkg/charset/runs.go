package charset

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Kinds of labels: can valid UTF-8 also be text in the labelled charset?
const (
	namesNone     = iota // no: the label is vague, unknown or Western
	namesCyrillic        // yes, unless it contains a Cyrillic letter, a dash or a number sign
	namesOther           // yes, unless the second byte of a character is rare in other charsets
)

// teller tells UTF-8 from text in the labelled charset.
type teller struct {
	label string
	names int
}

func newTeller(label string) teller {
	enc := lookup(label)
	switch {
	case enc == nil || vague[label] || latinLabels[label] || strings.HasPrefix(label, "utf-") || isWideLabel(label):
		return teller{label, namesNone}
	case isCyrillicEnc(enc):
		return teller{label, namesCyrillic}
	}
	return teller{label, namesOther}
}

// sure reports whether valid UTF-8 beyond ASCII cannot be anything else. In a Cyrillic charset the same bytes are
// letters and signs that do not occur together, except in short words.
func (t teller) sure(b []byte) bool {
	const most = 2
	if t.names == namesNone {
		return true
	}
	n := 0
	for i, c := range b {
		switch {
		case c < 0xc0:
		case t.names == namesCyrillic && (c >= 0xd0 && c <= 0xd3 || c == 0xe2 && b[i+1] <= 0x8b):
			return true
		case t.names == namesOther && b[i+1] < 0xa0:
			return true
		default:
			n++
		}
	}
	return n > most
}

// mostly reports whether text is UTF-8 with a few broken characters, or begins with at least ten valid ones. Another
// charset would garble that part. With a label other than utf-8 it takes more valid characters.
func (t teller) mostly(b []byte) bool {
	const enough, long = 4, 10
	good, bad := 0, 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			if bad++; bad == 1 && good >= long {
				return true
			}
		} else if r >= 0x80 {
			good++
		}
		if b = b[n:]; bad > 0 && good+len(b)/2 <= 4*bad { // whatever the rest is
			return false
		}
	}
	return good > 4*bad && (t.label == "utf-8" || good >= enough)
}

func (t teller) is(b []byte) bool { return utf8.Valid(b) && t.sure(b) || t.mostly(b) }

// run is a range of lines that are all UTF-8 or all not.
type run struct {
	from, to int
	utf8     bool
}

// runsOf splits text where its lines change between UTF-8 and other bytes: mailing lists and gateways append a footer
// in their own charset. A line of ASCII belongs to the run before it.
func runsOf(b []byte, t teller) (runs []run) {
	from := 0
	for line := range bytes.Lines(b) {
		at := from
		from += len(line)
		if IsASCII(line) {
			continue
		}
		is, last := t.is(line), len(runs)-1
		switch {
		case last < 0:
			runs = append(runs, run{0, from, is})
		case runs[last].utf8 != is:
			runs[last].to = at
			runs = append(runs, run{at, from, is})
		}
	}
	if last := len(runs) - 1; last >= 0 {
		runs[last].to = len(b)
	}
	return runs
}

// joinRuns decodes each run by itself and appends the results to dst.
func joinRuns(dst, b []byte, runs []run, t teller) (text []byte, clean bool) {
	text, clean = dst, true
	if t.label == "utf-8" { // the lines that are not UTF-8 have no label of their own
		t.label = ""
	}
	for _, r := range runs {
		one := b[r.from:r.to]
		ok := utf8.Valid(one)
		if r.utf8 {
			text = appendValid(text, one)
		} else {
			text, ok = oneCharset(text, one, t)
		}
		clean = clean && ok
	}
	return withoutMark(text, len(dst)), clean
}
