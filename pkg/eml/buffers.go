package eml

import (
	"bufio"
	"io"
	"sync"
)

// maxReused bounds a buffer for text, in bytes, that a set of buffers keeps after its walk.
const maxReused = 256 << 10

// buffers are the buffers of a walk. They are large compared with most letters, so walks reuse them. A walk reads one
// leaf at a time, so one buffer of each kind is enough.
type buffers struct {
	br    *bufio.Reader // for the message
	head  *bufio.Reader // for a header block
	b64   base64Reader
	qp    qpReader
	mixed mixedReader
	piece []byte // for copying
	text  []byte // for the current piece of text, as it was sent
	plain []byte // for the same in UTF-8

	begin [512]byte // for the beginning of a text
}

var spare = sync.Pool{New: func() any {
	return &buffers{br: bufio.NewReaderSize(nil, lineSize), head: bufio.NewReader(nil),
		qp: qpReader{br: bufio.NewReaderSize(nil, 8<<10)}, mixed: mixedReader{br: bufio.NewReaderSize(nil, 8<<10)},
		piece: make([]byte, 32<<10)}
}}

func takeBuffers(r io.Reader) *buffers {
	b := spare.Get().(*buffers)
	b.br.Reset(r)
	return b
}

// release returns the buffers for reuse. The results of the walk must not refer to them.
func (b *buffers) release() {
	b.br.Reset(nil)
	b.head.Reset(nil)
	b.b64.reset(nil)
	b.qp.reset(nil)
	b.mixed.reset(nil)
	for _, text := range []*[]byte{&b.text, &b.plain} {
		if cap(*text) > maxReused {
			*text = nil
		}
	}
	spare.Put(b)
}
