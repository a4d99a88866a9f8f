package eml

import (
	"bufio"
	"io"
	"sync"
)

// maxReused bounds the text a set of buffers keeps room for when its walk is over.
const maxReused = 256 << 10

// buffers are what a walk reads with. They are big beside most letters, so that one walk takes those of another. A walk
// reads one leaf at a time, so that one of each does.
type buffers struct {
	br    *bufio.Reader // of the message
	head  *bufio.Reader // of a header block
	b64   base64Reader
	qp    qpReader
	mixed mixedReader
	piece []byte // what is copied at a time
	text  []byte // of the piece of text being read

	begin [512]byte // the beginning of a text
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

// release leaves the buffers to the next walk. Nothing that was read may still point into them.
func (b *buffers) release() {
	b.br.Reset(nil)
	b.head.Reset(nil)
	b.b64.reset(nil)
	b.qp.reset(nil)
	b.mixed.reset(nil)
	if cap(b.text) > maxReused {
		b.text = nil
	}
	spare.Put(b)
}
