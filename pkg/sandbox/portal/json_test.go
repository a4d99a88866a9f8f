package portal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// byTokens parses JSON token by token with encoding/json.
func byTokens(d *json.Decoder) (any, error) {
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	open, ok := tok.(json.Delim)
	if !ok {
		return tok, nil
	}
	p := &Params{}
	for d.More() {
		key := strconv.Itoa(len(p.keys))
		if open == '{' {
			if tok, err = d.Token(); err != nil {
				return nil, err
			}
			key = tok.(string)
		}
		v, err := byTokens(d)
		if err != nil {
			return nil, err
		}
		p.set(key, v)
	}
	_, err = d.Token()
	return p, err
}

func referenceJSON(raw string) (*Params, bool) {
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	v, err := byTokens(d)
	if _, end := d.Token(); err != nil || end != io.EOF || !utf8.ValidString(raw) {
		return nil, false
	}
	p, ok := v.(*Params)
	return p, ok
}

// FuzzJSON compares our parser and encoder with encoding/json.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{"b":1,"a":[true,null,-1.5e+3],"b":{"":[]}}`, ` [ "a\"\\\/\b\f\n\r\té" , {} ] `,
		`["\ud83d\ude00\ud800\ud800x\udc00","\u00zz"]`, `["\u2028<>&` + "\u2028\x7f" + `"]`,
		`["\ud83d\u"]`, `["\ud83d\u12"]`, `["\x"]`, `["\`, `["a` + "\n" + `"]`, `{"a" 1}`, `{"a":1,}`, `[1,]`, `[,]`,
		`[01]`, `[1 2]`, `[-]`, `[1]]`, `[1]x`, `"a"`, `1`, ``, `[`,
		`{`, `{"a"`, `{"a":`, `{1:2}`, `[nul]`, `[truefalse]`, `["a"b]`, "[\"\xff\"]", "[\v1]", `[1` + "\u00a0" + `]`,
		`{"a":"b"}{}`, "\ufeff[]", `[tr"ue"]`, `["a"1]`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, ok := referenceJSON(s)
		got, err := parseJSON([]byte(s))
		if ok != (err == nil) {
			t.Fatalf("%q: read %v, want %v: %v", s, err == nil, ok, err)
		}
		if !ok {
			return
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Params{})); diff != "" {
			t.Fatalf("%q: %s", s, diff)
		}
		checkWriting(t, got)
	})
}

// checkWriting encodes v with our encoder, and member by member with encoding/json.
func checkWriting(t *testing.T, v any) {
	t.Helper()
	if p, ok := v.(*Params); ok {
		for _, k := range p.keys {
			checkWriting(t, k)
			checkWriting(t, p.vals[k])
		}
		v = object(p.vals)
	}
	got, err := appendJSON(nil, v)
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	werr := enc.Encode(v)
	if err != nil || werr != nil || !same(t, got, want.Bytes()) {
		t.Fatalf("%s, %v, want %s, %v", got, err, want.Bytes(), werr)
	}
}

// same reports whether two texts are the same JSON, regardless of escapes.
func same(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal(a, &x), json.Unmarshal(b, &y)); err != nil {
		t.Fatal(err)
	}
	return cmp.Equal(x, y)
}

func TestAnswersAreWrittenAsEncodingJSONDoes(t *testing.T) {
	for _, v := range []any{
		nil, true, false, 1, int64(-7), 0.5, "", "a<b>&\"\\\x00\x1f\x7f\u2028\xff ж😀", []string{}, []string(nil),
		[]any{&Params{}}, []int64{1},
		object(nil), object{}, object{
			"b":  []any{object{"z": "<", "a": nil}},
			"a<": (*Params)(nil),
		}, map[string][]string{"x": {"y"}},
	} {
		checkWriting(t, v)
	}
}
