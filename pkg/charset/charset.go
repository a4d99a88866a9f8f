// Package charset converts text of any charset to UTF-8. It trusts a label only as far as the bytes agree with it, and
// knows nothing of mail.
package charset

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/transform"
)

// aliases are labels in use that no index of charsets lists.
var aliases = map[string]string{
	"win-1251": "windows-1251", "win1251": "windows-1251", "windows1251": "windows-1251", "cp-1251": "windows-1251",
	"win": "windows-1251", "ms-cyrillic": "windows-1251", "ansi-1251": "windows-1251", "1251": "windows-1251",
	"win-1252": "windows-1252", "windows1252": "windows-1252", "iso8859-5": "iso-8859-5", "iso-8859-5-i": "iso-8859-5",
	"koi8": "koi8-r", "koi8r": "koi8-r", "koi8-ru": "koi8-u", "koi-8": "koi8-r", "iso-ir-111": "koi8-r",
	"dos-866": "ibm866", "dos866": "ibm866", "866": "ibm866", "cp-866": "ibm866", "alt": "ibm866",
	"maccyrillic": "x-mac-cyrillic", "mac-cyrillic": "x-mac-cyrillic",
	"cp65001": "utf-8", "utf-8-mac": "utf-8", "x-utf-8": "utf-8", "utf": "utf-8", "utf_8": "utf-8",
	"unicode-1-1-utf-8": "utf-8",
	"unicode-1-1-utf-7": "utf-7", "utf7": "utf-7", "x-unicode-1-1-utf-7": "utf-7",
	"ks_c_5601": "euc-kr", "x-gbk": "gbk", "cp936": "gbk", "gb18030-2000": "gb18030", "cp932": "shift_jis",
	"iso-2022-jp-1": "iso-2022-jp", "iso-2022-jp-2": "iso-2022-jp", "iso-2022-jp-ms": "iso-2022-jp",
}

// vague are labels that do not name a charset or are used for any text.
var vague = map[string]bool{
	"": true, "us-ascii": true, "ascii": true, "unknown-8bit": true, "unknown": true, "x-unknown": true,
	"default":        true,
	"x-user-defined": true, "none": true, "8bit": true, "7bit": true, "binary": true, "_autodetect": true,
	"ansi_x3.4-1968": true, "x-default": true, "undefined": true, "charset": true, "auto": true,
}

// latinLabels are labels that programs with Western settings put on Russian text.
var latinLabels = map[string]bool{
	"iso-8859-1":   true,
	"latin1":       true,
	"windows-1252": true,
	"cp1252":       true,
	"iso8859-1":    true,
	"iso-8859-15":  true,
}

// Names reports whether a label names a charset and is not one of the vague ones.
func Names(label string) bool {
	label = foldLabel(label)
	return !vague[label] && (label == "utf-7" || lookup(label) != nil)
}

func foldLabel(label string) string {
	l := strings.ToLower(strings.Trim(label, " \t\"'<>=;"))
	if a, ok := aliases[l]; ok {
		return a
	}
	if a, ok := aliases[strings.ReplaceAll(l, "_", "-")]; ok {
		return a
	}
	return l
}

// lookup returns the encoding for a label, or nil if the label is unknown.
func lookup(label string) encoding.Encoding {
	if e, err := htmlindex.Get(label); err == nil && e != encoding.Replacement {
		return e
	}
	if e, err := ianaindex.MIME.Encoding(label); err == nil && e != nil {
		return e
	}
	if e, err := ianaindex.IANA.Encoding(label); err == nil && e != nil {
		return e
	}
	return nil
}

// UTF8 decodes text with a charset label. The bytes outweigh the label: valid UTF-8 is UTF-8 under any label, and text
// with readable ASCII is not UTF-16. Otherwise letter frequency decides; if only some lines are UTF-8, each run of
// lines is decoded by itself. s is valid UTF-8; clean is false if characters had to be replaced.
func UTF8(b []byte, label string) (s string, clean bool) {
	s = inRoom(func(room []byte) []byte {
		room, clean = Append(room, b, label)
		return room
	})
	return s, clean
}

// Append appends text, decoded as by UTF8, to dst.
func Append(dst, b []byte, label string) (text []byte, clean bool) {
	label = foldLabel(label)
	if label == "utf-7" {
		return appendUTF7(dst, b)
	}
	if enc := wideOf(b, label); enc != nil {
		text = withoutMark(appendUsing(dst, enc, b), len(dst))
		return text, isClean(text[len(dst):])
	}
	if stateful(label) || bytes.Contains(b, []byte("\x1b$")) {
		if !stateful(label) {
			label = "iso-2022-jp"
		}
		text = appendUsing(dst, lookup(label), b)
		return text, isClean(text[len(dst):])
	}
	if IsASCII(b) {
		return append(dst, b...), true
	}
	t := newTeller(label)
	if utf8.Valid(b) && t.sure(b) {
		return append(dst, bytes.TrimPrefix(b, []byte(mark8))...), true
	}
	if runs := runsOf(b, t); len(runs) > 1 {
		return joinRuns(dst, b, runs, t)
	}
	return oneCharset(dst, b, t)
}

// mark8 is the byte order mark in UTF-8.
const mark8 = "\ufeff"

// withoutMark removes a byte order mark from the beginning of text[from:].
func withoutMark(text []byte, from int) []byte {
	if bytes.HasPrefix(text[from:], []byte(mark8)) {
		return append(text[:from], text[from+len(mark8):]...)
	}
	return text
}

// isClean reports whether no character of decoded text had to be replaced.
func isClean(text []byte) bool { return !bytes.Contains(text, []byte("\ufffd")) }

// oneCharset decodes 8-bit text in a single charset. The text is not valid UTF-8.
func oneCharset(dst, b []byte, t teller) (text []byte, clean bool) {
	if t.mostly(b) {
		return appendValid(dst, b), false
	}
	text = appendUsing(dst, fitting(b, t.label), b)
	return text, isClean(text[len(dst):])
}

// stateful reports whether a charset encodes all its characters in seven bits.
func stateful(label string) bool {
	return (strings.HasPrefix(label, "iso-2022") || strings.HasPrefix(label, "hz")) && lookup(label) != nil
}

// Raw returns the charset of unencoded 8-bit characters in a header. hint is the label of the body.
func Raw(b []byte, hint string) encoding.Encoding {
	hint = foldLabel(hint)
	if stateful(hint) || hint == "utf-7" {
		hint = ""
	}
	return fitting(b, hint)
}

// MostlyUTF8 reports whether text of unknown charset is UTF-8 with a few broken characters.
func MostlyUTF8(b []byte) bool { return newTeller("").mostly(b) }

// fitting returns the charset of 8-bit text that is not UTF-8: the labelled one if it fits, else the most likely one by
// letter frequency.
func fitting(b []byte, label string) encoding.Encoding {
	enc := lookup(label)
	if enc == nil || vague[label] || label == "utf-8" || strings.HasPrefix(label, "utf-") || latinLabels[label] ||
		isCyrillic(label) {
		return detect(b, enc, label)
	}
	if enc == encoding.Encoding(charmap.MacintoshCyrillic) {
		return enc
	}
	_, single := enc.(*charmap.Charmap)
	if fits := !strings.ContainsRune(Using(enc, b), utf8.RuneError); !fits && single ||
		russian(b, fits, single) && looksCyrillic(b) {
		return detect(b, nil, "")
	}
	return enc
}

// maxReused is the size in bytes up to which a decoding buffer is reused.
const maxReused = 256 << 10

// rooms are reusable buffers for decoding, since the length of the result is not known in advance.
var rooms = sync.Pool{New: func() any { b := make([]byte, 4<<10); return &b }}

// Codepage returns the encoding of a Windows code page, or nil if the number is unknown.
func Codepage(n uint32) encoding.Encoding {
	number := strconv.FormatUint(uint64(n), 10)
	for _, label := range []string{"windows-" + number, "ibm" + number, "cp" + number} {
		if e := lookup(foldLabel(label)); e != nil {
			return e
		}
	}
	return nil
}

// Using decodes b and replaces what cannot be decoded by U+FFFD.
func Using(enc encoding.Encoding, b []byte) string {
	return inRoom(func(room []byte) []byte { return appendUsing(room, enc, b) })
}

// inRoom returns as a string what fill appends to a reusable buffer.
func inRoom(fill func(room []byte) []byte) string {
	room := rooms.Get().(*[]byte)
	defer rooms.Put(room)
	out := fill((*room)[:0])
	if cap(out) <= maxReused {
		*room = out
	}
	return string(out)
}

// appendUsing is Using, but appends to dst.
func appendUsing(dst []byte, enc encoding.Encoding, b []byte) []byte {
	out, _, err := transform.Append(enc.NewDecoder(), dst, b)
	if err != nil {
		return appendValid(dst, b)
	}
	return out
}

// appendValid appends b to dst and replaces invalid UTF-8 by U+FFFD.
func appendValid(dst, b []byte) []byte { return append(dst, bytes.ToValidUTF8(b, []byte("\ufffd"))...) }

// IsASCII reports whether all bytes of b are below 0x80.
func IsASCII(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

func isCyrillic(label string) bool {
	enc := lookup(label)
	for _, c := range cyrillic {
		if enc == encoding.Encoding(c) {
			return true
		}
	}
	return enc == encoding.Encoding(charmap.KOI8U)
}
