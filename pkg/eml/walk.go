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
	texts    int // bytes of text held
	report   *desk.Report
	events   []event
}

// segment is one stretch of the message's text, in one form or both.
type segment struct{ plain, html string }

// event is a calendar entry, for a message that has no other text.
type event struct{ line string }

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
	ct := parseMedia(h.get("Content-Type"))
	ct.value = salvageType(ct.value, p)
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
		// QUIRK: the boundary is missing or empty; the first line that could be one is.
		line := bytes.TrimSpace(w.src.peekLine())
		if !bytes.HasPrefix(line, []byte("--")) || len(line) < 3 || len(line) > 200 {
			w.leaf(h, media{value: "text/plain", params: map[string]string{}}, p)
			return
		}
		boundary = string(line[2:])
	}
	w.multipart(ct.value, boundary, p)
}

// salvageType makes a media type of what stands there.
func salvageType(t string, p place) string {
	if p.parent == "multipart/digest" && t == "" {
		return "message/rfc822"
	}
	major, minor, found := strings.Cut(t, "/")
	switch {
	case t == "" || t == "text" || t == "text/":
		return "text/plain" // RFC 2045, 5.2
	case t == "plain" || t == "html":
		return "text/" + t
	case !found && t == "multipart":
		return "multipart/mixed"
	case !found || major == "" || minor == "" || strings.ContainsAny(t, " \t\"<>,@"):
		return "application/octet-stream"
	}
	return t
}

func (w *walker) multipart(typ, boundary string, p place) {
	own := len(w.src.open)
	w.src.open = append(w.src.open, boundary)
	inner := place{depth: p.depth + 1, parent: typ, alt: p.alt}
	if typ == "multipart/alternative" && p.alt == nil {
		inner.alt = &segment{}
		w.segments = append(w.segments, inner.alt)
	}
	preamble := w.skip()
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
	if !closed && w.src.hit == noHit {
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
