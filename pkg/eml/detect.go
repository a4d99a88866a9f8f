package eml

import (
	"sync"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// cyrillic are the charsets told apart by letter frequency, the likeliest first.
var cyrillic = []*charmap.Charmap{charmap.Windows1251, charmap.KOI8R, charmap.CodePage866, charmap.ISO8859_5}

// letterScore is 100·ln of the share in ‰ of each Russian letter, U+0430 to U+044F.
var letterScore = [32]int{
	438, 277, 382, 283, 340, 444, 224, 280, 430, 249, 355, 377, 347, 420, 470, 334,
	386, 400, 414, 326, 99, 227, 157, 267, 199, 128, -92, 294, 286, 117, 186, 300,
}

// Scores of what is not a small letter in its place.
const (
	scoreRareLetter  = -150 // letters of the neighbours' alphabets
	scoreMark        = 50   // quotation marks, dashes, the number sign
	scoreForeign     = -400 // anything else above ASCII
	scoreBrokenCase  = -300 // a capital right after a small letter
	scoreCapital     = -20
	scoreLabelled    = 600
	scorePseudoGraph = -500 // box drawing is rare in mail, and takes most of cp866
)

// detect returns the charset that fits 8-bit text best; labelled, which may be nil, gets the benefit of the doubt.
func detect(b []byte, labelled encoding.Encoding, label string) encoding.Encoding {
	if len(b) > 64<<10 {
		b = b[:64<<10]
	}
	cyr := isCyrillicEnc(labelled)
	if labelled != nil && !cyr && label != "utf-8" && !saysNothing[label] && !looksCyrillic(b) {
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

// judged is what a byte means in a charset.
type judged struct {
	upper, lower bool
	score        int
}

// judgements say it of every byte above ASCII, for each charset that is told by letter frequency.
var judgements = sync.OnceValue(func() map[*charmap.Charmap]*[256]judged {
	all := map[*charmap.Charmap]*[256]judged{}
	for _, c := range append([]*charmap.Charmap{charmap.KOI8U}, cyrillic...) {
		all[c] = new([256]judged)
		for x := 0x80; x < 0x100; x++ {
			r := c.DecodeByte(byte(x))
			all[c][x] = judged{unicode.IsUpper(r), unicode.IsLower(r), runeScore(unicode.ToLower(r))}
		}
	}
	return all
})

func frequency(b []byte, c *charmap.Charmap) int {
	table := judgements()[c]
	score, lowerBefore := 0, false
	for _, x := range b {
		if x < 0x80 {
			lowerBefore = x >= 'a' && x <= 'z'
			continue
		}
		j := &table[x]
		if j.upper {
			score += scoreCapital
			if lowerBefore {
				score += scoreBrokenCase
			}
		}
		score += j.score
		lowerBefore = j.lower
	}
	return score
}

func runeScore(r rune) int {
	switch {
	case r >= 0x430 && r <= 0x44f:
		return letterScore[r-0x430]
	case r == 0x451:
		return 70
	case r >= 0x450 && r <= 0x491:
		return scoreRareLetter
	case r == 0xa0, r == 0xab, r == 0xbb, r == 0xb0, r == 0xa7, r >= 0x2013 && r <= 0x2026, r == 0x2116:
		return scoreMark
	case r >= 0x2500 && r <= 0x259f:
		return scorePseudoGraph
	}
	return scoreForeign
}

// looksCyrillic tells Russian words, which consist of 8-bit letters, from Western ones, which hold a few among ASCII.
func looksCyrillic(b []byte) bool {
	single, run := 0, 0 // letters that stand alone between ASCII letters; letters in runs
	for i := 0; i < len(b); {
		if b[i] < 0x80 {
			i++
			continue
		}
		j := i
		for j < len(b) && b[j] >= 0x80 {
			j++
		}
		before := i > 0 && isLetter(b[i-1])
		after := j < len(b) && isLetter(b[j])
		if (before || after) && j-i <= 2 {
			single += j - i
		} else if j-i > 1 {
			run += j - i
		}
		i = j
	}
	return run >= single && run > 0 || single == 0 && run == 0 && len(b) < 4
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
