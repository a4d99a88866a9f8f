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
	fields []desk.Field
	cut    bool // it was longer than allowed
}

func (h *head) get(name string) string {
	return desk.Header(h.fields).Get(name)
}

// header reads a header block, at the top of a message or of a part, however broken.
func (s *source) header(top bool) head {
	var block []byte
	var cut, long bool
	for {
		line, ok := s.line()
		if !ok {
			break
		}
		whole := bytes.HasSuffix(line, []byte("\n"))
		if bytes.IndexByte(line, 0) >= 0 {
			line = bytes.ReplaceAll(line, []byte{0}, nil)
		}
		if long { // the rest of a very long line
			block, cut = grow(block, line, cut)
			long = !whole
			continue
		}
		if len(block) == 0 && top {
			line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
		}
		if len(bytes.Trim(line, "\r\n")) == 0 || len(bytes.TrimSpace(line)) == 0 && len(block) == 0 {
			// QUIRK: blank lines before the header (mbox exports, hand-made scripts).
			if top && len(block) == 0 && !s.eof {
				continue
			}
			break
		}
		if mboxLine(line) {
			continue
		}
		if len(block) == 0 && !isField(line) {
			if s.giveBack(line, top) {
				break
			}
			continue
		}
		long = !whole
		block, cut = appendLine(block, line, cut)
	}
	return s.parseBlock(block, cut)
}

// giveBack returns a first line that is no field to the body, unless it is a stray one above the header of a message.
// QUIRK: a part, or a whole file, without any header begins with its text.
func (s *source) giveBack(line []byte, top bool) bool {
	first := bytes.Clone(line) // looking at the next line may overwrite this one
	if top && isField(s.peekLine()) {
		return false
	}
	s.pushed = first
	return true
}

// appendLine adds a line to the block. QUIRK: a line that is neither a field nor a continuation is folded onto the
// field before it; Exchange gateways and broken scripts wrap long values without indenting them.
func appendLine(block, line []byte, cut bool) ([]byte, bool) {
	if line[0] != ' ' && line[0] != '\t' {
		if len(block) > 0 && block[len(block)-1] != '\n' {
			block = append(block, '\r', '\n')
		}
		if !isField(line) {
			block = append(block, ' ')
		}
	} else if len(bytes.TrimSpace(line)) == 0 {
		return block, cut
	}
	return grow(block, line, cut)
}

func grow(block, line []byte, cut bool) ([]byte, bool) {
	if len(block)+len(line) > maxHeader {
		return block, true
	}
	return append(block, line...), cut
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

// repair makes all values valid UTF-8. Raw 8-bit letters of one header are taken to be of one charset, but for values in UTF-8
// that were cut inside of a letter.
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
