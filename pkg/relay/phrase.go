package relay

import (
	"encoding/base64"
	netmail "net/mail"
	"strings"
	"unicode/utf8"
)

// mostEncoded is how many bytes of text fit into one encoded word in base64, which has at most 75 characters (RFC 2047,
// 2).
const mostEncoded = 45

// written returns an address in the form for From. A name that is not ASCII becomes one encoded word if it fits, else
// as few as possible, split between its words.
//
// QUIRK: simple programs show the blank between two encoded words, although it belongs to neither (RFC 2047, 6.2).
// net/mail uses quoted-printable, which splits a name of twelve Cyrillic letters inside a word.
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

// pieces cuts a text into pieces of at most so many bytes, after a blank if possible.
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
