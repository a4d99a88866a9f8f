package eml

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/lazy"
)

// Limits of embedded pictures.
const (
	maxPictures  = 100 // in one message
	longestIntro = 200 // bytes of a data: address before the picture
	sourceWithin = 40  // the attribute name is searched in this many bytes before an address
)

var (
	pictureMark  = []byte("data:image/")
	pictureIntro = lazy.Regexp(`(?i)^data:(image/[a-z0-9.+-]{1,40})(?:;[^,]*?)??(;\s*base64)?\s*,$`)
)

// pictures is a filter that removes embedded pictures, data: addresses (RFC 2397), from a page. Each becomes a file of
// the message, and the page refers to it by cid:. Pictures are not kept in memory. If one cannot be removed, its
// address remains without the picture.
type pictures struct {
	w     *walker
	to    io.Writer
	size  int64  // bytes passed on
	last  []byte // the last bytes passed on
	held  []byte // a possible beginning of a mark
	intro []byte // the address up to the picture; nil = not in an address
	quote byte   // the quotation mark around it; 0 = it ends at a blank or >
	now   *picture
	found []*picture
}

func (c *pictures) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		switch {
		case c.now != nil:
			p = c.content(p)
		case c.intro != nil:
			p = c.address(p)
		default:
			p = c.page(p)
		}
	}
	return n, nil
}

// close ends the page, even within an address.
func (c *pictures) close() {
	if c.now != nil {
		c.finish()
	}
	c.pass(c.intro)
	c.pass(c.held)
	c.intro, c.held = nil, nil
}

// pass passes on bytes of the page.
func (c *pictures) pass(b []byte) {
	_, _ = c.to.Write(b) // it never fails
	c.size += int64(len(b))
	c.last = append(c.last, b[max(0, len(b)-sourceWithin):]...)
	if n := len(c.last); n > sourceWithin {
		c.last = append(c.last[:0], c.last[n-sourceWithin:]...)
	}
}

// page searches for the next picture, and returns the bytes after its mark.
func (c *pictures) page(p []byte) []byte {
	if len(c.held) > 0 {
		p = append(c.held, p...)
		c.held = nil
	}
	i := bytes.Index(p, pictureMark)
	if i < 0 {
		half := halfMark(p)
		c.pass(p[:len(p)-half])
		c.held = bytes.Clone(p[len(p)-half:])
		return nil
	}
	c.pass(p[:i])
	if quote, ok := sourceOf(c.last); ok {
		c.quote, c.intro = quote, bytes.Clone(pictureMark)
	} else {
		c.pass(pictureMark)
	}
	return p[i+len(pictureMark):]
}

// halfMark returns the number of bytes at the end that may begin a mark.
func halfMark(p []byte) int {
	for n := min(len(p), len(pictureMark)-1); n > 0; n-- {
		if bytes.HasPrefix(pictureMark, p[len(p)-n:]) {
			return n
		}
	}
	return 0
}

// sourceOf reports whether the end of a page begins a src attribute, and returns the quotation mark around its value.
func sourceOf(end []byte) (quote byte, ok bool) {
	const blanks = " \t\r\n"
	end = bytes.TrimRight(end, blanks)
	if n := len(end) - 1; n >= 0 && (end[n] == '"' || end[n] == '\'') {
		quote, end = end[n], bytes.TrimRight(end[:n], blanks)
	}
	end, ok = bytes.CutSuffix(end, []byte("="))
	end = bytes.TrimRight(end, blanks)
	n := len(end) - len("src")
	if !ok || n < 1 || !bytes.EqualFold(end[n:], []byte("src")) {
		return 0, false
	}
	return quote, strings.IndexByte(blanks+`"'/`, end[n-1]) >= 0 // but not data-src
}

// ends reports whether the address ends before this byte.
func (c *pictures) ends(b byte) bool {
	if c.quote != 0 {
		return b == c.quote
	}
	return b == '>' || b == ' ' || b == '\t' || b == '\r' || b == '\n'
}

// address reads up to the comma before a picture.
func (c *pictures) address(p []byte) []byte {
	for i, b := range p {
		if c.ends(b) || len(c.intro) > longestIntro {
			c.pass(c.intro)
			c.intro = nil
			return p[i:]
		}
		if c.intro = append(c.intro, b); b != ',' {
			continue
		}
		if m := pictureIntro().FindSubmatch(c.intro); m != nil {
			c.now = c.w.newPicture(strings.ToLower(string(m[1])), len(m[2]) > 0)
		} else {
			c.pass(c.intro)
			c.intro = nil
		}
		return p[i+1:]
	}
	return nil
}

// content reads a picture up to its end.
func (c *pictures) content(p []byte) []byte {
	end := 0
	for end < len(p) && !c.ends(p[end]) && (!c.now.base64 || p[end] != '<') {
		end++
	}
	c.now.add(p[:end])
	if end < len(p) {
		c.finish()
	}
	return p[end:]
}

// finish ends a picture. The same picture may occur in a page many times.
func (c *pictures) finish() {
	pic := c.now
	c.now = nil
	pic.end()
	if pic.n == noPart || pic.size == 0 {
		c.pass(c.intro)
		c.intro = nil
		return
	}
	id, again := c.w.pictures[pic.hash()]
	if !again {
		if c.w.pictures == nil {
			c.w.pictures = map[string]string{}
		}
		id = fmt.Sprintf("image%d.%s@page.invalid", len(c.w.pictures)+1, pic.extension())
		c.w.pictures[pic.hash()] = id
		pic.id = id
		c.found = append(c.found, pic)
	}
	c.pass([]byte("cid:" + id))
	c.intro = nil
}

// attachPictures attaches the pictures found in a page.
func (w *walker) attachPictures(found []*picture) {
	for _, f := range found {
		name, _, _ := strings.Cut(f.id, "@")
		h := &head{fields: []desk.Field{{Name: "Content-Id", Value: "<" + f.id + ">"}}}
		w.addAttachment(part{h: h, typ: f.typ, name: name}, f.n, f.size, f.hash())
	}
}

// picturesLeft reports whether a page still contains embedded pictures.
func picturesLeft(page string) bool {
	for {
		before, after, found := strings.Cut(page, string(pictureMark))
		if !found {
			return false
		}
		if _, ok := sourceOf([]byte(before[max(0, len(before)-sourceWithin):])); ok {
			return true
		}
		page = after
	}
}
