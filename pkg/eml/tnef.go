package eml

import (
	"bufio"
	"encoding/binary"
	"io"
	"unicode/utf16"

	"golang.org/x/text/encoding"

	"helpdesk/pkg/charset"
	"helpdesk/pkg/desk"
)

// The attributes of MS-OXTNEF 2.1.3.2 that are used here, as type and number.
const (
	tnefSignature = 0x223E9F78
	attOemCode    = 0x00069007
	attRendData   = 0x00069002
	attTitle      = 0x00018010
	attData       = 0x0006800F
	attAttachment = 0x00069005
	attBody       = 0x0002800C
	attMsgProps   = 0x00069003
)

// MAPI properties of an attachment.
const (
	propDisplayName = 0x3001
	propLongName    = 0x3707
	propMimeTag     = 0x370E
	propContentID   = 0x3712
	propBody        = 0x1000
	propRTF         = 0x1009
	propHTML        = 0x1013
)

// maxAttribute bounds an attribute that is not the content of a file, in bytes.
const maxAttribute = 1 << 20

// tnefFile is one attachment of a winmail.dat.
type tnefFile struct {
	title, long string
	typ, cid    string
	n           int
	size        int64
	sum         string
	data        bool

	text      string // text of an attached message
	page, rtf []byte
}

// tnef reads a TNEF stream once, attribute by attribute.
type tnef struct {
	w     *walker
	br    *bufio.Reader
	codec encoding.Encoding
	files []tnefFile
	body  string   // text of the message itself
	props tnefFile // properties of the message itself
}

// openTNEF reads a winmail.dat and replaces it by its files. If it contains none or is invalid, it remains an
// attachment. Its number always comes before the numbers of its files.
func (w *walker) openTNEF(r io.Reader, pt part) {
	n, done := w.number(&r)
	count := &counter{r: r, sum: newDigest()}
	t := &tnef{w: w, br: bufio.NewReader(count)}
	ok := t.read()
	_, _ = io.Copy(io.Discard, t.br)
	done()
	for _, f := range t.files {
		ok = ok && f.data
	}
	t.spare(len(w.msg.Attachments))
	if !ok || len(t.files) == 0 {
		if !ok {
			w.degrade(desk.DegradedTNEF)
		}
		w.addAttachment(pt, n, count.n, count.sum.hex())
		return
	}
	for _, f := range t.files {
		name, typ := f.long, f.typ
		if name == "" {
			name = f.title
		}
		if typ == "" {
			typ = "application/octet-stream"
		}
		w.addAttachment(part{h: &head{}, typ: typ, name: name, p: pt.p}, f.n, f.size, f.sum)
		w.msg.Attachments[len(w.msg.Attachments)-1].ContentID = oneLine(f.cid)
	}
}

// read reads the attributes and reports whether all are well-formed.
func (t *tnef) read() bool {
	var start [6]byte
	if _, err := io.ReadFull(t.br, start[:]); err != nil || binary.LittleEndian.Uint32(start[:]) != tnefSignature {
		return false
	}
	for range 100000 {
		var h [9]byte // level, attribute, length
		_, err := io.ReadFull(t.br, h[:])
		switch {
		case err == io.EOF:
			return true
		case h[0] != 1 && h[0] != 2: // QUIRK: gateways pad the end with line ends or zeros
			return len(t.files) > 0 && (h[0] == '\r' || h[0] == '\n' || h[0] == 0)
		case err != nil:
			return false
		}
		id, size := binary.LittleEndian.Uint32(h[1:]), int64(binary.LittleEndian.Uint32(h[5:]))
		if !t.attribute(id, size) {
			return false
		}
		if _, err := t.br.Discard(2); err != nil { // skips the checksum, which several programs compute incorrectly
			return err == io.EOF
		}
	}
	return false
}

func (t *tnef) attribute(id uint32, size int64) bool {
	var last *tnefFile
	if len(t.files) > 0 {
		last = &t.files[len(t.files)-1]
	}
	body := io.LimitReader(t.br, size)
	switch {
	case id == attRendData:
		if len(t.files) >= maxParts {
			return false
		}
		t.files = append(t.files, tnefFile{})
	case id == attData && last != nil:
		n, _, got, sum := t.w.content(body, 0)
		last.n, last.size, last.sum, last.data = n, got, sum, true
		return got == size
	case id == attOemCode, id == attBody, id == attMsgProps, id == attTitle && last != nil,
		id == attAttachment && last != nil:
		b, err := io.ReadAll(io.LimitReader(body, maxAttribute))
		if err != nil {
			return false
		}
		t.small(id, b, last)
		size -= int64(len(b))
	}
	skipped, err := io.Copy(io.Discard, body)
	return err == nil && skipped == size
}

func (t *tnef) small(id uint32, b []byte, last *tnefFile) {
	switch id {
	case attOemCode:
		if len(b) >= 4 {
			t.codec = charset.Codepage(binary.LittleEndian.Uint32(b))
		}
	case attBody:
		t.body = t.narrow(b)
	case attMsgProps:
		t.properties(b, &t.props)
	case attTitle:
		last.title = t.narrow(b)
	case attAttachment:
		t.properties(b, last)
	}
}

// spare keeps the text of the message in case the letter has no other. Outlook sends its RTF text here.
func (t *tnef) spare(at int) {
	s := spareText{text: t.body, at: at, stays: true}
	switch {
	case s.text != "":
	case t.props.text != "":
		s.text = t.props.text
	case t.props.page != nil:
		s.html = true
		s.text, _ = t.w.buf.readable(t.props.page, media{params: map[string]string{}}, true)
	case t.props.rtf != nil:
		s.text = rtfText(unpackRTF(t.props.rtf))
	}
	if s.text = string(plainLines([]byte(s.text))); wordsIn(s.text, s.html) {
		t.w.spares = append(t.w.spares, s)
	}
}

// narrow decodes a NUL-terminated string in the code page of the stream.
func (t *tnef) narrow(b []byte) string {
	for i, c := range b {
		if c == 0 {
			b = b[:i]
			break
		}
	}
	if t.codec != nil && !charset.IsASCII(b) {
		return charset.Using(t.codec, b)
	}
	s, _ := charset.UTF8(b, "")
	return s
}

func wide(b []byte) string {
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		u := binary.LittleEndian.Uint16(b)
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}
