package relay

import (
	"encoding/base64"
	netmail "net/mail"
	"strings"
	"unicode/utf8"
)

// mostEncoded is how many bytes of text one encoded word holds in base64: it may be 75 characters long (RFC 2047, 2).
const mostEncoded = 45

// written returns an address as it stands in From. A name that is not ASCII is one encoded word where it fits, else
// as few as it takes, broken between its words.
//
// QUIRK: simple programs show a blank between encoded words, which belongs to neither (RFC 2047, 6.2); net/mail takes
// quoted-printable, which breaks a name of twelve Cyrillic letters within a word.
func written(a *netmail.Address) string {
	if ascii(a.Name) {
		return a.String()
	}
	const longest = 76 // of a line
	bare := (&netmail.Address{Address: a.Address}).String()
	line, all := "From: ", ""
	for _, piece := range append(pieces(a.Name, mostEncoded), "") {
		word := "=?utf-8?b?" + base64.StdEncoding.EncodeToString([]byte(piece)) + "?="
		if piece == "" {
			word = bare
		}
		if strings.TrimSpace(line) != "From:" && (piece != "" || len(line)+1+len(word) > longest) {
			all, line = all+line+"\r\n", ""
		}
		if line == "" || !strings.HasSuffix(line, " ") {
			line += " "
		}
		line += word
	}
	return strings.TrimPrefix(all+line, "From: ")
}

// pieces cuts a text into pieces of at most so many bytes, behind a blank where there is one.
func pieces(text string, most int) (all []string) {
	for len(text) > most {
		end := most
		for !utf8.RuneStart(text[end]) {
			end--
		}
		if blank := strings.LastIndexByte(text[:end], ' '); blank > 0 {
			end = blank + 1
		}
		all, text = append(all, text[:end]), text[end:]
	}
	return append(all, text)
}
