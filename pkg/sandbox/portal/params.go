package portal

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Params are the parameters of a call in PHP's representation: an ordered map with string keys, in which a list has the
// keys 0, 1, 2. Values are string, json.Number, bool, nil or *Params.
type Params struct {
	keys []string
	vals map[string]any
}

// Len returns the number of values.
func (p *Params) Len() int {
	if p == nil {
		return 0
	}
	return len(p.keys)
}

// Keys returns the keys in the order they were sent.
func (p *Params) Keys() []string {
	if p == nil {
		return nil
	}
	return append([]string(nil), p.keys...)
}

// Get returns the value at the path, or nil.
func (p *Params) Get(path ...string) any {
	var v any = p
	for _, key := range path {
		m, ok := v.(*Params)
		if !ok || m == nil {
			return nil
		}
		v = m.vals[key]
	}
	return v
}

// Has reports whether the path leads to a value, even null.
func (p *Params) Has(path ...string) bool {
	last := len(path) - 1
	m, ok := p.Get(path[:last]...).(*Params)
	if !ok || m == nil {
		return false
	}
	_, ok = m.vals[path[last]]
	return ok
}

// Str returns the value at the path as a string, or "".
func (p *Params) Str(path ...string) string { return text(p.Get(path...)) }

// Int returns the value at the path as a number, or 0.
func (p *Params) Int(path ...string) int64 {
	n, _ := integer(p.Get(path...))
	return n
}

func (p *Params) set(key string, v any) {
	if p.vals == nil {
		p.vals = map[string]any{}
	}
	if _, ok := p.vals[key]; !ok {
		p.keys = append(p.keys, key)
	}
	p.vals[key] = v
}

func (p *Params) push(v any) {
	n := 0
	for _, k := range p.keys {
		if i, err := strconv.Atoi(k); err == nil && i >= n {
			n = i + 1
		}
	}
	p.set(strconv.Itoa(n), v)
}

func (p *Params) values() []any {
	if p == nil {
		return nil
	}
	vs := make([]any, len(p.keys))
	for i, k := range p.keys {
		vs[i] = p.vals[k]
	}
	return vs
}

func (p *Params) isList() bool {
	for i, k := range p.keys {
		if k != strconv.Itoa(i) {
			return false
		}
	}
	return true
}

// MarshalJSON encodes like PHP: a list if the keys are 0, 1, 2, so [] for an empty map.
func (p *Params) MarshalJSON() ([]byte, error) { return appendJSON(nil, p) }

// parseQuery parses a query string like PHP's parse_str: it decodes only percent signs and plus, and brackets nest.
func parseQuery(query string) *Params {
	p := &Params{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		setPath(p, unescape(key), unescape(value))
	}
	return p
}

func setPath(p *Params, key string, value any) {
	name, rest, nested := strings.Cut(strings.TrimLeft(key, " "), "[")
	// QUIRK: PHP replaces dots and blanks in the name of a variable by underscores, but not inside brackets.
	if strings.ContainsAny(name, ". ") {
		name = strings.ReplaceAll(strings.ReplaceAll(name, ".", "_"), " ", "_")
	}
	if name == "" {
		return
	}
	if !nested {
		p.set(name, value)
		return
	}
	at := p
	for {
		sub, after, ok := strings.Cut(rest, "]")
		if !ok {
			break
		}
		next, ok := at.vals[name].(*Params)
		if !ok {
			next = &Params{}
			at.set(name, next)
		}
		at, name = next, sub
		if name == "" {
			name = strconv.Itoa(at.Len())
		}
		if !strings.HasPrefix(after, "[") {
			break
		}
		rest = after[1:]
	}
	at.set(name, value)
}

// unescape decodes like PHP's urldecode: an invalid escape is unchanged.
func unescape(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	i := strings.IndexByte(s, '%')
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for ; i >= 0; i = strings.IndexByte(s, '%') {
		b.WriteString(s[:i])
		c, n := byte('%'), 1
		if i+2 < len(s) {
			if high, low := unhex(s[i+1]), unhex(s[i+2]); high >= 0 && low >= 0 {
				c, n = byte(high<<4|low), 3
			}
		}
		b.WriteByte(c)
		s = s[i+n:]
	}
	b.WriteString(s)
	return b.String()
}

// unhex returns the value of a hexadecimal digit, or -1.
func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// text returns a value as PHP prints it: true is 1, false and null are empty.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "1"
		}
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// integer returns a value as a whole number, and whether it is one.
func integer(v any) (int64, bool) {
	switch v.(type) {
	case bool, nil, *Params:
		return 0, false
	}
	n, err := strconv.ParseInt(text(v), 10, 64)
	return n, err == nil
}

// truthy converts a value to bool like PHP: the text "false" is true.
func truthy(v any) bool {
	if p, ok := v.(*Params); ok {
		return p.Len() > 0
	}
	s := text(v)
	return s != "" && s != "0"
}

// items returns the values of a list, or a single value as a list.
func items(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case *Params:
		return v.values()
	}
	return []any{v}
}

func integers(v any) []int64 {
	var ns []int64
	for _, item := range items(v) {
		if n, ok := integer(item); ok {
			ns = append(ns, n)
		}
	}
	return ns
}

func texts(v any) []string {
	var ss []string
	for _, item := range items(v) {
		if s := text(item); s != "" {
			ss = append(ss, s)
		}
	}
	return ss
}
