package eml

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"strings"

	"helpdesk/pkg/desk"
)

// noPart is the number of a part that does not exist.
const noPart = -1

// walker visits the parts of a message once, in order, and numbers the leaves. Parse and Extract both use it, so their
// numbers agree.
type walker struct {
	buf  *buffers
	src  *source
	msg  desk.Message
	hash hash.Hash

	next   int // number of the next leaf
	parts  int // number of entities so far
	want   int // number of the leaf to write to out
	out    io.Writer
	outErr error
	found  bool

	drawn    int               // number of embedded pictures so far
	pictures map[string]string // ids of embedded pictures by their hash; allocated for the first one

	segments []*segment
	spares   []spareText
	spared   int // bytes of spare texts
	texts    int // bytes of text kept
	report   *desk.Report
}

// segment is one piece of the message's text, in one or both forms.
type segment struct{ plain, html string }

// place is the position of an entity in the message.
type place struct {
	depth  int
	parent string   // media type of the multipart around it
	index  int      // index in that multipart
	alt    *segment // the segment of the multipart/alternative around it
}

func newWalker(r io.Reader, want int, out io.Writer) *walker {
	buf := takeBuffers(r)
	return &walker{buf: buf, src: newSource(buf.br, buf.head), hash: sha256.New(), want: want, out: out}
}

// sum adds texts to the message's hash.
func (w *walker) sum(texts ...string) {
	for _, t := range texts {
		w.hash.Write(binary.BigEndian.AppendUint64(w.buf.piece[:0], uint64(len(t))))
		for len(t) > 0 { // in pieces, because hash.Hash has no WriteString
			n := copy(w.buf.piece, t)
			w.hash.Write(w.buf.piece[:n])
			t = t[n:]
		}
	}
}

// entity reads one part or the whole message, from the end of its header to the next boundary.
func (w *walker) entity(h *head, p place) {
	w.parts++
	ct := contentType(h.get("Content-Type"), p)
	if p.depth == 0 && (ct.value == "text/plain" || ct.value == "") {
		if boundary, ok := w.boundaryInside(); ok {
			w.multipart("multipart/mixed", boundary, p)
			return
		}
	}
	if !strings.HasPrefix(ct.value, "multipart/") {
		w.leaf(h, ct, p)
		return
	}
	if p.depth >= maxDepth {
		w.degrade(desk.DegradedDepth)
		w.attach(&body{s: w.src}, part{h: h, typ: "application/octet-stream", p: p}, 0)
		return
	}
	boundary := strings.TrimRight(ct.params["boundary"], " \t")
	if boundary == "" {
		boundary = undeclared
	}
	w.multipart(ct.value, boundary, p)
}

func (w *walker) multipart(typ, boundary string, p place) {
	own := len(w.src.open)
	w.src.open = append(w.src.open, boundary)
	inner := place{depth: p.depth + 1, parent: typ, alt: p.alt}
	if typ == "multipart/alternative" && p.alt == nil {
		inner.alt = &segment{}
		w.segments = append(w.segments, inner.alt)
	}
	preamble := w.preamble(own)
	if w.src.hit != own && len(bytes.TrimSpace(preamble)) > 0 {
		// QUIRK: the declared boundary never appears, so the text is all there is.
		pt := part{h: &head{}, typ: "text/plain", p: p}
		w.readText(pt, media{value: pt.typ, params: map[string]string{}}, bytes.NewReader(preamble))
	}
	closed := w.src.hit != noHit && w.src.hit != own
	for w.src.hit == own {
		closed = w.src.hitClose
		w.src.hit = noHit
		if !closed {
			if w.parts >= maxParts {
				w.rest()
				return
			}
			h := w.src.header(false)
			h.repair()
			if h.skipped {
				w.degrade(desk.DegradedLines)
			}
			w.entity(&h, inner)
			inner.index++
		}
		w.skip() // skips the epilogue, but not parts in it
	}
	if !closed && w.src.hit == noHit && w.src.open[own] != undeclared {
		w.degrade(desk.DegradedTruncated)
	}
	w.src.open = w.src.open[:own]
	if w.src.hit >= own {
		w.src.hit = noHit
	}
}

// rest reads the remainder of a message with too many parts as one attachment.
func (w *walker) rest() {
	w.degrade(desk.DegradedParts)
	w.src.open = w.src.open[:0]
	w.attach(&body{s: w.src}, part{h: &head{}, typ: "application/octet-stream", name: "rest.eml"}, 0)
}

// preamble reads up to the first boundary of a multipart and returns the beginning of the text before it. QUIRK: if the
// declared boundary differs from the one in use, the first line that looks like a boundary is used.
func (w *walker) preamble(own int) []byte {
	var kept []byte
	blank := true
	for {
		line, ok := w.src.line()
		if !ok {
			return kept
		}
		line = bytes.Clone(line) // reading ahead may overwrite it
		if w.src.adopt(own, line) || blank && w.src.open[own] == undeclared && w.src.begin(own, line) {
			return kept
		}
		blank = blank && len(bytes.TrimSpace(line)) == 0
		if len(kept)+len(line) <= maxText {
			kept = append(kept, line...)
		}
	}
}

// skip reads up to the next boundary and returns the beginning of the text before it.
func (w *walker) skip() []byte {
	var kept []byte
	for {
		line, ok := w.src.line()
		if !ok {
			return kept
		}
		if len(kept)+len(line) <= maxText {
			kept = append(kept, line...)
		}
	}
}
