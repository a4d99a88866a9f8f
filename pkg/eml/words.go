package eml

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"helpdesk/pkg/charset"
	"helpdesk/pkg/glyph"
)

// encodedWord is RFC 2047 as it is really sent: blanks and 8-bit letters inside the text, a language behind the
// charset, the last word cut off.
var encodedWord = regexp.MustCompile(`=\?([^?\s]*)\?([bBqQ])\?([^?\r\n]*(?:\?[^=?\r\n]+)*)(\?=|\??$)`)

// decodeWords decodes the encoded words of s, wherever they stand. Neighbours of one charset are joined before they are
// decoded. QUIRK: many programs split a letter of several bytes between two words (bpeel/notbit#16), or the four
// letters of base64 that belong together.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	found := encodedWord.FindAllStringSubmatchIndex(s, -1)
	var out strings.Builder
	end := 0
	for i := 0; i < len(found); {
		m := found[i]
		label := wordCharset(s[m[2]:m[3]])
		if m[8]+2 != m[9] && (m[6] == m[7] || !charset.Names(label)) { // cut off, and nothing to be read
			i++
			continue
		}
		out.WriteString(s[end:m[0]])
		all := words{label: label}
		all.add(s[m[4]:m[5]], s[m[6]:m[7]])
		end = m[1]
		for i++; i < len(found); i++ {
			n := found[i]
			if strings.TrimSpace(s[end:n[0]]) != "" {
				break
			}
			if !strings.EqualFold(wordCharset(s[n[2]:n[3]]), label) {
				end = n[0] // the blanks between two words go, whatever their charsets (RFC 2047, 6.2)
				break
			}
			all.add(s[n[4]:n[5]], s[n[6]:n[7]])
			end = n[1]
		}
		all.flush()
		text, _ := charset.UTF8(all.raw, label)
		out.WriteString(text)
	}
	out.WriteString(s[end:])
	return out.String()
}

func wordCharset(s string) string {
	label, _, _ := strings.Cut(s, "*")
	return label
}

// words are neighbours of one charset. Those of one coding are joined before they are decoded.
type words struct {
	label string
	raw   []byte // decoded
	base  bool   // the coding of codes is base64
	codes []string
}

func (w *words) add(coding, text string) {
	base := strings.EqualFold(coding, "b")
	if base != w.base {
		w.flush()
	}
	w.base = base
	w.codes = append(w.codes, text)
}

// flush decodes the words that wait. Base64 that goes on in the next word is told from words without padding by what
// makes letters of the charset.
func (w *words) flush() {
	if !w.base {
		w.raw = appendQ(w.raw, strings.Join(w.codes, ""))
		w.codes = nil
		return
	}
	joined := appendB(nil, w.codes...)
	if !slices.ContainsFunc(w.codes, cutInside) {
		w.raw = append(w.raw, joined...)
		w.codes = nil
		return
	}
	var single []byte
	for _, code := range w.codes {
		single = appendB(single, code)
	}
	if broken(single, w.label) < broken(joined, w.label) {
		joined = single
	}
	w.raw = append(w.raw, joined...)
	w.codes = nil
}

// cutInside reports whether base64 ends within the four letters that belong together.
func cutInside(code string) bool {
	n := 0
	for i := range len(code) {
		if base64Values[code[i]] != 0xff {
			n++
		}
	}
	return n%4 != 0 && !strings.Contains(code, "=")
}

// broken counts the characters of a text that no text has.
func broken(raw []byte, label string) int {
	text, _ := charset.UTF8(raw, label)
	n := 0
	if strings.EqualFold(label, "utf-8") && !utf8.Valid(raw) {
		n = len(raw)
	}
	for _, r := range text {
		if r == utf8.RuneError || r < ' ' || r >= 0x7f && r < 0xa0 {
			n++
		}
	}
	return n
}

// appendB appends what pieces of base64 say that are one.
func appendB(dst []byte, codes ...string) []byte {
	var d base64Decoder
	for _, code := range codes {
		dst = d.decode(dst, []byte(code))
	}
	return d.flush(dst)
}

// appendQ appends what the Q coding of RFC 2047, 4.2, says.
func appendQ(dst []byte, text string) []byte {
	dst = slices.Grow(dst, len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '_':
			dst = append(dst, ' ')
		case text[i] == '=' && i+2 < len(text):
			b, ok := hexByte(text[i+1], text[i+2])
			if !ok {
				dst = append(dst, '=')
				continue
			}
			dst = append(dst, b)
			i += 2
		default:
			dst = append(dst, text[i])
		}
	}
	return dst
}

// oneLine decodes a header value and makes it one line.
func oneLine(s string) string { return glyph.Line(decodeWords(s)) }
