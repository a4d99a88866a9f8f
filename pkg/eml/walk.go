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

// noPart is the number of no attachment.
const noPart = -1

// walker goes through the parts of a message once, in their order, and gives each leaf a number. Parse and Extract walk
// alike, so that the numbers mean the same to both.
type walker struct {
	buf  *buffers
	src  *source
	msg  desk.Message
	hash hash.Hash

	next   int // number of the next leaf
	parts  int // entities seen
	want   int // the leaf whose content goes to out
	out    io.Writer
	outErr error
	found  bool

	drawn    int               // pictures met in pages
	pictures map[string]string // what they are called in the page, by their sums; made for the first

	segments []*segment
	spares   []spareText
	spared   int // bytes of them
	texts    int // bytes of text held
	report   *desk.Report
}

// segment is one stretch of the message's text, in one form or both.
type segment struct{ plain, html string }

// place is where in the message an entity stands.
type place struct {
	depth  int
	parent string   // media type of the multipart it is in
	index  int      // its place there
	alt    *segment // the alternative it is a form of
}

func newWalker(r io.Reader, want int, out io.Writer) *walker {
	buf := takeBuffers(r)
	return &walker{buf: buf, src: newSource(buf.br, buf.head), hash: sha256.New(), want: want, out: out}
}

// sum adds texts to the message's hash.
func (w *walker) sum(texts ...string) {
	for _, t := range texts {
		w.hash.Write(binary.BigEndian.AppendUint64(w.buf.piece[:0], uint64(len(t))))
		for len(t) > 0 { // in pieces: a hash takes no string
			n := copy(w.buf.piece, t)
			w.hash.Write(w.buf.piece[:n])
			t = t[n:]
		}
	}
}

// entity reads one part, or the whole message, from behind its header up to the next boundary.
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
		// QUIRK: the boundary of the header never comes; the text is all there is.
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
		w.skip() // what follows the end, unless it has parts of its own
	}
	if !closed && w.src.hit == noHit && w.src.open[own] != undeclared {
		w.degrade(desk.DegradedTruncated)
	}
	w.src.open = w.src.open[:own]
	if w.src.hit >= own {
		w.src.hit = noHit
	}
}

// rest takes all that remains of a message with too many parts as one attachment.
func (w *walker) rest() {
	w.degrade(desk.DegradedParts)
	w.src.open = w.src.open[:0]
	w.attach(&body{s: w.src}, part{h: &head{}, typ: "application/octet-stream", name: "rest.eml"}, 0)
}

// preamble reads up to the first boundary of a multipart, and returns the beginning of what was there. QUIRK: where the
// declared boundary is another than the one in use, the first line that looks like one is.
func (w *walker) preamble(own int) []byte {
	var kept []byte
	blank := true
	for {
		line, ok := w.src.line()
		if !ok {
			return kept
		}
		line = bytes.Clone(line) // looking at what follows may overwrite it
		if w.src.adopt(own, line) || blank && w.src.open[own] == undeclared && w.src.begin(own, line) {
			return kept
		}
		blank = blank && len(bytes.TrimSpace(line)) == 0
		if len(kept)+len(line) <= maxText {
			kept = append(kept, line...)
		}
	}
}

// skip reads up to the next boundary and returns the beginning of what was there.
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
