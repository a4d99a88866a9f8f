package eml

import (
	"regexp"
	"strings"

	"helpdesk/pkg/charset"
	"helpdesk/pkg/glyph"
)

// encodedWord is RFC 2047 as it is really sent: blanks and 8-bit letters inside the text, a language behind the charset.
var encodedWord = regexp.MustCompile(`=\?([^?\s]+)\?([bBqQ])\?([^?\r\n]*(?:\?[^=?\r\n]+)*)\?=`)

// decodeWords decodes the encoded words of s, wherever they stand. Neighbours of one charset are joined before they
// are decoded. QUIRK: many programs split a letter of several bytes between two words (bpeel/notbit#16).
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	found := encodedWord.FindAllStringSubmatchIndex(s, -1)
	var out strings.Builder
	end := 0
	for i := 0; i < len(found); {
		m := found[i]
		out.WriteString(s[end:m[0]])
		label := wordCharset(s[m[2]:m[3]])
		raw := wordBytes(s[m[4]:m[5]], s[m[6]:m[7]])
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
			raw = append(raw, wordBytes(s[n[4]:n[5]], s[n[6]:n[7]])...)
			end = n[1]
		}
		text, _ := charset.UTF8(raw, label)
		out.WriteString(text)
	}
	out.WriteString(s[end:])
	return out.String()
}

func wordCharset(s string) string {
	label, _, _ := strings.Cut(s, "*")
	return label
}

func wordBytes(encoding, text string) []byte {
	if strings.EqualFold(encoding, "b") {
		var d base64Decoder
		return d.flush(d.decode(nil, []byte(text)))
	}
	raw := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '_':
			raw = append(raw, ' ')
		case text[i] == '=' && i+2 < len(text):
			b, ok := hexByte(text[i+1], text[i+2])
			if !ok {
				raw = append(raw, '=')
				continue
			}
			raw = append(raw, b)
			i += 2
		default:
			raw = append(raw, text[i])
		}
	}
	return raw
}

// oneLine decodes a header value and makes it one line.
func oneLine(s string) string { return glyph.Line(decodeWords(s)) }
