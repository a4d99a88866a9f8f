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

// head is one header block: fields in order, names in canonical form, values unfolded but not decoded.
type head struct {
	fields  []desk.Field
	cut     bool // it exceeded the limit
	skipped bool // lines with words were skipped because they are not fields
}

func (h *head) get(name string) string {
	return desk.Header(h.fields).Get(name)
}

// header reads a header block of a message (top) or of a part, even an invalid one. A line is a field or its
// continuation, which begins with a blank. Any other line is skipped if fields follow, and otherwise begins the body.
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
			line = bytes.Clone(line) // reading ahead may overwrite it
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
		line = append(bytes.TrimRight(line, "\r\n"), '\r', '\n') // shorter than before
	}
	return line
}

// headerBlock collects the fields of a header.
type headerBlock struct {
	top     bool
	text    []byte
	known   int  // end of the last field with a known name
	skips   bool // the previous line was skipped, so its continuations are too
	words   bool // a skipped line contained words
	long    bool // the previous line continues
	cut     bool // some lines exceeded the limit
	ended   bool // a blank line ended the header
	isKnown bool // the current field has a known name
	ahead   int  // distance in bytes to the next field with a known name; 0 = unknown
}

// begun reports whether there has been a field.
func (b *headerBlock) begun() bool { return len(b.text) > 0 }

// take adds a line to the block. It returns false if the line is neither a field nor a continuation.
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

// strays reports whether a line that is not a field is followed by more of the header, and if so skips it.
func (b *headerBlock) strays(s *source, line []byte) bool {
	if b.begun() && b.fieldAhead(s, len(line)) || !b.begun() && b.top && isField(s.peekLine()) {
		b.skip(line)
		return true
	}
	return false
}

// skip omits a line. QUIRK: Exchange gateways and broken scripts wrap long values without indentation and write field
// names in their own language. Such a line cannot be assigned to a field.
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

// giveBack removes the last fields with unknown names from a header without a blank line after it: they belong to the
// text.
func (b *headerBlock) giveBack() []byte {
	if b.known == 0 || b.known == len(b.text) {
		return nil
	}
	rest := bytes.Clone(b.text[b.known:])
	b.text = b.text[:b.known]
	return rest
}

// hasWord reports whether a line contains a word: three letters or non-ASCII bytes in a row.
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

// fieldNames are the known field names, in addition to the prefixes in fieldFamilies.
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

// knownField reports whether a line is a field with a known name, for the header of a message (top) or of a part.
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

// aheadOfHeader is the distance in bytes within which further fields are searched.
const aheadOfHeader = 4 << 10

// fieldAhead reports whether a field with a known name follows the current line, which has n bytes. It does not search
// the same bytes twice.
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

// mboxLine reports whether a line is the separator of a mailbox file. QUIRK: some gateways leave it in the header,
// quoted or not.
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
	// The block now contains only fields and continuations, so only its end can cause an error.
	th, _ := textproto.ReadHeader(s.head)
	h := head{cut: cut, fields: make([]desk.Field, 0, th.Len())}
	for f := th.Fields(); f.Next(); {
		h.fields = append(h.fields, desk.Field{Name: f.Key(), Value: strings.TrimSpace(f.Value())})
	}
	return h
}

// repair makes all values valid UTF-8. All raw 8-bit values of a header are decoded with one charset, except UTF-8
// values cut within a character.
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
