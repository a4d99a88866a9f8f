package render

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestDocumented checks that docs/letters.md mentions every variable.
func TestDocumented(t *testing.T) {
	docs, err := os.ReadFile("../../docs/letters.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []reflect.Type{reflect.TypeFor[Vars](), reflect.TypeFor[Comment](), reflect.TypeFor[post](),
		reflect.TypeFor[page](),
		reflect.TypeFor[Alarm]()} {
		for i := range of.NumField() {
			if f := of.Field(i); !f.Anonymous && !strings.Contains(string(docs), "`{{."+f.Name+"}}`") {
				t.Errorf("%s.%s is not in docs/letters.md", of.Name(), f.Name)
			}
		}
	}
}
