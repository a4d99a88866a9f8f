package relay

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	netmail "net/mail"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
)

const (
	maxSubject    = 250  // characters
	maxReferences = 1500 // characters of References; some servers refuse long ones
	maxID         = 400  // characters of one Message-ID: a header line has at most 998 (RFC 5322, 2.1.1)
	maxLine       = 998
)

var errLetter = errors.New("not a letter one can send")

// Compose returns the letter as 7-bit mail: one recipient in To, the others in Cc, text beside HTML, pictures and files
// attached. The same letter always gives the same bytes. Every error is fault.Never.
func Compose(l desk.Letter) ([]byte, error) {
	raw, err := compose(l)
	if err != nil {
		return nil, fault.New(fault.Never, fmt.Errorf("compose letter: %w", err))
	}
	return raw, nil
}

func compose(l desk.Letter) ([]byte, error) {
	m := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithEncoding(mail.EncodingB64))
	if err := head(m, l); err != nil {
		return nil, err
	}
	body(m, l)
	for _, p := range l.Inline {
		m.EmbedReadSeeker(fileName(p), bytes.NewReader(p.Content), partHeader(p, "inline"))
	}
	for _, p := range l.Files {
		m.AttachReadSeeker(fileName(p), bytes.NewReader(p.Content), partHeader(p, "attachment"))
	}
	var buf bytes.Buffer
	if _, err := m.WriteTo(&buf); err != nil {
		return nil, err
	}
	return finish(buf.Bytes(), l.MessageID)
}

// head fills the header.
func head(m *mail.Msg, l desk.Letter) error {
	from, err := address(l.From)
	if err != nil {
		return fmt.Errorf("from: %w", err)
	}
	to, err := address(l.To)
	if err != nil {
		return fmt.Errorf("to: %w", err)
	}
	switch {
	case !validID(l.MessageID):
		return fmt.Errorf("%w: its Message-ID is %q", errLetter, l.MessageID)
	case l.Date.IsZero():
		return fmt.Errorf("%w: it has no date", errLetter)
	case l.Text == "" && l.HTML == "":
		return fmt.Errorf("%w: it is empty", errLetter)
	}
	m.SetGenHeaderPreformatted("From", written(from))
	m.ToMailAddress(to)
	m.CcMailAddress(inCopy(l)...)
	m.Subject(glyph.Cut(glyph.Line(l.Subject), maxSubject))
	m.SetDateWithValue(l.Date)
	m.SetMessageIDWithValue(l.MessageID)
	if validID(l.InReplyTo) {
		m.SetGenHeader(mail.HeaderInReplyTo, "<"+l.InReplyTo+">")
	}
	if refs := references(l.References); refs != "" {
		m.SetGenHeader(mail.HeaderReferences, refs)
	}
	if l.Automatic != "" {
		m.SetGenHeader("Auto-Submitted", string(l.Automatic)) // RFC 3834, 5
		m.SetGenHeader("X-Auto-Response-Suppress", "All")
	}
	if loop := glyph.Line(l.Loop); loop != "" {
		m.SetGenHeader("X-Helpdesk-Loop", glyph.Cut(loop, maxSubject))
	}
	return nil
}

// inCopy returns the recipients in copy whose addresses are allowed in a header.
func inCopy(l desk.Letter) (all []*netmail.Address) {
	for _, c := range l.Cc {
		if a, err := address(c); err == nil && ascii(a.Address) {
			all = append(all, a)
		}
	}
	return all
}

// body fills in the text and its HTML.
func body(m *mail.Msg, l desk.Letter) {
	switch {
	case l.HTML == "":
		m.SetBodyString(mail.TypeTextPlain, canonical(l.Text), encoding(l.Text))
	case l.Text == "":
		m.SetBodyString(mail.TypeTextHTML, canonical(l.HTML), encoding(l.HTML))
	default:
		m.SetBodyString(mail.TypeTextPlain, canonical(l.Text), encoding(l.Text))
		m.AddAlternativeString(mail.TypeTextHTML, canonical(l.HTML), encoding(l.HTML))
	}
}

// encoding chooses the shorter encoding: base64 for Cyrillic text, quoted-printable, which people can read, for Latin
// text. Both give 7-bit bytes and short lines.
func encoding(text string) mail.PartOption {
	high := 0
	for i := range len(text) {
		if text[i] >= 0x80 {
			high++
		}
	}
	if high*6 > len(text) {
		return mail.WithPartEncoding(mail.EncodingB64)
	}
	return mail.WithPartEncoding(mail.EncodingQP)
}

// canonical ends each line with CRLF (RFC 2046, 4.1.1).
func canonical(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n")
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r", "\n"), "\n", "\r\n")
}

// validID reports whether an id without <> is allowed in a header.
func validID(id string) bool {
	return id != "" && len(id) <= maxID && ascii(id) && !strings.ContainsAny(id, " <>")
}

// references returns the valid ids in <>, up to the limit. It always keeps the first and the last, by which mail
// programs find the thread and the parent, and then the newest of the others.
func references(ids []string) string {
	var ok []string
	for _, id := range ids {
		if validID(id) {
			ok = append(ok, "<"+id+">")
		}
	}
	if len(ok) == 0 {
		return ""
	}
	n, from := len(ok[0]), len(ok)
	for from > 1 && (n+1+len(ok[from-1]) <= maxReferences) {
		from--
		n += 1 + len(ok[from])
	}
	return strings.Join(append(ok[:1:1], ok[from:]...), " ")
}

var (
	// QUIRK: go-mail folds the line before a long first word, directly behind the field's name; rspamd counts "From:"
	// with nothing behind it as a mark of spam (HEADER_FROM_EMPTY_DELIMITER).
	emptyFirst = lazy.Regexp(`(?m)^([A-Za-z-]+):\r\n[ \t]+`)
	boundary   = lazy.Regexp(`boundary=([0-9a-f]{60})\r\n`)
)

// finish makes go-mail's output depend on the letter alone, and checks its header. It modifies raw in place, since a
// letter may be long.
func finish(raw []byte, id string) ([]byte, error) {
	own(raw, id)
	end := bytes.Index(raw, []byte("\r\n\r\n"))
	if end < 0 {
		return nil, fmt.Errorf("%w: it has no header", errLetter)
	}
	if emptyFirst().Match(raw[:end]) {
		header := emptyFirst().ReplaceAll(raw[:end], []byte("$1: "))
		raw, end = append(header[:len(header):len(header)], raw[end:]...), len(header)
	}
	for l := range bytes.Lines(raw[:end]) {
		if len(l) > maxLine+2 {
			return nil, fmt.Errorf("%w: a line of its header has %d characters", errLetter, len(l))
		}
	}
	return raw, nil
}

// headers bounds the bytes in which all boundaries are declared: they come before any content.
const headers = 64 << 10

// own replaces the boundaries in raw by others of the same length that are derived from the letter's id. Nobody can
// know the id before the letter is sent, so no text can contain a boundary.
//
// QUIRK: go-mail accepts only one boundary and uses it for every level; without it go-mail generates random ones.
func own(raw []byte, id string) {
	for i, at := range boundary().FindAllSubmatchIndex(raw[:min(len(raw), headers)], -1) {
		old := bytes.Clone(raw[at[2]:at[3]])
		sum := sha256.Sum256([]byte(id + "\x00" + strconv.Itoa(i)))
		mine := []byte(hex.EncodeToString(sum[:])[:len(old)])
		for from := 0; ; from += len(mine) {
			n := bytes.Index(raw[from:], old)
			if n < 0 {
				break
			}
			from += n
			copy(raw[from:], mine)
		}
	}
}
