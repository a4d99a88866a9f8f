package store

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	json "github.com/go-json-experiment/json/v1"
	"golang.org/x/net/idna"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/lazy"
)

// erased replaces a person's address or name in a text.
const erased = "***"

// traces finds a person in texts: their addresses in every spelling, and their names.
type traces struct {
	keys     []string // folded addresses
	patterns []*regexp.Regexp
	names    []string
}

// newTraces returns traces for these addresses and names. It skips names of a single word, because too many people
// share them.
func newTraces(addresses, names []string) traces {
	var t traces
	for _, a := range addresses {
		key := desk.FoldAddress(a)
		if key == "" || slices.Contains(t.keys, key) {
			continue
		}
		t.keys = append(t.keys, key)
		for _, form := range spellings(key) {
			t.patterns = append(t.patterns, regexp.MustCompile(`(?i)`+regexp.QuoteMeta(form)))
		}
	}
	for _, n := range names {
		fields := nameFields(n)
		if len(fields) < 2 || strings.Contains(n, "@") {
			continue
		}
		for i := range fields {
			fields[i] = regexp.QuoteMeta(fields[i])
		}
		for _, between := range []string{`\s+`, `,\s+`} { // that with a comma last: it may stand between two names
			for _, order := range orders(fields) {
				if joined := strings.Join(order, between); !slices.Contains(t.names, joined) {
					t.names = append(t.names, joined)
					t.patterns = append(t.patterns, regexp.MustCompile(`(?i)`+joined))
				}
			}
		}
	}
	return t
}

// nameFields returns the words of a name, which commas may separate as well.
func nameFields(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == ',' })
}

// orders returns the orders in which people write the words of a name. More than three words have one order only.
func orders(words []string) (all [][]string) {
	if len(words) > 3 {
		return [][]string{words}
	}
	if len(words) < 2 {
		return [][]string{words}
	}
	for i, first := range words {
		rest := slices.Delete(slices.Clone(words), i, i+1)
		for _, order := range orders(rest) {
			all = append(all, append([]string{first}, order...))
		}
	}
	return all
}

// sameName reports whether two names have the same words, in whatever order. A name of a single word is nobody's.
func sameName(a, b string) bool {
	x, y := nameFields(strings.ToLower(a)), nameFields(strings.ToLower(b))
	slices.Sort(x)
	slices.Sort(y)
	return len(x) > 1 && slices.Equal(x, y)
}

// spellings returns the forms in which a folded address may occur in texts.
func spellings(key string) []string {
	forms := []string{key}
	local, domain, ok := strings.Cut(key, "@")
	if !ok {
		return forms
	}
	if u, err := idna.Display.ToUnicode(domain); err == nil && u != domain {
		forms = append(forms, local+"@"+u)
	}
	for _, f := range slices.Clone(forms) {
		if escaped := url.QueryEscape(f); escaped != f {
			forms = append(forms, escaped)
		}
	}
	return forms
}

// is reports whether an address is one of the person's.
func (t traces) is(addr string) bool {
	return addr != "" && slices.Contains(t.keys, desk.FoldAddress(addr))
}

// in reports whether a text contains the person's address or name.
func (t traces) in(text string) bool {
	return slices.ContainsFunc(t.patterns, func(p *regexp.Regexp) bool {
		return slices.ContainsFunc(p.FindAllStringIndex(text, -1), func(at []int) bool { return whole(text, at) })
	})
}

// cut returns a text without the person's addresses and names.
func (t traces) cut(text string) string {
	for _, p := range t.patterns {
		found := p.FindAllStringIndex(text, -1)
		for _, at := range slices.Backward(found) {
			if whole(text, at) {
				text = text[:at[0]] + erased + text[at[1]:]
			}
		}
	}
	return text
}

// whole reports whether a match is not part of a longer word or address.
func whole(text string, at []int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at[0]])
	after, n := utf8.DecodeRuneInString(text[at[1]:])
	next, _ := utf8.DecodeRuneInString(text[at[1]+n:])
	if after == '.' && strings.Contains(text[at[0]:at[1]], "@") && wordy(next) {
		return false // part of a longer domain
	}
	if at[0] > 0 && (wordy(before) || strings.ContainsRune("._%+-", before) &&
		strings.Contains(text[at[0]:at[1]], "@")) {
		return false
	}
	return at[1] == len(text) || !wordy(after) && after != '-'
}

func wordy(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// inLetter reports whether a raw letter contains the person, also in its encoded parts.
func (t traces) inLetter(raw []byte) bool {
	return slices.ContainsFunc(readings(raw), t.in)
}

var (
	encodedWord = lazy.Regexp(`=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=`)
	base64Block = lazy.Regexp(`(?m)(?:^[A-Za-z0-9+/]{20,76}={0,2}\r?$\n?)+(?:^[A-Za-z0-9+/]{2,76}={0,2}\r?$)?`)
)

// readings returns a raw letter as it is, its encoded words decoded, its quoted-printable decoded, and each of its
// base64 blocks decoded.
func readings(raw []byte) []string {
	text := string(raw)
	all := []string{text}
	if words := encodedWord().FindAllString(text, -1); len(words) > 0 {
		d := new(mime.WordDecoder)
		var joined strings.Builder
		for _, w := range words {
			plain, err := d.Decode(w)
			if err != nil {
				plain = "\n"
			}
			joined.WriteString(plain)
		}
		all = append(all, joined.String())
	}
	if plain, _ := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(raw))); len(plain) > 0 {
		all = append(all, string(plain))
	}
	for _, block := range base64Block().FindAllString(text, -1) {
		block = strings.Map(func(r rune) rune {
			if r == '\r' || r == '\n' {
				return -1
			}
			return r
		}, block)
		if plain, err := base64.StdEncoding.DecodeString(block); err == nil {
			all = append(all, string(plain))
		}
	}
	return all
}

// cutJSON returns a JSON value without the person's addresses and names, and whether it contained any.
func (t traces) cutJSON(raw []byte) ([]byte, bool, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, false, err
	}
	changed := false
	out, err := json.Marshal(t.cutAny(v, &changed))
	return out, changed, err
}

func (t traces) cutAny(v any, changed *bool) any {
	cut := func(s string) string {
		now := t.cut(s)
		*changed = *changed || now != s
		return now
	}
	switch v := v.(type) {
	case string:
		return cut(v)
	case []any:
		for i := range v {
			v[i] = t.cutAny(v[i], changed)
		}
	case map[string]any:
		all := make(map[string]any, len(v))
		for key, value := range v {
			all[cut(key)] = t.cutAny(value, changed)
		}
		return all
	}
	return v
}
