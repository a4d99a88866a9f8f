package bitrix

import (
	"fmt"
	"strconv"
	"strings"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/lazy"
)

// Param is one named value of a call: a string, an integer, a bool, a list of strings or integers, a file, or Params.
type Param struct {
	Name  string
	Value any
}

// Params are the values of a call in their order.
//
// QUIRK: task.commentitem.* uses its values by position and ignores their names
// (settings/how-to-call-rest-api/data-encoding), so a Go map, which is sorted by key, would break the call.
type Params []Param

// With returns Params with one value.
func With(name string, value any) Params { return Params{{name, value}} }

// With returns p with another value appended.
func (p Params) With(name string, value any) Params { return append(p, Param{name, value}) }

// File is sent as a list of a name and the content in base64.
type File struct {
	Name    string
	Content []byte
}

// MarshalJSON encodes an object with its members in the order of p.
func (p Params) MarshalJSON() ([]byte, error) { return p.appendJSON(nil) }

// appendJSON writes every value once. With nested Marshalers encoding/json would check and copy it for each object
// around it.
func (p Params) appendJSON(b []byte) (_ []byte, err error) {
	b = append(b, '{')
	for i, v := range p {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendValue(b, v.Name); err != nil {
			return nil, err
		}
		b = append(b, ':')
		switch value := v.Value.(type) {
		case Params:
			b, err = value.appendJSON(b)
		case File:
			b, err = appendValue(b, []any{Clean(value.Name), value.Content})
		case string:
			b, err = appendValue(b, Clean(value))
		case []string:
			list := make([]string, len(value))
			for i, s := range value {
				list[i] = Clean(s)
			}
			b, err = appendValue(b, list)
		default:
			b, err = appendValue(b, value)
		}
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", v.Name, err)
		}
	}
	return append(b, '}'), nil
}

func appendValue(b []byte, v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	return append(b, raw...), err
}

// Clean returns s as valid UTF-8 without NUL. Either invalid UTF-8 or a NUL makes the portal lose the whole body.
func Clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// appendQuery encodes p as a query string for PHP. The result is ASCII without quotation marks, so it may appear in
// JSON unchanged. For the content of each file, appendQuery passes the text so far to file, and goes on with the buffer
// that file returns.
//
// QUIRK: the documentation of batch says that commands are plain strings. The portal splits them with parse_str and its
// own SDKs encode them, since & + # % = in a value would split it (settings/how-to-call-rest-api/batch).
func (p Params) appendQuery(b []byte, file func(before, content []byte) []byte) []byte {
	first := true
	p.each("", func(name string, value any) {
		if !first {
			b = append(b, '&')
		}
		first = false
		b = append(appendEscaped(b, name), '=')
		switch value := value.(type) {
		case string:
			b = appendEscaped(b, Clean(value))
		case []byte:
			b = file(b, value)
		default:
			b = appendEscaped(b, fmt.Sprint(value))
		}
	})
	return b
}

// unreserved are the bytes that need no escape in a query (RFC 3986, 2.3).
var unreserved = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		set[c] = true
	}
	return set
}()

// appendEscaped is url.QueryEscape with %20 for a space. It appends to a buffer, because a batch can take megabytes.
func appendEscaped[T string | []byte](b []byte, s T) []byte {
	for i := range len(s) {
		if c := s[i]; unreserved[c] {
			b = append(b, c)
		} else {
			const digits = "0123456789ABCDEF"
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return b
}

// size estimates the length of p as a query, in bytes. It is rarely too low.
func (p Params) size() int {
	texts, files := p.sizes()
	return texts + files
}

// sizes estimates the length of p as a query, apart for files.
func (p Params) sizes() (texts, files int) {
	p.each("", func(name string, value any) {
		texts += len(name)*2 + 2
		switch value := value.(type) {
		case string:
			texts += len(value)
			for i := range len(value) {
				if !unreserved[value[i]] {
					texts += 2
				}
			}
		case []byte:
			files += len(value)*4/3 + len(value)/10 + 64 // typically two of 64 characters are escaped
		default:
			texts += 20
		}
	})
	return texts, files
}

// each calls f for every single value with its name in PHP's spelling, a[b][0]. A value is a string, the bytes of a
// file, or a number.
func (p Params) each(prefix string, f func(name string, value any)) {
	for _, v := range p {
		name := v.Name
		if prefix != "" {
			name = prefix + "[" + v.Name + "]"
		}
		switch value := v.Value.(type) {
		case Params:
			value.each(name, f)
		case File:
			f(name+"[0]", value.Name)
			f(name+"[1]", value.Content)
		case []string:
			for i, s := range value {
				f(name+"["+strconv.Itoa(i)+"]", s)
			}
		case []int64:
			for i, n := range value {
				f(name+"["+strconv.Itoa(i)+"]", n)
			}
		case bool:
			// QUIRK: in a query everything is text, and PHP treats the text "false" as true, so a false is omitted.
			if value {
				f(name, 1)
			}
		default:
			f(name, value)
		}
	}
}

// QUIRK: batch replaces $result[…], $next, $total, $time and $error in every value, even in a customer's text
// (settings/how-to-call-rest-api/batch).
var reference = lazy.Regexp(`(?i)\$(?:result|next|total|time|error)`)

// Refers reports whether batch would change one of the values.
func (p Params) Refers() bool {
	found := false
	p.each("", func(_ string, value any) {
		s, ok := value.(string)
		found = found || ok && strings.Contains(s, "$") && reference().MatchString(Clean(s))
	})
	return found
}
