package render

import (
	"go/ast"
	goparser "go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
	"helpdesk/templates"
)

// constants returns the constants of a type that pkg/desk declares in note.go: names and values in the same order.
func constants(t *testing.T, of string) (names, values []string) {
	t.Helper()
	file, err := goparser.ParseFile(token.NewFileSet(), "../desk/note.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || spec.Type == nil || spec.Type.(*ast.Ident).Name != of {
			return true
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		names, values = append(names, spec.Names[0].Name), append(values, value)
		return true
	})
	if len(names) == 0 {
		t.Fatalf("pkg/desk/note.go declares no %s", of)
	}
	return names, values
}

// TestEveryNote checks that each key of a note has a text in both languages, and that each text has a key.
func TestEveryNote(t *testing.T) {
	_, keys := constants(t, "NoteKey")
	_, limits := constants(t, "Limit")
	for _, locale := range []string{"ru", "en"} {
		set := newSet(t, settings(locale))
		var b strings.Builder
		for _, key := range keys {
			of := desk.NoteKey(key)
			with, without := set.note(desk.Note{
				Key:    of,
				Detail: "DETAIL",
				Task:   3711,
				Quiet:  true,
			}), set.note(desk.Note{Key: of})
			if strings.HasPrefix(with, key) || strings.Contains(without, "()") || strings.Contains(without, " 0") {
				t.Errorf("%s %s: %q, %q", locale, key, with, without)
			}
			b.WriteString(key + ":\n  " + with + "\n  " + without + "\n")
		}
		said := map[string]bool{set.note(desk.Note{Key: desk.NoteCapped}): true}
		for _, limit := range limits {
			text := set.note(desk.Note{Key: desk.NoteCapped, Detail: limit})
			if said[text] {
				t.Errorf("%s: the limit %s has no words of its own: %q", locale, limit, text)
			}
			said[text] = true
			b.WriteString("capped " + limit + ":\n  " + text + "\n")
		}
		golden(t, locale+"-notes.txt", b.String())
		if diff := cmp.Diff(slices.Sorted(slices.Values(keys)), defined(t, locale+"/notes.tmpl")); diff != "" {
			t.Errorf("%s/notes.tmpl defines other notes than pkg/desk has: %s", locale, diff)
		}
	}
}

// TestReasonsOfSilence checks the notes that may be the reason for a missing auto-reply: if they are the reason, they
// say that there was no auto-reply. Other notes do not mention it.
func TestReasonsOfSilence(t *testing.T) {
	alone := []desk.NoteKey{desk.NoteExcluded, desk.NoteSuppress, desk.NoteReply, desk.NoteNoAddress, desk.NoteOff,
		desk.NoteCapped, desk.NoteStale}
	facts := []desk.NoteKey{desk.NoteSpam, desk.NoteVia, desk.NoteStaffForward, desk.NoteForwardUnsure,
		desk.NoteAutomatic, desk.NoteBulk, desk.NoteRobot,
		desk.NoteUnverified,
		desk.NoteStaffReply, desk.NoteBlindCopy, desk.NoteUndeliverable, desk.NoteFlood}
	for locale, says := range map[string]string{"ru": "Автоответ не отправлен", "en": "No auto-reply was sent"} {
		set := newSet(t, settings(locale))
		for _, key := range append(alone, facts...) {
			if text := set.note(desk.Note{Key: key, Quiet: true}); !strings.Contains(text, says) {
				t.Errorf("%s %s: %q", locale, key, text)
			}
		}
		for _, key := range facts {
			if text := set.note(desk.Note{Key: key}); strings.Contains(text, says) {
				t.Errorf("%s %s: %q", locale, key, text)
			}
		}
	}
}

func defined(t *testing.T, file string) []string {
	t.Helper()
	src, err := fs.ReadFile(templates.FS, file)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range regexp.MustCompile(`\{\{define "([^"]+)"`).FindAllStringSubmatch(string(src), -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return names
}

// TestEveryDegraded checks that each part that could not be read has its own text. What is too large has a note.
func TestEveryDegraded(t *testing.T) {
	_, kinds := constants(t, "Degraded")
	for _, locale := range []string{"ru", "en"} {
		set := newSet(t, settings(locale))
		said := map[string]bool{set.note(desk.Note{Key: desk.NoteDegraded}): true}
		for _, kind := range kinds {
			text := set.note(desk.Note{Key: desk.NoteDegraded, Detail: kind})
			if kind != string(desk.DegradedOversize) && (said[text] || strings.Contains(text, ": "+kind)) {
				t.Errorf("%s %s: %q", locale, kind, text)
			}
			said[text] = true
		}
	}
}

// TestNotesAreMade checks that every note and every Degraded is used somewhere.
func TestNotesAreMade(t *testing.T) {
	used := map[string]bool{}
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") ||
			d.Name() == "note.go" {
			return err
		}
		src, err := os.ReadFile(name)
		for _, word := range regexp.MustCompile(`\b(?:Note|Degraded)[A-Z]\w*`).FindAllString(string(src), -1) {
			used[word] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{"NoteKey", "Degraded"} {
		names, _ := constants(t, of)
		for _, name := range names {
			if !used[name] {
				t.Errorf("nothing makes a %s", name)
			}
		}
	}
}
