package eml

import (
	"slices"
	"strings"
	"unicode/utf8"

	"helpdesk/pkg/charset"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
)

// encodedWord matches RFC 2047 words as programs send them: with blanks and 8-bit characters inside, with a language
// after the charset, or with the last word cut off.
var encodedWord = lazy.Regexp(`=\?([^?\s]*)\?([bBqQ])\?([^?\r\n]*(?:\?[^=?\r\n]+)*)(\?=|\??$)`)

// decodeWords decodes the encoded words anywhere in s. It joins adjacent words of one charset before decoding. QUIRK:
// many programs split a multibyte character (bpeel/notbit#16) or a group of base64 between two words.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	found := encodedWord().FindAllStringSubmatchIndex(s, -1)
	var out strings.Builder
	end := 0
	for i := 0; i < len(found); {
		m := found[i]
		label := wordCharset(s[m[2]:m[3]])
		if m[8]+2 != m[9] && (m[6] == m[7] || !charset.Names(label)) { // cut off and unreadable
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
				end = n[0] // blanks between two words are dropped, whatever their charsets (RFC 2047, 6.2)
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

// words are adjacent words of one charset. Those of one encoding are joined before decoding.
type words struct {
	label string
	raw   []byte // decoded
	base  bool   // codes are base64
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

// flush decodes the pending words. If base64 ends within a group, it may continue in the next word or lack its padding.
// The variant with fewer broken characters is used.
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

// cutInside reports whether base64 ends within a group of four letters.
func cutInside(code string) bool {
	n := 0
	for i := range len(code) {
		if base64Values[code[i]] != 0xff {
			n++
		}
	}
	return n%4 != 0 && !strings.Contains(code, "=")
}

// broken counts the invalid characters in a text.
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

// appendB decodes pieces of base64 as one and appends the result.
func appendB(dst []byte, codes ...string) []byte {
	var d base64Decoder
	for _, code := range codes {
		dst = d.decode(dst, []byte(code))
	}
	return d.flush(dst)
}

// appendQ decodes the Q encoding of RFC 2047, 4.2, and appends the result.
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

// oneLine decodes a header value as one line.
func oneLine(s string) string { return glyph.Line(decodeWords(s)) }
