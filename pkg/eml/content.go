package eml

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// content reads a leaf to its end, gives it the next number, and returns up to limit bytes of it. Only Parse needs the
// hash, and the size of what is not kept.
func (w *walker) content(r io.Reader, limit int) (n int, kept []byte, size int64, sum string) {
	n, done := w.number(&r)
	to := summed{capped: capped{limit: limit}, unused: w.want != noPart}
	switch d, encoded := r.(*base64Reader); {
	case !to.unused:
		to.digest = sha256.New()
	case encoded && limit == 0: // not the wanted leaf, which number has wrapped
		r = d.src
	}
	size, _ = io.CopyBuffer(&to, r, w.buf.piece)
	done()
	return n, to.b, size, to.sum()
}

// textKind controls how a text is read.
type textKind struct {
	page   bool // HTML: data: pictures are removed
	summed bool // compute a hash even if the text fits in memory
}

// text reads a leaf like content, but kept is only valid until the next call.
func (w *walker) text(r io.Reader, kind textKind) (n int, kept []byte, size int64, sum string) {
	n = w.next
	w.next++
	to := summed{capped: capped{b: w.buf.text[:0], limit: maxText}}
	if kind.summed {
		to.digest = sha256.New()
	}
	var out io.Writer = &to
	if n == w.want {
		w.found = true
		out = io.MultiWriter(&to, sender{w})
	}
	if kind.page {
		cut := &pictures{w: w, to: out}
		_, _ = io.CopyBuffer(cut, r, w.buf.piece)
		cut.close()
		size = cut.size
		w.attachPictures(cut.found)
	} else {
		size, _ = io.CopyBuffer(out, r, w.buf.piece)
	}
	w.buf.text = to.b
	return n, to.b, size, to.sum()
}

// summed hashes what is written to it and keeps the beginning.
type summed struct {
	capped
	digest hash.Hash // nil = not needed so far: the text is within the limit
	unused bool      // no hash is needed
}

func (s *summed) Write(p []byte) (int, error) {
	if s.digest == nil && !s.unused && len(s.b)+len(p) > s.limit {
		s.digest = sha256.New()
		s.digest.Write(s.b)
	}
	if s.digest != nil {
		s.digest.Write(p) // it never fails
	}
	return s.capped.Write(p)
}

func (s *summed) sum() string {
	if s.digest == nil {
		return ""
	}
	return hex.EncodeToString(s.digest.Sum(nil))
}

// number gives the leaf r the next number. If it is the wanted leaf, everything read from r is also sent.
func (w *walker) number(r *io.Reader) (n int, done func()) {
	n = w.next
	w.next++
	if n != w.want {
		return n, func() {}
	}
	w.found = true
	tee := &teeOut{r: *r, w: w}
	*r = tee
	return n, func() {
		_, _ = io.Copy(io.Discard, tee)
		w.src.end() // nothing else is wanted
	}
}

// teeOut is an io.TeeReader that ignores write errors, so that the walk continues to count the same leaves.
type teeOut struct {
	r io.Reader
	w *walker
}

func (t *teeOut) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.w.send(p[:n])
	return n, err
}

// send writes content of the wanted leaf to the output.
func (w *walker) send(b []byte) {
	if len(b) > 0 && w.outErr == nil {
		_, w.outErr = w.out.Write(b)
	}
}

// sender is a writer that calls send. It never fails.
type sender struct{ w *walker }

func (s sender) Write(p []byte) (int, error) {
	s.w.send(p)
	return len(p), nil
}

// capped keeps the first bytes written to it.
type capped struct {
	b     []byte
	limit int
}

func (c *capped) Write(p []byte) (int, error) {
	room := c.limit - len(c.b)
	c.b = append(c.b, p[:min(room, len(p))]...)
	return len(p), nil
}
