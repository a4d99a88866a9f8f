package eml

import (
	"bufio"
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/textproto"

	"helpdesk/pkg/charset"
	"helpdesk/pkg/desk"
)

// head is one header block: fields in their order, names in canonical form, values unfolded and as raw as they came.
type head struct {
	fields  []desk.Field
	cut     bool // it was longer than allowed
	skipped bool // lines with words in it are no fields
}

func (h *head) get(name string) string {
	return desk.Header(h.fields).Get(name)
}

// header reads a header block, at the top of a message or of a part, however broken. A line is a field, or the
// continuation of one, which begins with a blank; what is neither is skipped where fields follow, and begins the body
// where none do.
func (s *source) header(top bool) head {
	b := headerBlock{top: top}
	for {
		line, ok := s.line()
		if !ok {
			break
		}
		whole := bytes.HasSuffix(line, []byte("\n"))
		line = plainHeaderLine(line)
		if b.long { // the rest of a very long line
			b.grow(line)
			b.long = !whole
			continue
		}
		if len(b.text) == 0 && top {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if len(bytes.Trim(line, "\r\n")) == 0 || len(bytes.TrimSpace(line)) == 0 && len(b.text) == 0 {
			// QUIRK: blank lines before the header (mbox exports, hand-made scripts).
			if top && len(b.text) == 0 && !s.eof {
				continue
			}
			b.ended = true
			break
		}
		if mboxLine(line) {
			continue
		}
		if !b.take(line) {
			line = bytes.Clone(line) // looking at what follows may overwrite it
			if b.strays(s, line) {
				continue
			}
			s.pushed = line
			break
		}
		b.long = !whole
	}
	if !b.ended {
		s.pushed = append(b.giveBack(), s.pushed...)
	}
	h := s.parseBlock(b.text, b.cut)
	h.skipped = b.words
	return h
}

// plainHeaderLine returns a line without NUL bytes. QUIRK: \r\r\n comes from programs that translate line ends twice.
func plainHeaderLine(line []byte) []byte {
	if bytes.IndexByte(line, 0) >= 0 {
		line = bytes.ReplaceAll(line, []byte{0}, nil)
	}
	if bytes.HasSuffix(line, []byte("\r\r\n")) {
		line = append(bytes.TrimRight(line, "\r\n"), '\r', '\n') // shorter than it was
	}
	return line
}

// headerBlock collects the fields of a header.
type headerBlock struct {
	top     bool
	text    []byte
	known   int  // where the last field of a name in use ends
	skips   bool // the line above was skipped, and its continuations are
	words   bool // some of what was skipped were words
	long    bool // the line above is not at its end
	cut     bool // there was more than is kept
	ended   bool // by a blank line
	isKnown bool // the field above has a name in use
	ahead   int  // where the next such field begins, in bytes from here; 0 = not known
}

// begun reports whether there has been a field.
func (b *headerBlock) begun() bool { return len(b.text) > 0 }

// take adds a line to the block, and reports whether it is part of it.
func (b *headerBlock) take(line []byte) bool {
	blank := line[0] == ' ' || line[0] == '\t'
	switch {
	case blank && b.begun() && b.skips:
		b.words = b.words || hasWord(line)
	case blank && b.begun():
		if len(bytes.TrimSpace(line)) > 0 {
			b.grow(line)
		}
	case isField(line):
		b.skips, b.isKnown = false, knownField(line, b.top)
		if b.begun() && b.text[len(b.text)-1] != '\n' {
			b.text = append(b.text, '\r', '\n')
		}
		b.grow(line)
	default:
		return false
	}
	if b.isKnown {
		b.known = len(b.text)
	}
	return true
}

// strays reports whether a line that is no field stands in a header that goes on below it, and leaves it out.
func (b *headerBlock) strays(s *source, line []byte) bool {
	if b.begun() && b.fieldAhead(s, len(line)) || !b.begun() && b.top && isField(s.peekLine()) {
		b.skip(line)
		return true
	}
	return false
}

// skip leaves a line out of the block. QUIRK: Exchange gateways and broken scripts wrap long values without indenting
// them, and write names of fields in their own language; what such a line belongs to can't be told.
func (b *headerBlock) skip(line []byte) {
	b.skips = true
	b.words = b.words || hasWord(line)
}

func (b *headerBlock) grow(line []byte) {
	if len(b.text)+len(line) > maxHeader {
		b.cut = true
		return
	}
	b.text = append(b.text, line...)
}

// giveBack takes the last fields of unknown names out of a header that no blank line ends: they are lines of the text.
func (b *headerBlock) giveBack() []byte {
	if b.known == 0 || b.known == len(b.text) {
		return nil
	}
	rest := bytes.Clone(b.text[b.known:])
	b.text = b.text[:b.known]
	return rest
}

// hasWord reports whether a word stands in a line: three letters, or bytes beyond ASCII, in a row.
func hasWord(line []byte) bool {
	n := 0
	for _, c := range line {
		if c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z' {
			if n++; n == 3 {
				return true
			}
		} else {
			n = 0
		}
	}
	return false
}

// fieldNames are the fields that messages have, besides those whose names begin as in fieldFamilies.
var fieldNames = names(`from to cc bcc subject date message-id in-reply-to references reply-to sender return-path received
	mime-version auto-submitted precedence importance priority sensitivity thread-topic thread-index delivered-to envelope-to
	errors-to user-agent organization feedback-id received-spf dkim-signature domainkey-signature authentication-results
	status comments keywords return-receipt-to mailing-list final-recipient action diagnostic-code original-message-id`)

var fieldFamilies = [][]byte{[]byte("content-"), []byte("x-"), []byte("resent-"), []byte("list-"), []byte("arc-"),
	[]byte("disposition-")}

func names(list string) map[string]bool {
	set := map[string]bool{}
	for _, name := range strings.Fields(list) {
		set[name] = true
	}
	return set
}

// knownField reports whether a line is a field of a name in use, at the top of a message or of a part.
func knownField(line []byte, top bool) bool {
	i := bytes.IndexByte(line, ':')
	name := bytes.ToLower(bytes.TrimRight(line[:i], " \t"))
	for _, family := range fieldFamilies {
		if bytes.HasPrefix(name, family) {
			return true
		}
	}
	return top && fieldNames[string(name)] || string(name) == "mime-version"
}

// aheadOfHeader is how far fields are looked for, in bytes.
const aheadOfHeader = 4 << 10

// fieldAhead reports whether a field of a name in use follows behind a line of that length. What has been seen ahead is
// not looked at again.
func (b *headerBlock) fieldAhead(s *source, n int) bool {
	if b.ahead -= n; b.ahead > 0 {
		return true
	}
	b.ahead = 0
	ahead, _ := s.br.Peek(aheadOfHeader)
	for line := range bytes.Lines(ahead) {
		if len(bytes.TrimSpace(line)) == 0 || s.closes(line) {
			return false
		}
		if isField(line) && knownField(line, b.top) {
			b.ahead++
			return true
		}
		b.ahead += len(line)
	}
	return false
}

// mboxLine recognises the separator of mailbox files. QUIRK: some gateways leave it, quoted or not, in the header.
func mboxLine(line []byte) bool {
	return bytes.HasPrefix(line, []byte("From ")) && !isField(line) || bytes.HasPrefix(line, []byte(">From "))
}

func isField(line []byte) bool {
	i := bytes.IndexByte(line, ':')
	if i <= 0 {
		return false
	}
	key := bytes.TrimRight(line[:i], " \t")
	for _, c := range key {
		if c < 33 || c > 126 {
			return false
		}
	}
	return len(key) > 0
}

func (s *source) parseBlock(block []byte, cut bool) head {
	if len(block) == 0 {
		return head{cut: cut}
	}
	if block[len(block)-1] != '\n' {
		block = append(block, '\r', '\n')
	}
	block = append(block, '\r', '\n')
	if s.head == nil {
		s.head = bufio.NewReader(nil)
	}
	s.head.Reset(bytes.NewReader(block))
	// The block holds only fields and continuations by now, so that an error can only come from its end.
	th, _ := textproto.ReadHeader(s.head)
	h := head{cut: cut, fields: make([]desk.Field, 0, th.Len())}
	for f := th.Fields(); f.Next(); {
		h.fields = append(h.fields, desk.Field{Name: f.Key(), Value: strings.TrimSpace(f.Value())})
	}
	return h
}

// repair makes all values valid UTF-8. Raw 8-bit letters of one header are taken to be of one charset, but for values
// in UTF-8 that were cut inside of a letter.
func (h *head) repair() {
	var raw []byte
	for i, f := range h.fields {
		switch {
		case utf8.ValidString(f.Value):
		case charset.MostlyUTF8([]byte(f.Value)):
			h.fields[i].Value = strings.ToValidUTF8(f.Value, "\ufffd")
		case len(raw) < 64<<10:
			raw = append(append(raw, f.Value...), '\n')
		}
	}
	if len(raw) == 0 {
		return
	}
	hint := parseMedia(h.get("Content-Type")).params["charset"]
	enc := charset.Raw(raw, hint)
	for i, f := range h.fields {
		if !utf8.ValidString(f.Value) {
			h.fields[i].Value = charset.Using(enc, []byte(f.Value))
		}
	}
}
