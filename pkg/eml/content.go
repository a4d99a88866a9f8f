package eml

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
)

// content reads a leaf to its end under the next number, and keeps up to limit bytes of it.
func (w *walker) content(r io.Reader, limit int) (n int, kept []byte, size int64, sum string) {
	n, done := w.number(&r)
	to := summed{capped: capped{limit: limit}, digest: sha256.New()}
	size, _ = io.CopyBuffer(&to, r, w.buf.piece)
	done()
	return n, to.b, size, to.sum()
}

// text reads a leaf like content, but what it keeps is valid until the next one only, and is summed up only where it is not
// all.
func (w *walker) text(r io.Reader, limit int) (n int, kept []byte, size int64, sum string) {
	n, done := w.number(&r)
	to := summed{capped: capped{b: w.buf.text[:0], limit: limit}}
	size, _ = io.CopyBuffer(&to, r, w.buf.piece)
	done()
	w.buf.text = to.b
	return n, to.b, size, to.sum()
}

// summed sums up what is written to it, and keeps its beginning.
type summed struct {
	capped
	digest hash.Hash // nil = only when there is more than its beginning
}

func (s *summed) Write(p []byte) (int, error) {
	if s.digest == nil && len(s.b)+len(p) > s.limit {
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

// number gives the leaf r a number, and lets what is read of it go out where it is the wanted one.
func (w *walker) number(r *io.Reader) (n int, done func()) {
	n = w.next
	w.next++
	if n != w.want {
		return n, func() {}
	}
	w.found = true
	tee := &teeOut{r: *r, w: w}
	*r = tee
	return n, func() { _, _ = io.Copy(io.Discard, tee) }
}

// teeOut is an io.TeeReader that goes on reading when writing fails, so that the walk stays in step.
type teeOut struct {
	r io.Reader
	w *walker
}

func (t *teeOut) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if n > 0 && t.w.outErr == nil {
		_, t.w.outErr = t.w.out.Write(p[:n])
	}
	return n, err
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
