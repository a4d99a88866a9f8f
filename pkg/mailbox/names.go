package mailbox

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"helpdesk/pkg/lazy"
)

// listed matches a LIST response: attributes, separator, the name in one of its three forms, and an optional rest.
var listed = lazy.Regexp(
	`(?is)^\* (?:LIST|LSUB) \((?:\\?[!#$&'+,\-./0-9:;<=>?@A-Z^_|~]+(?: \\?[!#$&'+,\-./0-9:;<=>?@A-Z^_|~]+)*)?\) ` +
		`(?:(?-i:NIL)|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])") ` +
		`(?:"((?:[^"\\\r\n]|\\["\\])*)"|\{(\d+)\}\r\n|((?-i:[^(){ %*"\\\x00-\x1f\x7f-\x{10ffff}]+)))`)

// readableList reports whether go-imap can parse a LIST response and select the folder. QUIRK: go-imap ends the
// connection on a name in bad base64, a bare tab, or an attribute that is not an atom. Servers do list such folders if
// another program has created them.
func readableList(response []byte) bool {
	m := listed().FindSubmatchIndex(response)
	if m == nil {
		return false
	}
	rest := string(response[m[1]:])
	name := ""
	switch {
	case m[2] >= 0:
		name = unescape.Replace(string(response[m[2]:m[3]]))
	case m[4] >= 0:
		n, err := strconv.Atoi(string(response[m[4]:m[5]]))
		if err != nil || n > len(rest) {
			return false
		}
		name, rest = rest[:n], rest[n:]
	default:
		name = string(response[m[6]:m[7]])
	}
	return (rest == "\r\n" || rest == "\n" || strings.HasPrefix(rest, " (") && extended().MatchString(rest)) &&
		readableName(name)
}

// extended matches what follows the name in an extended list (RFC 5258), in the forms that servers use.
var extended = lazy.Regexp(
	`(?i)^ \((?:"(?:CHILDINFO|OLDNAME)" \("[A-Z0-9/._ -]*"(?: "[A-Z0-9/._ -]*")*\))?\)\r?\n$`)

var unescape = strings.NewReplacer(`\\`, `\`, `\"`, `"`)

var base64UTF7 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,").WithPadding(
	base64.NoPadding)

// readableName reports whether a folder's name is valid modified UTF-7 (RFC 9051, A.1) or plain UTF-8.
func readableName(name string) bool {
	if name == "" || !utf8.ValidString(name) {
		return false
	}
	encoded := false // an encoded piece precedes directly
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c < 0x20 || c == 0x7f {
			return false
		}
		if c != '&' {
			encoded = false
			continue
		}
		n := strings.IndexByte(name[i+1:], '-')
		if n < 0 || n > 0 && (encoded || !readablePiece(name[i+1:i+1+n])) {
			return false
		}
		encoded = n > 0
		i += n + 1
	}
	return true
}

// readablePiece reports whether base64 contains valid UTF-16 of characters that need encoding.
func readablePiece(piece string) bool {
	raw, err := base64UTF7.Strict().DecodeString(piece)
	if err != nil || len(raw) == 0 || len(raw)%2 != 0 {
		return false
	}
	var units []uint16
	for i := 0; i < len(raw); i += 2 {
		u := binary.BigEndian.Uint16(raw[i:])
		if u >= 0x20 && u <= 0x7e {
			return false
		}
		units = append(units, u)
	}
	for i := 0; i < len(units); i++ {
		if !utf16.IsSurrogate(rune(units[i])) {
			continue
		}
		if i+1 == len(units) || utf16.DecodeRune(rune(units[i]), rune(units[i+1])) == utf8.RuneError {
			return false
		}
		i++
	}
	return true
}
