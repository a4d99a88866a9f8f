package eml

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"helpdesk/pkg/desk"
)

func allStrings(m desk.Message) string {
	b := strings.Builder{}
	fmt.Fprintf(&b, "%v", m)
	return b.String()
}

func parseFile(t *testing.T, file string) desk.Message {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(bytes.NewReader(raw), desk.Listing{})
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if !utf8.ValidString(allStrings(m)) {
		t.Errorf("%s: not valid UTF-8", file)
	}
	if m.ID == "" || m.Hash == "" {
		t.Errorf("%s: no id or hash", file)
	}
	return m
}

func TestTolerate(t *testing.T) { tolerated(t) }

// tolerated parses the broken letters and returns how many were read.
func tolerated(t *testing.T) share {
	files := slices.DeleteFunc(corpus(t, "tolerate", ""), func(f string) bool { return filepath.Base(f) == "LICENSE" })
	empty, degraded := 0, 0
	for _, f := range files {
		m := parseFile(t, f)
		if len(m.Degraded) > 0 {
			degraded++
		}
		if m.From.Addr == "" && m.Subject == "" || m.Plain == "" && m.HTML == "" && len(m.Attachments) == 0 {
			empty++
			t.Logf("nothing in %s: %+v", f, m.Header)
		}
	}
	t.Logf("%d letters, 0 refused, %d degraded, %d with nothing in them", len(files), degraded, empty)
	return share{len(files), len(files)} // a refused letter ends the test
}

// expected is the expectation for a letter in the parse corpus.
type expected struct {
	Parts []struct {
		Headers []struct {
			Name  any             `json:"name"`
			Value json.RawMessage `json:"value"`
		} `json:"headers"`
	} `json:"parts"`
	Attachments []int `json:"attachments"`
}

type dateTime struct {
	Year, Month, Day, Hour, Minute, Second int
	Before                                 bool `json:"tz_before_gmt"`
	TzHour                                 int  `json:"tz_hour"`
	TzMinute                               int  `json:"tz_minute"`
}

func (d dateTime) time() time.Time {
	t := time.Date(d.Year, time.Month(d.Month), d.Day, d.Hour, d.Minute, d.Second, 0, time.UTC)
	off := time.Duration(d.TzHour)*time.Hour + time.Duration(d.TzMinute)*time.Minute
	if d.Before {
		return t.Add(off)
	}
	return t.Add(-off)
}

// field decodes the last header field with this name into v (the parser of the corpus keeps the last).
func (e expected) field(part int, name, kind string, v any) bool {
	found := false
	for _, h := range e.Parts[part].Headers {
		if h.Name != name {
			continue
		}
		var value map[string]json.RawMessage
		if json.Unmarshal(h.Value, &value) == nil && value[kind] != nil && json.Unmarshal(value[kind], v) == nil {
			found = true
		}
	}
	return found
}

func (e expected) fileName(part int) string {
	type content struct {
		Attributes []struct{ Name, Value string } `json:"attributes"`
	}
	name := ""
	for _, f := range []struct{ field, attr string }{{"content_type", "name"}, {"content_disposition", "filename"}} {
		var c content
		if e.field(part, f.field, "ContentType", &c) {
			for _, a := range c.Attributes {
				if a.Name == f.attr {
					name = a.Value
				}
			}
		}
	}
	return name
}

// sameText compares texts without blanks. A replacement character in want matches any character: the parser of the
// corpus gave up on unlabelled charsets.
func sameText(want, got string) bool {
	w, g := []rune(want), []rune(got)
	if len(w) == len(g) {
		for i, r := range w {
			if r == utf8.RuneError {
				w[i] = g[i]
			}
		}
	}
	a, b := string(w), string(g)
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

func TestParseCorpus(t *testing.T) {
	for _, m := range parsed(t) {
		t.Logf("%-42s %d of %d, %.1f %%", m.what, m.got.right, m.got.of, m.got.percent())
		if m.got.percent() < m.floor {
			t.Errorf("%s: %.1f %% right, the floor is %.1f %%", m.what, m.got.percent(), m.floor)
		}
	}
}

// parsed compares the letters of the parse corpus with their expectations.
func parsed(t *testing.T) []figure {
	var subject, fromName, fromAddr, date, names share
	files := corpus(t, "parse", ".eml")
	for _, f := range files {
		m := parseFile(t, f)
		raw, err := os.ReadFile(strings.TrimSuffix(f, ".eml") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var e expected
		if err := json.Unmarshal(raw, &e); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		var text string
		if e.field(0, "subject", "Text", &text) && !subject.add(sameText(text, m.Subject)) {
			t.Logf("%s: subject %q, want %q", f, m.Subject, text)
		}
		var list struct {
			List []struct{ Name, Address string } `json:"List"`
		}
		if e.field(0, "from", "Address", &list) && len(list.List) > 0 {
			want := list.List[0]
			if !fromName.add(sameText(want.Name, m.From.Name)) {
				t.Logf("%s: name %q, want %q", f, m.From.Name, want.Name)
			}
			if !fromAddr.add(want.Address == m.From.Addr) {
				t.Logf("%s: address %q, want %q", f, m.From.Addr, want.Address)
			}
		}
		var d dateTime
		if e.field(0, "date", "DateTime", &d) && !date.add(d.time().Equal(m.Date)) {
			t.Logf("%s: date %v, want %v", f, m.Date, d.time())
		}
		for _, part := range e.Attachments {
			if want := e.fileName(part); want != "" && !names.add(hasName(m, want)) {
				t.Logf("%s: no attachment %q in %+v", f, want, m.Attachments)
			}
		}
	}
	return []figure{
		{"letters of the parse corpus that are read", share{len(files), len(files)}, 100},
		{"subject", subject, 100},
		{"from name", fromName, 100},
		{"from address", fromAddr, 100},
		{"date", date, 100},
		{"attachment names", names, 100},
	}
}

func hasName(m desk.Message, want string) bool {
	want = cleanName(strings.TrimPrefix(want, "C:TEMP")) // the corpus parsed the backslashes as escapes
	for _, a := range m.Attachments {
		if sameText(want, a.Name) {
			return true
		}
	}
	return false
}
