package portal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Param is one named value of a call: a string, an integer, a bool, a list of strings or integers, or Params.
type Param struct {
	Name  string
	Value any
}

// Params are the values of a call in their order.
//
// QUIRK: task.commentitem.* takes its values by position and ignores their names
// (settings/how-to-call-rest-api/data-encoding), so a map, whose keys Go sorts, must never be sent.
type Params []Param

// MarshalJSON writes an object whose members stand in the order of p.
func (p Params) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, v := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(v.Name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(cleaned(v.Value))
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", v.Name, err)
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func cleaned(v any) any {
	switch v := v.(type) {
	case string:
		return clean(v)
	case []string:
		out := make([]string, len(v))
		for i, s := range v {
			out[i] = clean(s)
		}
		return out
	}
	return v
}

// clean returns s as valid UTF-8 without NUL, either of which makes the portal lose the whole body.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// query writes p as PHP reads a query string.
//
// QUIRK: the documentation of batch says its commands are plain strings; the portal splits them with parse_str, and its
// own SDKs encode them, since & + # % = in a value would tear it (settings/how-to-call-rest-api/batch).
func (p Params) query() string {
	var b strings.Builder
	p.each("", func(name, value string) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(escape(name))
		b.WriteByte('=')
		b.WriteString(escape(value))
	})
	return b.String()
}

func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

// each calls f for every single value with its name in PHP's spelling, a[b][0].
func (p Params) each(prefix string, f func(name, value string)) {
	for _, v := range p {
		name := v.Name
		if prefix != "" {
			name = prefix + "[" + v.Name + "]"
		}
		switch value := v.Value.(type) {
		case Params:
			value.each(name, f)
		case []string:
			for i, s := range value {
				f(name+"["+strconv.Itoa(i)+"]", clean(s))
			}
		case []int64:
			for i, n := range value {
				f(name+"["+strconv.Itoa(i)+"]", strconv.FormatInt(n, 10))
			}
		case bool:
			// QUIRK: in a query everything is text, and PHP takes the text "false" for true: a false is left out.
			if value {
				f(name, "1")
			}
		case string:
			f(name, clean(value))
		default:
			f(name, fmt.Sprint(value))
		}
	}
}

// QUIRK: batch replaces $result[…], $next, $total, $time and $error in every value, a customer's text included
// (settings/how-to-call-rest-api/batch).
var reference = regexp.MustCompile(`(?i)\$(?:result|next|total|time|error)`)

// refers says whether batch would rewrite one of the values.
func (p Params) refers() bool {
	found := false
	p.each("", func(_, value string) {
		found = found || strings.Contains(value, "$") && reference.MatchString(value)
	})
	return found
}
