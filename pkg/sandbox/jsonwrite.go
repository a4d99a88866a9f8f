package sandbox

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// appendJSON appends v as encoding/json would write it. What it writes by itself is what answers are made of: encoding/json
// would go over the whole of a map in order once more for every map around it.
func appendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case *Params:
		if v != nil {
			return appendParams(b, v)
		}
	case object:
		if v != nil {
			return appendObject(b, v)
		}
	case string:
		if isPlain(v) {
			return append(append(append(b, '"'), v...), '"'), nil
		}
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	}
	raw, err := json.Marshal(v)
	return append(b, raw...), err
}

func appendParams(b []byte, p *Params) (_ []byte, err error) {
	if p.isList() {
		b = append(b, '[')
		for i, v := range p.values() {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendJSON(b, v); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	}
	return appendMembers(b, p.keys, p.vals)
}

func appendObject(b []byte, m object) ([]byte, error) {
	return appendMembers(b, slices.Sorted(maps.Keys(m)), m)
}

func appendMembers(b []byte, keys []string, vals map[string]any) (_ []byte, err error) {
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendJSON(b, k); err != nil {
			return nil, err
		}
		if b, err = appendJSON(append(b, ':'), vals[k]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// isPlain says whether JSON holds s as it is.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || strings.IndexByte(`"\<>&`, c) >= 0 {
			return false
		}
	}
	return true
}
