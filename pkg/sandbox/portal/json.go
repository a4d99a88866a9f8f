package portal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// parseJSON parses an object or a list and preserves the order of keys. As in PHP, a list is a map of 0 to n.
func parseJSON(raw []byte) (*Params, error) {
	if !utf8.Valid(raw) {
		return nil, errors.New("read JSON: not UTF-8")
	}
	// A lone surrogate becomes U+FFFD, and the last of duplicate keys wins.
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowInvalidUTF8(true),
		jsontext.AllowDuplicateNames(true))
	v, err := jsonValue(dec)
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, errors.New("read JSON: more than one value")
	}
	p, ok := v.(*Params)
	if !ok {
		return nil, errors.New("read JSON: neither object nor list")
	}
	return p, nil
}

func jsonValue(dec *jsontext.Decoder) (any, error) {
	if dec.PeekKind() == '"' {
		return jsonString(dec)
	}
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch kind := tok.Kind(); kind {
	case '{', '[':
		return jsonMembers(dec, kind)
	case 't', 'f':
		return tok.Bool(), nil
	case 'n':
		return nil, nil
	}
	return json.Number(tok.String()), nil
}

// jsonString returns the next string. A string without escapes, such as a file in base64, is copied only.
func jsonString(dec *jsontext.Decoder) (any, error) {
	raw, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	if text := raw[1 : len(raw)-1]; bytes.IndexByte(text, '\\') < 0 {
		return string(text), nil
	}
	text, _ := jsontext.AppendUnquote(nil, raw) // an error tells of a lone surrogate, which is replaced
	return string(text), nil
}

// jsonMembers parses the members of an object or a list.
func jsonMembers(dec *jsontext.Decoder, kind jsontext.Kind) (any, error) {
	p := &Params{}
	for k := dec.PeekKind(); k != '}' && k != ']'; k = dec.PeekKind() {
		name := strconv.Itoa(len(p.keys))
		if kind == '{' {
			tok, err := dec.ReadToken()
			if err != nil {
				return nil, err
			}
			name = tok.String()
		}
		v, err := jsonValue(dec)
		if err != nil {
			return nil, err
		}
		p.set(name, v)
	}
	_, err := dec.ReadToken()
	return p, err
}

// appendJSON appends v. It encodes maps itself, since encoding/json would process each map again for every map around
// it.
func appendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case *Params:
		if v != nil {
			return appendParams(b, v)
		}
	case object:
		if v != nil {
			return appendMembers(b, slices.Sorted(maps.Keys(v)), v)
		}
	case string:
		return appendText(b, v)
	}
	raw, err := json.Marshal(v)
	return append(b, raw...), err
}

// appendText appends a string. Invalid UTF-8 becomes U+FFFD.
func appendText(b []byte, s string) ([]byte, error) {
	b, err := jsontext.AppendQuote(b, s)
	if !utf8.ValidString(s) {
		err = nil
	}
	return b, err
}

func appendParams(b []byte, p *Params) (_ []byte, err error) {
	if !p.isList() {
		return appendMembers(b, p.keys, p.vals)
	}
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

func appendMembers(b []byte, keys []string, vals map[string]any) (_ []byte, err error) {
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendText(b, k); err != nil {
			return nil, err
		}
		if b, err = appendJSON(append(b, ':'), vals[k]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}
