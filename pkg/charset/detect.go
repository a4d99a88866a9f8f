package charset

import (
	"sync"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// cyrillic are the charsets that letter frequency tells apart, the most likely first.
var cyrillic = []*charmap.Charmap{charmap.Windows1251, charmap.KOI8R, charmap.CodePage866, charmap.ISO8859_5}

// Scores of characters that are not Russian letters, or are in the wrong place.
const (
	scoreRareLetter  = -150 // letters of the neighbours' alphabets
	scoreIo          = -150
	scoreMark        = 50   // quotation marks, dashes, the number sign
	scoreForeign     = -400 // anything else above ASCII
	scoreBrokenCase  = -300 // a capital right after a small letter
	scoreCapital     = -20
	scoreUsual       = 100 // windows-1251, the charset of programs that send no label
	scoreLabelled    = 600
	scorePseudoGraph = -500 // box drawing is rare in mail and fills most of cp866
)

// judgedBytes bounds the part of a text that is examined, in bytes.
const judgedBytes = 64 << 10

// detect returns the charset that fits 8-bit text best. The labelled charset gets a bonus; it may be nil.
func detect(b []byte, labelled encoding.Encoding, label string) encoding.Encoding {
	b = b[:min(len(b), judgedBytes)]
	cyr := isCyrillicEnc(labelled)
	if labelled != nil && !cyr && label != "utf-8" && !vague[label] && !looksCyrillic(b) {
		return labelled
	}
	if !cyr && !looksCyrillic(b) {
		return charmap.Windows1252
	}
	var best *charmap.Charmap
	top := 0
	for _, c := range cyrillic {
		if c == charmap.KOI8R && labelled == encoding.Encoding(charmap.KOI8U) {
			c = charmap.KOI8U
		}
		score := frequency(b, c)
		if c == charmap.Windows1251 {
			score += scoreUsual
		}
		if encoding.Encoding(c) == labelled {
			score += scoreLabelled + 20*highBytes(b)
		}
		if best == nil || score > top {
			best, top = c, score
		}
	}
	return best
}

func highBytes(b []byte) int {
	n := 0
	for _, c := range b {
		if c >= 0x80 {
			n++
		}
	}
	return n
}

func isCyrillicEnc(enc encoding.Encoding) bool {
	for _, c := range cyrillic {
		if enc == encoding.Encoding(c) {
			return true
		}
	}
	return enc == encoding.Encoding(charmap.KOI8U)
}

// judgement is what the bytes of a charset say. What stands before a byte counts as its letter, twice: after a small
// letter the capitals score differently.
type judgement struct {
	scores [2 * (letterCount + 1)][256]int16 // of a byte, by what stands before it
	is     [256]uint8                        // what a byte is to the next one
}

// judgements contains the judgement for each charset in question.
var judgements = sync.OnceValue(func() map[*charmap.Charmap]*judgement {
	all := map[*charmap.Charmap]*judgement{}
	for _, c := range append([]*charmap.Charmap{charmap.KOI8U}, cyrillic...) {
		all[c] = new(judgement)
		for x := range 0x100 {
			all[c].set(byte(x), c.DecodeByte(byte(x)))
		}
	}
	return all
})

// set fills in what a byte says that stands for r.
func (j *judgement) set(x byte, r rune) {
	letter, score := wordEnd, 0
	if x >= 0x80 {
		letter, score = runeScore(unicode.ToLower(r))
	}
	upper := x >= 0x80 && unicode.IsUpper(r)
	if upper {
		score += scoreCapital
	}
	for before := range j.scores {
		j.scores[before][x] = int16(score) + pairScores()[before/2][letter]
		if lower := before%2 == 1; lower && upper {
			j.scores[before][x] += scoreBrokenCase
		}
	}
	j.is[x] = uint8(2 * letter)
	if unicode.IsLower(r) {
		j.is[x]++
	}
}

// frequency scores text in a charset by the likelihood of its letter pairs and by the use of capitals.
func frequency(b []byte, c *charmap.Charmap) int {
	j := judgements()[c]
	score, before := 0, uint8(2*wordEnd)
	for _, x := range b {
		score += int(j.scores[before][x])
		before = j.is[x]
	}
	return score + int(j.scores[before][' '])
}

// runeScore returns the index of a small Russian letter, or the score of any other character.
func runeScore(r rune) (letter, score int) {
	switch {
	case r >= 0x430 && r <= 0x44f:
		return int(r - 0x430), 0
	case r == 0x451:
		return 5, scoreIo
	case r >= 0x450 && r <= 0x491:
		return wordEnd, scoreRareLetter
	case r == 0xa0, r == 0xab, r == 0xbb, r == 0xb0, r == 0xa7, r >= 0x2013 && r <= 0x2026, r == 0x2116:
		return wordEnd, scoreMark
	case r >= 0x2500 && r <= 0x259f:
		return wordEnd, scorePseudoGraph
	}
	return wordEnd, scoreForeign
}

// Text counts as Russian if its score per letter reaches a threshold in windows-1251 or koi8-r. Asian and other text
// decoded this way stays below.
const (
	scoreRussian = 440
	// threshold if the label does not fit, or for a longer text under an Asian label, where few pairs are Russian
	scoreRussianLess   = 350
	lettersRussian     = 6
	lettersUnfit       = 4   // the least number of letters if a two-byte charset does not fit
	lettersAsian       = 8   // number of letters from which a text counts as longer
	scoreRussianInside = 400 // inside a word with Latin letters
)

// russian reports whether text labelled as another script is Russian. fits means that the text decodes under its label;
// single means that the label is a single-byte charset.
func russian(b []byte, fits, single bool) bool {
	b = b[:min(len(b), judgedBytes)]
	n := highBytes(b)
	need, least := scoreRussian, lettersRussian
	if !fits || !single && n >= lettersAsian {
		need = scoreRussianLess
	}
	if !fits && !single {
		least = lettersUnfit
	}
	return n >= least && russianScore(b) >= need*n
}

// russianScore returns the higher score of the two charsets in which Russian is written.
func russianScore(b []byte) int {
	return max(frequency(b, charmap.Windows1251), frequency(b, charmap.KOI8R))
}

// looksCyrillic tells Russian words, which consist of 8-bit letters, from Western words, which mix a few with ASCII.
func looksCyrillic(b []byte) bool {
	western, russian := 0, 0 // number of 8-bit letters in words of each kind
	for i := 0; i < len(b); {
		if b[i] < 0x80 && !isLetter(b[i]) {
			i++
			continue
		}
		begin, ascii := i, 0
		for ; i < len(b) && (b[i] >= 0x80 || isLetter(b[i])); i++ {
			if b[i] < 0x80 {
				ascii++
			}
		}
		switch n := i - begin - ascii; {
		case ascii == 0 && n > 1:
			russian += n
		case ascii > 0 && n > ascii && n > 2 && russianScore(b[begin:i]) >= scoreRussianInside*n:
			russian += n
		case ascii > 0:
			western += n
		}
	}
	return russian >= western && russian > 0 || western == 0 && russian == 0 && len(b) < 4
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
