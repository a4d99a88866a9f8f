package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// TestConfigDoc compares docs/config.md with the example; -update writes it.
func TestConfigDoc(t *testing.T) {
	texts := exampleTexts("en")
	var b strings.Builder
	b.WriteString("# Configuration\n\nEvery key of `helpdesk.yaml`, generated from the commented example: `go " +
		"generate ./pkg/config`. " +
		"The same with comments is\n[helpdesk.en.yaml](../examples/helpdesk.en.yaml), and in Russian " +
		"[helpdesk.yaml](../examples/helpdesk.yaml).\n\n```\n" +
		texts["head"] + "```\n")
	section := ""
	for _, l := range exampleLines() {
		if l.path == "" || l.path == "head" {
			continue
		}
		top, _, _ := strings.Cut(l.path, ".")
		if top != section {
			section = top
			fmt.Fprintf(&b, "\n## %s\n\n| key | default | meaning |\n|---|---|---|\n", top)
		}
		said := strings.ReplaceAll(texts[l.path], "|", "\\|")
		switch {
		case l.remark:
			fmt.Fprintf(&b, "| | | %s |\n", said)
		case said != "":
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", l.path, shownDefault(l, texts), said)
		}
	}
	golden(t, "../../docs/config.md", b.String())
}

// shownDefault returns the default of a key, "" for required keys and for keys with keys below them.
func shownDefault(l exampleLine, texts map[string]string) string {
	if l.value == "" || l.off || strings.Contains(texts[l.path], "REQUIRED") || strings.Contains(l.value, "example") ||
		strings.Contains(l.value, "${") {
		return ""
	}
	return "`" + strings.ReplaceAll(l.value, "|", "\\|") + "`"
}

// TestEveryKeyIsDescribed requires a text for each key of the schema in both languages, its own or that of the braces
// around it.
func TestEveryKeyIsDescribed(t *testing.T) {
	lines := map[string]exampleLine{}
	for _, l := range exampleLines() {
		if !l.remark {
			lines[l.path] = l
		}
	}
	for _, language := range []string{"en", "ru"} {
		texts := exampleTexts(language)
		described := func(path string) bool {
			for p := path; p != ""; p = p[:max(strings.LastIndexByte(p, '.'), 0)] {
				if l, ok := lines[p]; texts[p] != "" &&
					(p == path || ok && (strings.HasPrefix(l.value, "{") || l.value == "[]")) {
					return true
				}
			}
			return false
		}
		for _, path := range leaves("", reflect.TypeFor[Config]()) {
			if !described(path) {
				t.Errorf("%s: %s has no description", language, path)
			}
		}
		for path := range texts {
			if _, ok := lines[path]; !ok && !strings.HasPrefix(path, "@") &&
				!strings.Contains(exampleKeys, "#@"+path+"\n") {
				t.Errorf("%s: %s is described, and no key", language, path)
			}
		}
	}
	for path := range exampleTexts("en") {
		if exampleTexts("ru")[path] == "" {
			t.Errorf("%s is described in English alone", path)
		}
	}
}

// leaves returns the paths of all keys without keys below them.
func leaves(path string, t reflect.Type) (all []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return []string{path}
	}
	fs := fields(t)
	if len(fs) == 0 {
		return []string{path}
	}
	for _, f := range fs {
		all = append(all, leaves(strings.TrimPrefix(path+"."+f.name, "."), t.Field(f.index).Type)...)
	}
	return all
}
