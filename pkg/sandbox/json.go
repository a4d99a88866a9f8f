package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// parseJSON reads an object or a list and keeps the order of its keys. It reads by itself what encoding/json would read
// token by token, since the largest requests are one string after the other.
func parseJSON(raw []byte) (*Params, error) {
	if !utf8.Valid(raw) {
		return nil, fmt.Errorf("read JSON: not UTF-8")
	}
	r := &jsonReader{raw: raw}
	v, err := r.value(0)
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if r.space(); r.at != len(raw) {
		return nil, fmt.Errorf("read JSON: more than one value")
	}
	p, ok := v.(*Params)
	if !ok {
		return nil, fmt.Errorf("read JSON: neither object nor list")
	}
	return p, nil
}

const deepest = 10_000 // as encoding/json

var errNoJSON = errors.New("not JSON")

// jsonReader reads JSON from where it stands.
type jsonReader struct {
	raw []byte
	at  int
}

func (r *jsonReader) space() {
	for r.at < len(r.raw) && (r.raw[r.at] == ' ' || r.raw[r.at] == '\n' || r.raw[r.at] == '\t' || r.raw[r.at] == '\r') {
		r.at++
	}
}

// next says whether c comes next, and steps over it.
func (r *jsonReader) next(c byte) bool {
	r.space()
	if r.at < len(r.raw) && r.raw[r.at] == c {
		r.at++
		return true
	}
	return false
}

func (r *jsonReader) value(depth int) (any, error) {
	r.space()
	if r.at == len(r.raw) || depth > deepest {
		return nil, errNoJSON
	}
	switch r.raw[r.at] {
	case '{':
		return r.members('}', depth)
	case '[':
		return r.members(']', depth)
	case '"':
		return r.text()
	}
	return r.word()
}

// members reads what stands between brackets, with names where the brackets are an object's.
func (r *jsonReader) members(end byte, depth int) (any, error) {
	r.at++
	p := &Params{}
	if r.next(end) {
		return p, nil
	}
	for {
		name := ""
		if end == ']' {
			name = strconv.Itoa(len(p.keys))
		} else {
			var err error
			if r.space(); r.at == len(r.raw) || r.raw[r.at] != '"' {
				return nil, errNoJSON
			}
			if name, err = r.text(); err != nil || !r.next(':') {
				return nil, errNoJSON
			}
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		p.set(name, v)
		if r.next(end) {
			return p, nil
		}
		if !r.next(',') {
			return nil, errNoJSON
		}
	}
}

// text reads a string.
func (r *jsonReader) text() (string, error) {
	begin, escaped := r.at+1, false
	for r.at++; r.at < len(r.raw); r.at++ {
		switch c := r.raw[r.at]; {
		case c == '"':
			r.at++
			if !escaped {
				return string(r.raw[begin : r.at-1]), nil
			}
			return unquote(r.raw[begin : r.at-1])
		case c == '\\':
			escaped = true
			r.at++
		case c < ' ':
			return "", errNoJSON
		}
	}
	return "", errNoJSON
}

var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unquote replaces the escapes in a string without its quotes.
func unquote(s []byte) (string, error) {
	b := make([]byte, 0, len(s))
	for {
		plain, rest, found := bytes.Cut(s, []byte{'\\'})
		b = append(b, plain...)
		if !found {
			return string(b), nil
		}
		s = rest[1:]
		if c, ok := escapes[rest[0]]; ok {
			b = append(b, c)
			continue
		}
		unit, ok := hex4(s)
		if rest[0] != 'u' || !ok {
			return "", errNoJSON
		}
		s = s[4:]
		if utf16.IsSurrogate(unit) { // half of a character, or of none
			low, whole := rune(0), false
			if len(s) > 2 && s[0] == '\\' && s[1] == 'u' {
				low, whole = hex4(s[2:])
			}
			if unit = utf16.DecodeRune(unit, low); whole && unit != utf8.RuneError {
				s = s[6:]
			}
		}
		b = utf8.AppendRune(b, unit)
	}
}

func hex4(s []byte) (n rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for _, c := range s[:4] {
		digit := unhex(c)
		if digit < 0 {
			return 0, false
		}
		n = n<<4 | rune(digit)
	}
	return n, true
}

// word reads a number, true, false or null.
func (r *jsonReader) word() (any, error) {
	n := bytes.IndexAny(r.raw[r.at:], ",]} \n\t\r")
	if n < 0 {
		n = len(r.raw) - r.at
	}
	word := r.raw[r.at : r.at+n]
	r.at += n
	switch string(word) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	case "null":
		return nil, nil
	}
	if !json.Valid(word) || word[0] == '"' {
		return nil, errNoJSON
	}
	return json.Number(word), nil
}
