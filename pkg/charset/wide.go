package charset

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// The byte order marks of UTF-16 and UTF-32.
const (
	mark16LE = "\xff\xfe"
	mark16BE = "\xfe\xff"
	mark32LE = "\xff\xfe\x00\x00"
	mark32BE = "\x00\x00\xfe\xff"
)

// wideOf returns the encoding of text in UTF-16 or UTF-32. It returns nil if the bytes are something else, whatever the
// label.
// QUIRK: 1C and Word label UTF-8 and 8-bit text as utf-16, because their meta elements say "unicode".
func wideOf(b []byte, label string) encoding.Encoding {
	begins := func(mark string) bool { return bytes.HasPrefix(b, []byte(mark)) }
	switch {
	case begins(mark32LE), begins(mark32BE):
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case begins(mark16LE), begins(mark16BE):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	zeros := zerosOf(b)
	if strings.HasPrefix(label, "utf-32") || label == "ucs-4" {
		switch quarter := min(len(b), judgedWide) / 4; {
		case quarter == 0 || len(b)%4 != 0:
		case zeros[0] == quarter && zeros[3] < quarter:
			return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
		case zeros[3] == quarter && zeros[0] < quarter:
			return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
		}
		return nil
	}
	even, odd := zeros[0]+zeros[2], zeros[1]+zeros[3]
	if few := len(b) < 4 || even+odd < min(len(b), judgedWide)*3/8 || even > 0 && odd > 0; few && !isWideLabel(label) {
		return nil
	}
	if !readsWide(b, even, odd) {
		return nil
	}
	if odd > even || odd == even && strings.HasSuffix(label, "le") {
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	}
	return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
}

func isWideLabel(label string) bool {
	return strings.HasPrefix(label, "utf-16") || label == "ucs-2" || label == "iso-10646-ucs-2"
}

// judgedWide is the number of bytes examined to find the byte order.
const judgedWide = 1000

// zerosOf counts the zero bytes at each of the four positions of a group. The high byte of a Cyrillic letter counts as
// zero.
func zerosOf(b []byte) (zeros [4]int) {
	for i, c := range b[:min(len(b), judgedWide)] {
		if c == 0 || c == 4 {
			zeros[i&3]++
		}
	}
	return zeros
}

// readsWide reports whether bytes can be UTF-16. Blanks and Cyrillic letters show in every other byte. Text without
// them, such as Chinese, counts as UTF-16 only if it contains no ASCII blanks or line ends.
func readsWide(b []byte, even, odd int) bool {
	if even+odd > 0 {
		return even != odd
	}
	return len(b)%2 == 0 && !bytes.ContainsAny(b, " \r\n\t<") && !utf8.Valid(b) &&
		russianScore(b) < scoreRussian*highBytes(b)
}
