package eml

import (
	"bytes"
	"strconv"

	"golang.org/x/text/encoding"

	"helpdesk/pkg/charset"
)

// rtfHidden are the RTF groups without text of the document.
var rtfHidden = names(`fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr footerf
	listtable listoverridetable rsidtbl generator themedata colorschememapping datastore latentstyles xmlnstbl fldinst filetbl
	revtbl mmathPr bkmkstart bkmkend`)

// rtfSigns are the control words that represent text.
var rtfSigns = map[string]string{"par": "\n", "line": "\n", "sect": "\n", "page": "\n", "row": "\n", "tab": "\t",
	"cell":   "\t",
	"emdash": "\u2014", "endash": "\u2013", "lquote": "\u2018", "rquote": "\u2019", "ldblquote": "\u201c",
	"rdblquote": "\u201d",
	"bullet":    "\u2022", "~": "\u00a0", "_": "-", "{": "{", "}": "}", "\\": "\\"}

// rtfGroup is the state that ends with a group.
type rtfGroup struct {
	hidden bool
	skip   int // number of replacement characters after a Unicode character, for readers without Unicode
}

// rtf extracts the text of RTF 1.9.
type rtf struct {
	rtfGroup
	stack []rtfGroup
	codec encoding.Encoding
	out   []byte
	bytes []byte // undecoded bytes in the code page
	left  int    // replacement characters still to skip
}

// rtfText returns the text of an RTF document without formatting.
func rtfText(b []byte) string {
	r := &rtf{rtfGroup: rtfGroup{skip: 1}, codec: charset.Codepage(1252)}
	for i := 0; i < len(b); {
		switch c := b[i]; c {
		case '{':
			if len(r.stack) < maxDepth*10 {
				r.stack = append(r.stack, r.rtfGroup)
			}
			i++
		case '}':
			if n := len(r.stack); n > 0 {
				r.rtfGroup, r.stack = r.stack[n-1], r.stack[:n-1]
			}
			i++
		case '\\':
			i += r.control(b[i+1:]) + 1
		case '\r', '\n', 0:
			i++
		default:
			r.char(c)
			i++
		}
	}
	r.flush()
	return string(bytes.TrimSpace(plainLines(r.out)))
}

// control reads what follows a backslash and returns its length.
func (r *rtf) control(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	if c := b[0] | 0x20; c < 'a' || c > 'z' {
		return r.symbol(b)
	}
	n := 0
	for n < len(b) && n < 32 && b[n]|0x20 >= 'a' && b[n]|0x20 <= 'z' {
		n++
	}
	word, from := string(b[:n]), n
	for n < len(b) && n < from+11 && (b[n] >= '0' && b[n] <= '9' || n == from && b[n] == '-') {
		n++
	}
	param, err := strconv.Atoi(string(b[from:n]))
	if n < len(b) && b[n] == ' ' {
		n++
	}
	r.word(word, param, err == nil)
	if word == "bin" && err == nil && param > 0 {
		n += min(param, len(b)-n)
	}
	return n
}

// symbol reads a control symbol and returns its length.
func (r *rtf) symbol(b []byte) int {
	switch c := b[0]; {
	case c == '\'' && len(b) >= 3:
		if x, ok := hexByte(b[1], b[2]); ok {
			r.char(x)
		}
		return 3
	case c == '*':
		r.hidden = true
	case c == '\r' || c == '\n':
		r.text("\n")
	default:
		r.text(rtfSigns[string(c)])
	}
	return 1
}

func (r *rtf) word(word string, param int, given bool) {
	switch {
	case word == "ansicpg" && given:
		if codec := charset.Codepage(uint32(param)); codec != nil {
			r.codec = codec
		}
	case word == "uc" && given:
		r.skip = param
	case word == "u" && given:
		r.text(string(rune(uint16(param))))
		r.left = r.skip
	case rtfHidden[word]:
		r.hidden = true
	case rtfSigns[word] != "":
		r.text(rtfSigns[word])
	}
}

// char reads one byte in the code page.
func (r *rtf) char(c byte) {
	if r.left > 0 {
		r.left--
		return
	}
	if !r.hidden {
		r.bytes = append(r.bytes, c)
	}
}

func (r *rtf) text(s string) {
	r.left = 0
	if r.flush(); !r.hidden {
		r.out = append(r.out, s...)
	}
}

// flush decodes the pending bytes.
func (r *rtf) flush() {
	if len(r.bytes) > 0 {
		r.out = append(r.out, charset.Using(r.codec, r.bytes)...)
		r.bytes = r.bytes[:0]
	}
}

// rtfBegin is the initial dictionary of compressed RTF (MS-OXRTFCP 2.1.2.1).
const rtfBegin = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript " +
	"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par " +
	"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// unpackRTF decompresses the RTF of Outlook's messages (MS-OXRTFCP) up to the first invalid part.
func unpackRTF(b []byte) []byte {
	const header, window, packed = 16, 4096, "LZFu"
	if len(b) < header {
		return nil
	}
	kind := string(b[8:12])
	if b = b[header:]; kind != packed {
		return b
	}
	var dict [window]byte
	at := copy(dict[:], rtfBegin)
	var out []byte
	put := func(c byte) {
		out = append(out, c)
		dict[at] = c
		at = (at + 1) % window
	}
	for len(b) > 0 && len(out) < maxText {
		flags := b[0]
		b = b[1:]
		for bit := range 8 {
			switch {
			case len(b) == 0:
				return out
			case flags>>bit&1 == 0:
				put(b[0])
				b = b[1:]
				continue
			case len(b) < 2:
				return out
			}
			token := int(b[0])<<8 | int(b[1])
			b = b[2:]
			from := token >> 4
			if from == at { // the end
				return out
			}
			for range token&15 + 2 {
				put(dict[from])
				from = (from + 1) % window
			}
		}
	}
	return out
}
