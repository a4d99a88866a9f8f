package setup

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// All languages have the same texts, with the same formatting verbs.
func TestLanguagesHaveTheSameTexts(t *testing.T) {
	verb := regexp.MustCompile(`%(\[\d\])?[.\d]*[a-z]`)
	en, ru := read(t, "en"), read(t, "ru")
	for _, key := range slices.Sorted(maps.Keys(en)) {
		if _, ok := ru[key]; !ok {
			t.Errorf("%s is missing in Russian", key)
		} else if e, r := verb.FindAllString(en[key], -1), verb.FindAllString(ru[key], -1); !slices.Equal(e, r) {
			t.Errorf("%s: %q in English, %q in Russian", key, e, r)
		}
	}
	for key := range ru {
		if _, ok := en[key]; !ok {
			t.Errorf("%s is missing in English", key)
		}
	}
}

// Every text of check is used somewhere, and every key used has a text.
func TestTextsOfCheck(t *testing.T) {
	texts, told := read(t, "en"), map[string]bool{}
	for _, root := range []string{"../check", "../check.go", "../../pkg/portal", "../../pkg/probe", "../../pkg/store"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if key, ok := word(n); ok && strings.HasPrefix(key, "check.") {
					told[key] = true
				} else if key, ok := word(keyOf(n)); ok && key != "" {
					t.Errorf("%s tells %q, which is no key of a text", path, key)
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for k := range told {
		if _, ok := texts[k]; !ok {
			t.Errorf("%s has no text", k)
		}
	}
	for k := range texts {
		if strings.HasPrefix(k, "check.") && !told[k] {
			t.Errorf("%s is told nowhere", k)
		}
	}
}

// word returns the value of a string literal.
func word(n ast.Node) (string, bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

// keyOf returns the argument of a call that is the key of a text, nil if the key begins with "check".
func keyOf(n ast.Node) ast.Node {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return nil
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	at, ok := map[string]int{"Say": 0, "Of": 0, "say": 3}[sel.Sel.Name] // the portal's say has the key fourth
	if !ok || at >= len(call.Args) {
		return nil
	}
	arg := call.Args[at]
	if sum, ok := arg.(*ast.BinaryExpr); ok {
		arg = sum.X
	}
	if key, ok := word(arg); ok && strings.HasPrefix(key, "check.") {
		return nil
	}
	return arg
}

func read(t *testing.T, language string) map[string]string {
	t.Helper()
	texts, err := Read(language)
	if err != nil {
		t.Fatal(err)
	}
	return texts.all
}
