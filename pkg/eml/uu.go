package eml

import (
	"bufio"
	"bytes"
	"io"
	"strings"

	"helpdesk/pkg/charset"
	"helpdesk/pkg/lazy"
)

var uuBegin = lazy.Regexp(`^begin(?:-base64)? [0-7]{3,4} (\S.*?)\s*$`)

// uuReader decodes the only uuencoded file of a part with that transfer encoding.
type uuReader struct {
	br    *bufio.Reader
	begun bool
	out   []byte
	done  bool
}

func newUUReader(r io.Reader) io.Reader { return &uuReader{br: bufio.NewReader(r)} }

func (u *uuReader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.done {
			return 0, io.EOF
		}
		line, err := u.br.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			err = nil
		}
		if err != nil {
			u.done = true
			if err != io.EOF {
				return 0, err
			}
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case bytes.HasPrefix(line, []byte("begin ")):
			u.begun = true
		case string(line) == "end":
			u.done = true
		case u.begun:
			u.out, _ = uuLine(u.out[:0], line)
		}
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

// uuLine appends the bytes of one line to dst. ok reports whether the line is well-formed.
func uuLine(dst, line []byte) (_ []byte, ok bool) {
	if len(line) == 0 {
		return dst, true // QUIRK: the closing line ` is often sent as an empty line
	}
	want := int(line[0]-' ') & 63
	if line[0] < ' ' || line[0] > '`' || len(line) > 100 || len(line)-1 < want {
		return dst, false
	}
	for i := 1; want > 0 && i < len(line); i += 4 {
		var q [4]byte
		for k := range q {
			if i+k < len(line) {
				if line[i+k] < ' ' || line[i+k] > '`' {
					return dst, false
				}
				q[k] = (line[i+k] - ' ') & 63
			}
		}
		group := []byte{q[0]<<2 | q[1]>>4, q[1]<<4 | q[2]>>2, q[2]<<6 | q[3]}
		n := min(want, 3)
		dst = append(dst, group[:n]...)
		want -= n
	}
	return dst, true
}

// uuFile is a file found inside a text.
type uuFile struct {
	name    string
	content []byte
}

// cutUU removes complete uuencoded files from a text.
func cutUU(text []byte) (rest []byte, files []uuFile) {
	if !bytes.Contains(text, []byte("begin ")) {
		return text, nil
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for i := 0; i < len(lines); i++ {
		m := uuBegin().FindSubmatch(bytes.TrimRight(lines[i], "\r\n"))
		if m == nil || len(files) >= 100 {
			rest = append(rest, lines[i]...)
			continue
		}
		content, used := uuBody(lines[i+1:])
		if used == 0 {
			rest = append(rest, lines[i]...)
			continue
		}
		name, _ := charset.UTF8(m[1], "")
		files = append(files, uuFile{strings.TrimSpace(name), content})
		i += used
	}
	return rest, files
}

// uuBody decodes lines up to "end" and returns their number, or 0 if they are not a file.
func uuBody(lines [][]byte) (content []byte, used int) {
	for i, line := range lines {
		line = bytes.TrimRight(line, "\r\n")
		if string(line) == "end" {
			return content, i + 1
		}
		var ok bool
		if content, ok = uuLine(content, line); !ok {
			return nil, 0
		}
	}
	return nil, 0
}
