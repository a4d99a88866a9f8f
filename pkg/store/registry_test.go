package store

import (
	"reflect"
	"testing"
	"time"
)

// The registry contains every bucket and every field of a record that can contain text, and nothing else.
func TestTheRegistryKnowsEveryField(t *testing.T) {
	met := map[reflect.Type]bool{}
	for _, b := range buckets {
		r, ok := racks[b]
		if !ok {
			t.Errorf("bucket %s: what does it hold of a person? It is not in racks", b)
			continue
		}
		if r.kind == "" || (r.record == nil) != (keptPlain[b] != "") {
			t.Errorf("bucket %s: it needs a kind, and either a record or a word in keptPlain", b)
		}
		if r.record == nil {
			continue
		}
		for _, key := range []string{"*", "in a@b.example", "a@b.example", "portal", "prune"} {
			for _, wrong := range unlisted(reflect.TypeOf(r.record([]byte(key))).Elem(), met) {
				t.Errorf("bucket %s: %s", b, wrong)
			}
		}
	}
	if len(racks) != len(buckets) {
		t.Errorf("%d buckets, %d racks", len(buckets), len(racks))
	}
	for of, fields := range fieldsOf {
		if !met[of] {
			t.Errorf("%s is in no bucket", of)
		}
		for field := range fields {
			if f, ok := of.FieldByName(field); !ok || !textual(f.Type) {
				t.Errorf("%s has no field %s with text", of, field)
			}
		}
	}
}

// unlisted returns the fields with text that the registry lacks, for a type and the types it contains.
func unlisted(of reflect.Type, met map[reflect.Type]bool) (wrong []string) {
	switch of.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return unlisted(of.Elem(), met)
	case reflect.Struct:
	default:
		return nil
	}
	if of == reflect.TypeFor[time.Time]() || met[of] {
		return nil
	}
	met[of] = true
	fields, ok := fieldsOf[of]
	if !ok {
		return []string{of.String() + " is not in fieldsOf"}
	}
	for i := range of.NumField() {
		f := of.Field(i)
		if f.Tag.Get("json") == "-" {
			continue
		}
		if textual(f.Type) && fields[f.Name] == 0 {
			wrong = append(wrong, of.String()+"."+f.Name+": what does it hold of a person?")
		}
		wrong = append(wrong, unlisted(f.Type, met)...)
	}
	return wrong
}

// textual reports whether a field can contain any text. Named string types contain only fixed words.
func textual(of reflect.Type) bool {
	switch of.Kind() {
	case reflect.String:
		return of == reflect.TypeFor[string]()
	case reflect.Slice:
		return textual(of.Elem()) || of.Elem().Kind() == reflect.Uint8
	case reflect.Map:
		return textual(of.Key()) || textual(of.Elem())
	}
	return of.Kind() == reflect.Interface
}

func TestAFieldThatIsNotListedIsFound(t *testing.T) {
	type stray struct {
		Inner struct{ Secret []string }
		Plain int
	}
	if got := unlisted(reflect.TypeFor[stray](), map[reflect.Type]bool{}); len(got) != 1 {
		t.Errorf("of a type that is not listed: %q", got)
	}
	fieldsOf[reflect.TypeFor[stray]()] = map[string]holds{}
	defer delete(fieldsOf, reflect.TypeFor[stray]())
	if got := unlisted(reflect.TypeFor[stray](), map[reflect.Type]bool{}); len(got) != 1 {
		t.Errorf("of a type within that is not listed: %q", got)
	}
}
