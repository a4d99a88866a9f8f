package bitrix

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	json "github.com/go-json-experiment/json/v1"
)

// ID is a number in any of the portal's spellings.
//
// QUIRK: ids are strings in tasks, comments and users, numbers in chats and REST v3, and both within one response of
// Drive (disk/folder/disk-folder-upload-file against disk/file/disk-file-get).
type ID int64

// UnmarshalJSON accepts a number or a string of digits. Anything else is 0.
func (id *ID) UnmarshalJSON(b []byte) error {
	*id = 0
	text := strings.Trim(string(b), `" `)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		*id = ID(n)
	} else if f, err := strconv.ParseFloat(text, 64); err == nil && f > -1e15 && f < 1e15 {
		*id = ID(f)
	}
	return nil
}

// Time is a moment in the portal's notation.
//
// QUIRK: besides ISO 8601 with an offset, dates can be "", {}, null and [] (user/user-get).
type Time struct{ time.Time }

// UnmarshalJSON accepts ISO 8601 and Unix seconds. Anything else is the zero time.
func (t *Time) UnmarshalJSON(b []byte) error {
	t.Time = time.Time{}
	text := strings.Trim(string(b), `"`)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700"} {
		if at, err := time.Parse(layout, text); err == nil {
			t.Time = at
			return nil
		}
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && f > 0 && f < 1e11 {
		t.Time = time.UnixMilli(int64(f * 1000))
	}
	return nil
}

// Text is a string that the portal may also write as a number or omit.
type Text string

// UnmarshalJSON accepts a string or a number. Anything else is "".
func (s *Text) UnmarshalJSON(b []byte) error {
	*s = ""
	var text string
	if json.Unmarshal(b, &text) == nil {
		*s = Text(text)
	} else if len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9') {
		*s = Text(b)
	}
	return nil
}

// Flag is a boolean: true, 1, "1", "Y".
type Flag bool

// UnmarshalJSON accepts all these spellings. Anything else is false.
func (f *Flag) UnmarshalJSON(b []byte) error {
	switch strings.ToLower(strings.Trim(string(b), `"`)) {
	case "true", "1", "y", "yes":
		*f = true
	default:
		*f = false
	}
	return nil
}

// object is a JSON object from the portal.
//
// QUIRK: PHP writes an empty map as [], and a map with keys 0..n as a list (settings/how-to-call-rest-api/batch).
type object map[string]json.RawMessage

// UnmarshalJSONFrom reads each value only once, since a batch response can contain fifty tasks with all their texts.
func (o *object) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*o = nil
	kind := dec.PeekKind()
	if kind != '{' && kind != '[' {
		return dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	*o = object{}
	for n := 0; dec.PeekKind() != '}' && dec.PeekKind() != ']'; n++ {
		name := strconv.Itoa(n)
		if kind == '{' {
			t, err := dec.ReadToken()
			if err != nil {
				return err
			}
			name = t.String()
		}
		v, err := dec.ReadValue()
		if err != nil {
			return err
		}
		(*o)[name] = json.RawMessage(v.Clone())
	}
	_, err := dec.ReadToken()
	return err
}

// Into decodes an object into v. If raw is not an object, v is unchanged.
func Into(raw json.RawMessage, v any) error {
	b := bytes.TrimSpace(raw)
	if len(b) == 0 || b[0] != '{' {
		return nil
	}
	return json.Unmarshal(b, v)
}

// Rows decodes a list. PHP writes a list with gaps as an object, whose values are returned.
func Rows[T any](raw json.RawMessage) []T {
	var list []T
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	var m map[string]T
	if json.Unmarshal(raw, &m) == nil {
		for _, v := range m {
			list = append(list, v)
		}
	}
	return list
}

// stamp is the member "time" of a response and of each command in a batch.
//
// QUIRK: start and finish are integers or floats, and operating may be missing (data-types#time); old portals omit
// "time".
type stamp struct {
	DateStart Time
	Duration  float64
	Operating float64 // seconds of the method's budget used so far
	Reset     time.Time
}

func (s *stamp) UnmarshalJSON(b []byte) error {
	*s = stamp{}
	var raw struct {
		Start     json.Number `json:"start"`
		Finish    json.Number `json:"finish"`
		Duration  json.Number `json:"duration"`
		Operating json.Number `json:"operating"`
		DateStart Time        `json:"date_start"`
		Reset     Time        `json:"operating_reset_at"`
	}
	if Into(b, &raw) != nil {
		return nil
	}
	s.DateStart, s.Reset = raw.DateStart, raw.Reset.Time
	start, _ := raw.Start.Float64()
	if s.DateStart.IsZero() && start > 0 {
		s.DateStart.Time = time.UnixMilli(int64(start * 1000))
	}
	s.Duration, _ = raw.Duration.Float64()
	s.Operating, _ = raw.Operating.Float64()
	if finish, _ := raw.Finish.Float64(); s.Duration == 0 && finish > start {
		s.Duration = finish - start
	}
	return nil
}
