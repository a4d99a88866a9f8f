package eml

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
)

// properties reads the MAPI properties of an attachment (MS-OXTNEF 2.1.3.4) up to the first invalid one.
func (t *tnef) properties(b []byte, f *tnefFile) {
	p := &props{b: b}
	for range min(p.u32(), 1000) {
		typ, id := p.u16(), p.u16()
		if id >= 0x8000 {
			p.name()
		}
		multi := typ&0x1000 != 0
		values := uint32(1)
		if multi || typ == 0x1e || typ == 0x1f || typ == 0x102 || typ == 0x0d {
			values = p.u32()
		}
		for range min(values, 1000) {
			v := p.value(typ &^ 0x1000)
			if p.bad {
				return
			}
			var s string
			switch typ {
			case 0x1e:
				s = t.narrow(v)
			case 0x1f:
				s = wide(v)
			case 0x102:
				f.setBytes(id, v)
				continue
			default:
				continue
			}
			f.set(id, s)
		}
		if p.bad {
			return
		}
	}
}

func (f *tnefFile) set(id uint16, s string) {
	switch {
	case id == propLongName && s != "":
		f.long = s
	case id == propDisplayName && f.long == "":
		f.long = s
	case id == propMimeTag:
		f.typ = typeName(parseMedia(s).value)
	case id == propContentID:
		f.cid = s
	case id == propBody:
		f.text = s
	}
}

func (f *tnefFile) setBytes(id uint16, b []byte) {
	switch id {
	case propHTML:
		f.page = b
	case propRTF:
		f.rtf = b
	}
}

// props is a cursor over MAPI properties; bad means that it ran past the end.
type props struct {
	b   []byte
	bad bool
}

func (p *props) take(n int) []byte {
	if n < 0 || n > len(p.b) {
		p.bad, p.b = true, nil
		return make([]byte, 8)
	}
	v := p.b[:n]
	p.b = p.b[n:]
	return v
}

func (p *props) u16() uint16 { return binary.LittleEndian.Uint16(p.take(2)) }
func (p *props) u32() uint32 { return binary.LittleEndian.Uint32(p.take(4)) }

// name skips the name of a named property: a GUID, and a number or a text.
func (p *props) name() {
	p.take(16)
	if p.u32() == 0 {
		p.take(4)
		return
	}
	p.sized()
}

func (p *props) sized() []byte {
	n := p.u32()
	if uint64(n) > uint64(len(p.b)) {
		p.bad, p.b = true, nil
		return nil
	}
	v := p.take(int(n))
	p.take(min(int(-n&3), len(p.b))) // padded to four bytes
	return v
}

func (p *props) value(typ uint16) []byte {
	switch typ {
	case 0x02, 0x03, 0x04, 0x0a, 0x0b:
		return p.take(4)
	case 0x05, 0x06, 0x07, 0x14, 0x40:
		return p.take(8)
	case 0x48:
		return p.take(16)
	case 0x1e, 0x1f, 0x102, 0x0d:
		return p.sized()
	}
	p.bad = true
	return nil
}

// digest is an unfinished SHA-256.
type digest struct{ hash.Hash }

func newDigest() digest { return digest{sha256.New()} }

func (d digest) hex() string { return hex.EncodeToString(d.Sum(nil)) }

// counter counts and hashes the bytes read through it.
type counter struct {
	r   io.Reader
	sum digest
	n   int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.sum.Write(p[:n])
	return n, err
}
