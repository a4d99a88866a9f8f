package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// allowed lists what a package may import besides the standard library: our packages by their path in the module,
// others by the module's path. A package without a row is an error, so that every new one is considered.
//
// The test parses the files itself: if it asked the go command, the test cache would keep the answer.
var allowed = map[string][]string{
	".": {"cmd"},
	"cmd": {
		"*",
		"github.com/spf13/cobra",
		"github.com/spf13/pflag",
		"golang.org/x/net",
		"golang.org/x/term",
		"golang.org/x/text",
	},
	// Parts of commands. None of them may import a command, and each may import only what it needs of the others.
	"cmd/exit":     {"pkg/bitrix", "pkg/config", "pkg/fault", "pkg/pass", "pkg/store"},
	"cmd/tui":      {"cmd/exit", "pkg/bitrix", "pkg/desk", "pkg/glyph", "pkg/pass", "golang.org/x/term"},
	"cmd/owner":    {},
	"cmd/schedule": {"pkg/lazy"},
	"cmd/status": {
		"github.com/go-json-experiment/json",
		"cmd/exit",
		"cmd/tui",
		"cmd/watch",
		"pkg/alarm",
		"pkg/bitrix",
		"pkg/desk",
		"pkg/glyph",
		"pkg/pass",
		"pkg/store",
		"pkg/version",
	},
	"cmd/watch": {"pkg/alarm", "pkg/render", "pkg/version"},
	"cmd/wiring": {"github.com/go-json-experiment/json", "pkg/lang", "pkg/naming", "pkg/worktime", "cmd/exit",
		"pkg/bearer", "pkg/oauth", "cmd/watch",
		"pkg/alarm",
		"pkg/wire", "pkg/bitrix", "pkg/config", "pkg/desk", "pkg/quote", "pkg/fault", "pkg/mailbox", "pkg/markup",
		"pkg/onec", "pkg/outbox", "pkg/pass", "pkg/portal",
		"pkg/relay", "pkg/render", "pkg/spool", "pkg/store", "pkg/version", "templates", "github.com/goccy/go-yaml"},
	"cmd/person": {"cmd/tui", "pkg/desk", "pkg/glyph", "pkg/store"}, // show, export, and the record of removal
	"cmd/check": {
		"pkg/lazy",
		"cmd/exit",
		"cmd/status",
		"cmd/tui",
		"cmd/wiring",
		"pkg/bitrix",
		"pkg/config",
		"pkg/desk",
		"pkg/fault",
		"pkg/outbox",
		"pkg/pass",
		"pkg/portal",
		"pkg/probe",
		"pkg/spool",
		"pkg/store",
		"golang.org/x/sys/unix",
	},
	"cmd/pages": {"cmd/exit", "cmd/tui", "cmd/wiring", "pkg/config", "pkg/desk", "pkg/render", "pkg/wire"},
	"cmd/demo": {
		"cmd/pages",
		"cmd/tui",
		"cmd/wiring",
		"pkg/config",
		"pkg/desk",
		"pkg/eml",
		"pkg/glyph",
		"pkg/markup",
		"pkg/pass",
		"pkg/quote",
		"pkg/sandbox/mail",
		"pkg/sandbox/portal",
	},

	"templates":    {},
	"pkg/desk":     {"pkg/lazy", "pkg/field", "pkg/glyph", "pkg/worktime", "golang.org/x/net/idna"},
	"pkg/field":    {},
	"pkg/naming":   {"pkg/lazy", "pkg/glyph"},
	"pkg/worktime": {},
	"pkg/lang":     {},
	"pkg/fault":    {"pkg/lazy"},
	"pkg/alarm":    {},
	"pkg/glyph":    {"golang.org/x/text"},
	"pkg/version":  {},
	"pkg/lazy":     {},
	"pkg/phrase":   {},
	"pkg/spool":    {},
	"pkg/tags":     {"golang.org/x/net/html"},
	"pkg/charset":  {"golang.org/x/text"},
	"pkg/eml": {
		"pkg/lazy",
		"pkg/glyph",
		"pkg/desk",
		"pkg/charset",
		"pkg/tags",
		"github.com/emersion/go-message",
		"golang.org/x/net/html",
		"golang.org/x/text",
	},
	"pkg/quote":  {"pkg/lazy", "pkg/glyph", "pkg/desk", "pkg/eml", "pkg/tags"},
	"pkg/markup": {"pkg/lazy", "pkg/desk", "pkg/tags"},
	"pkg/render": {"pkg/alarm", "pkg/glyph", "pkg/desk"},
	"pkg/config": {
		"pkg/lazy",
		"pkg/glyph",
		"pkg/wire",
		"templates",
		"github.com/goccy/go-yaml",
		"golang.org/x/net/idna",
	},
	"pkg/store": {
		"pkg/lazy",
		"pkg/desk",
		"pkg/fault",
		"pkg/glyph",
		"pkg/store/bolt",
		"pkg/store/engine",
		"pkg/store/postgres",
		"github.com/go-json-experiment/json",
		"golang.org/x/net/idna",
	},
	"pkg/store/bolt":     {"pkg/store/engine", "go.etcd.io/bbolt"},
	"pkg/store/engine":   {"pkg/phrase"},
	"pkg/store/postgres": {"pkg/phrase", "pkg/store/engine", "github.com/jackc/pgx/v5", "golang.org/x/sys/unix"},
	"pkg/wire":           {"pkg/fault"},
	"pkg/bearer":         {"pkg/glyph"},
	"pkg/oauth":          {"pkg/bearer", "pkg/fault", "pkg/glyph", "pkg/wire", "golang.org/x/oauth2"},
	"pkg/sandbox/auth":   {},
	"pkg/mailbox": {
		"pkg/lazy",
		"pkg/bearer",
		"pkg/desk",
		"pkg/fault",
		"pkg/glyph",
		"pkg/spool",
		"pkg/wire",
		"github.com/emersion/go-imap/v2",
		"github.com/emersion/go-sasl",
	},
	"pkg/bitrix": {"pkg/lazy", "pkg/fault", "pkg/wire", "golang.org/x/time/rate", "github.com/go-json-experiment/json"},
	"pkg/portal": {
		"pkg/lazy",
		"pkg/phrase",
		"pkg/glyph",
		"pkg/bitrix",
		"pkg/desk",
		"pkg/fault",
		"github.com/go-json-experiment/json",
	},
	"pkg/probe": {"pkg/bitrix", "github.com/go-json-experiment/json"},
	"pkg/relay": {
		"pkg/lazy",
		"pkg/bearer",
		"pkg/glyph",
		"pkg/desk",
		"pkg/fault",
		"pkg/wire",
		"github.com/wneessen/go-mail",
	},
	"pkg/outbox": {
		"pkg/desk",
		"pkg/naming",
		"pkg/eml",
		"pkg/render",
		"pkg/markup",
		"pkg/fault",
		"pkg/spool",
	},
	"pkg/pass": {
		"pkg/lazy",
		"pkg/desk",
		"pkg/lang",
		"pkg/eml",
		"pkg/tags",
		"pkg/quote",
		"pkg/markup",
		"pkg/fault",
		"pkg/spool",
		"pkg/outbox",
	},
	"pkg/stats": {"pkg/desk", "pkg/worktime"},
	"pkg/onec":  {"pkg/desk", "pkg/wire"},
	// a tool for developers
	"internal/letterlab": {
		"pkg/desk",
		"pkg/markup",
		"pkg/relay",
		"pkg/render",
		"templates",
		"github.com/goccy/go-yaml",
	},
	"pkg/sandbox/portal": {"pkg/lazy", "github.com/go-json-experiment/json"},
	"pkg/sandbox/mail": {
		"github.com/emersion/go-imap/v2",
		"github.com/emersion/go-smtp",
		"github.com/emersion/go-sasl",
	},
	"internal/crowd": {"pkg/desk", "pkg/eml", "pkg/sandbox/mail", "pkg/sandbox/portal"}, // for tests and sandbox
	// for tests and measurements
	"internal/servers":  {"golang.org/x/sys/unix"},
	"internal/terminal": {"golang.org/x/sys/unix"}, // for tests and typist
	"internal/typist":   {"internal/terminal"},
	"internal/testkit":  {"github.com/go-json-experiment/json"},
	"internal/bench": {
		"internal/servers",
		"pkg/sandbox/portal",
		"pkg/sandbox/mail",
		"go.etcd.io/bbolt",
		"golang.org/x/text",
	},
	"internal/bench/entries": {"pkg/store/bolt", "pkg/store/engine", "go.etcd.io/bbolt"},
	"internal/bench/floor":   {"github.com/emersion/go-imap/v2"},

	"cmd/setup": {
		"pkg/lazy",
		"pkg/phrase",
		"cmd/wiring",
		"pkg/bitrix",
		"pkg/config",
		"pkg/desk",
		"pkg/portal",
		"pkg/wire",
		"templates",
	},

	"internal/release":          {},
	"internal/release/manual":   {"cmd", "github.com/spf13/cobra"},
	"internal/release/packager": {"github.com/goreleaser/nfpm/v2"}, // a separate module
	"internal/sandbox": {"internal/crowd", "internal/servers", "internal/testkit", "pkg/sandbox/auth",
		"pkg/sandbox/mail",
		"pkg/sandbox/portal"},
}

// pure packages may not access the outside world, not even through the standard library.
var pure = []string{"pkg/desk", "pkg/field", "pkg/naming", "pkg/worktime", "pkg/stats", "pkg/lang"}

var (
	worldly = []string{"os", "io", "net", "log", "context", "math/rand", "crypto/rand", "syscall"}
	clocks  = []string{"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker", "AfterFunc"}
)

const module = "helpdesk/"

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && name != "." &&
			(strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		seen[path.Dir(filepath.ToSlash(file))] = true
		for _, wrong := range breaches(filepath.ToSlash(file), nil) {
			t.Error(wrong)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, must := range []string{".", "cmd", "pkg/desk", "pkg/pass", "pkg/store"} {
		if !seen[must] {
			t.Errorf("no file of %s was looked at", must)
		}
	}
}

// TestImportsBreached checks that each rule can be broken.
func TestImportsBreached(t *testing.T) {
	for _, c := range []struct{ file, src, want string }{
		{"pkg/desk/x.go", `import "helpdesk/pkg/fault"`, "pkg/desk may not import helpdesk/pkg/fault"},
		{"pkg/desk/x.go", `import "os"`, "pkg/desk may not import os"},
		{"pkg/desk/x.go", `import "io/fs"`, "pkg/desk may not import io/fs"},
		{"pkg/desk/x.go", `import "net/mail"`, "pkg/desk may not import net/mail"},
		{"pkg/desk/x.go", `import "log/slog"`, "pkg/desk may not import log/slog"},
		{"pkg/desk/x.go", `import "context"`, "pkg/desk may not import context"},
		{"pkg/desk/x.go", `import "math/rand/v2"`, "pkg/desk may not import math/rand/v2"},
		{"pkg/desk/x.go", `import "crypto/rand"`, "pkg/desk may not import crypto/rand"},
		{"pkg/desk/x.go", `import "time"; var t = time.Now()`, "pkg/desk may not call time.Now"},
		{"pkg/desk/x.go", `import clock "time"; var t = clock.Since`, "pkg/desk may not call time.Since"},
		{"pkg/fault/x.go", `import "helpdesk/pkg/desk"`, "pkg/fault may not import helpdesk/pkg/desk"},
		{"pkg/config/x.go", `import "helpdesk/pkg/desk"`, "pkg/config may not import helpdesk/pkg/desk"},
		{"pkg/eml/x.go", `import "helpdesk/pkg/markup"`, "pkg/eml may not import helpdesk/pkg/markup"},
		{"pkg/markup/x.go", `import "helpdesk/pkg/fault"`, "pkg/markup may not import helpdesk/pkg/fault"},
		{"pkg/render/x.go", `import "helpdesk/templates"`, "pkg/render may not import helpdesk/templates"},
		{"pkg/store/x.go", `import "helpdesk/pkg/mailbox"`, "pkg/store may not import helpdesk/pkg/mailbox"},
		{"pkg/store/x.go", `import "go.etcd.io/bbolt"`, "pkg/store may not import go.etcd.io/bbolt"},
		{"pkg/store/engine/x.go", `import "helpdesk/pkg/desk"`, "pkg/store/engine may not import helpdesk/pkg/desk"},
		{"pkg/mailbox/x.go", `import "helpdesk/pkg/eml"`, "pkg/mailbox may not import helpdesk/pkg/eml"},
		{"pkg/bitrix/x.go", `import "helpdesk/pkg/desk"`, "pkg/bitrix may not import helpdesk/pkg/desk"},
		{"pkg/portal/x.go", `import "helpdesk/pkg/relay"`, "pkg/portal may not import helpdesk/pkg/relay"},
		{
			"pkg/relay/x.go",
			`import "github.com/emersion/go-imap/v2/imapclient"`,
			"pkg/relay may not import github.com/emersion/go-imap/v2/imapclient",
		},
		{"pkg/pass/x.go", `import "helpdesk/pkg/store"`, "pkg/pass may not import helpdesk/pkg/store"},
		{
			"pkg/sandbox/portal/x.go",
			`import "helpdesk/pkg/portal"`,
			"pkg/sandbox/portal may not import helpdesk/pkg/portal",
		},
		{"pkg/onec/x.go", `import "helpdesk/cmd"`, "pkg/onec may not import helpdesk/cmd"},
		{"cmd/x.go", `import "go.etcd.io/bbolt"`, "cmd may not import go.etcd.io/bbolt"},
		{"cmd/x.go", `import "helpdesk/cmd"`, "cmd may not import helpdesk/cmd"},
		{"cmd/tui/x.go", `import "helpdesk/cmd"`, "cmd/tui may not import helpdesk/cmd"},
		{"cmd/exit/x.go", `import "helpdesk/cmd/tui"`, "cmd/exit may not import helpdesk/cmd/tui"},
		{"pkg/pass/x.go", `import "helpdesk/cmd/exit"`, "pkg/pass may not import helpdesk/cmd/exit"},
		{"templates/x.go", `import "helpdesk/pkg/desk"`, "templates may not import helpdesk/pkg/desk"},
		{"x.go", `import "helpdesk/pkg/store"`, ". may not import helpdesk/pkg/store"},
		{"pkg/new/x.go", ``, "pkg/new has no row in the table of imports"},
		{"cmd/x.go", "import \"regexp\"; var r = regexp.MustCompile(`a`)", "compiled at every start"},
		{"cmd/x.go", `import "text/template"; var t = template.Must(nil, nil)`, "compiled at every start"},
		{"cmd/x.go", "var s = \"\\u041f\\u0440\"", "Cyrillic text in code"},
		{"cmd/x.go", "var s = `Привет`", "Cyrillic text in code"},
		{"cmd/x.go", "import \"regexp\"; var r = regexp.MustCompile(`[а-я]`)", "Cyrillic text in code"},
	} {
		found := breaches(c.file, "package x; "+c.src)
		if !strings.Contains(strings.Join(found, "\n"), c.want) {
			t.Errorf("%s with %s: found %q, want %q", c.file, c.src, found, c.want)
		}
	}
	for _, c := range []struct{ file, src string }{
		{"pkg/desk/x.go", `import ("time"; "strings"; "golang.org/x/net/idna"); var d = time.Hour // Привет`},
		{"cmd/x.go", `import ("helpdesk/pkg/store"; "helpdesk/templates"; "os"; "time"); var t = time.Now`},
		{"pkg/pass/x.go", `import "helpdesk/pkg/fault"; var yo = "\u0451"`},
		{
			"cmd/x.go",
			`import "regexp"; var f = func() { regexp.MustCompile("a") }; func g() { regexp.MustCompile("b") }`,
		},
	} {
		if found := breaches(c.file, "package x; "+c.src); len(found) > 0 {
			t.Errorf("%s with %s: found %q, want nothing", c.file, c.src, found)
		}
	}
}

// breaches returns the violations of the rules in a file; a nil source is read from the file.
func breaches(file string, src any) []string {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, src, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	dir := path.Dir(file)
	row, ok := allowed[dir]
	if !ok {
		return []string{fmt.Sprintf("%s: %s has no row in the table of imports", file, dir)}
	}
	var found []string
	wrong := func(at token.Pos, format string, args ...any) {
		found = append(found, fmt.Sprintf("%s: ", set.Position(at))+fmt.Sprintf(format, args...))
	}
	clock := ""
	for _, spec := range f.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		if !permitted(dir, row, name) {
			wrong(spec.Pos(), "%s may not import %s", dir, name)
		}
		if name == "time" {
			clock = "time"
			if spec.Name != nil {
				clock = spec.Name.Name
			}
		}
	}
	for _, at := range dearAtStart(f) {
		if strings.HasPrefix(dir, "internal/") { // not part of the program
			break
		}
		wrong(at, "compiled at every start, also of a pass that finds nothing to do: take lazy.Regexp or "+
			"sync.OnceValue")
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && clock != "" && x.Name == clock && slices.Contains(pure, dir) &&
				slices.Contains(clocks, n.Sel.Name) {
				wrong(n.Pos(), "%s may not call time.%s: the clock is an argument", dir, n.Sel.Name)
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); err == nil && cyrillic(text) {
				wrong(n.Pos(), "Cyrillic text in code: %s belongs into templates/", n.Value)
			}
		}
		return true
	})
	return found
}

// dearAtStart returns where package variables compile a pattern or a template.
func dearAtStart(f *ast.File) (found []token.Pos) {
	for _, d := range f.Decls {
		vars, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		ast.Inspect(vars, func(n ast.Node) bool {
			if _, later := n.(*ast.FuncLit); later {
				return false
			}
			if s, ok := n.(*ast.SelectorExpr); ok {
				x, _ := s.X.(*ast.Ident)
				if x != nil && (x.Name == "regexp" && s.Sel.Name == "MustCompile" ||
					x.Name == "template" && s.Sel.Name == "Must") {
					found = append(found, s.Pos())
				}
			}
			return true
		})
	}
	return found
}

// versioned matches the end of an import path that is a version.
var versioned = regexp.MustCompile(`/v\d+$`)

func permitted(dir string, row []string, name string) bool {
	first, _, _ := strings.Cut(name, "/")
	switch {
	case strings.HasPrefix(name, module):
		ours := strings.TrimPrefix(name, module)
		if slices.Contains(row, "*") && ours != dir { // all packages but itself
			return true
		}
		return slices.Contains(row, ours)
	case strings.Contains(first, "."):
		return slices.ContainsFunc(row, func(m string) bool { return name == m || strings.HasPrefix(name, m+"/") })
	case slices.Contains(pure, dir):
		name = versioned.ReplaceAllString(name, "")
		return !slices.ContainsFunc(worldly, func(w string) bool { return name == w || strings.HasPrefix(name, w+"/") })
	}
	return true
}

// cyrillic reports whether s is text for people; a single letter is a code point, as in folding tables.
func cyrillic(s string) bool {
	letters := 0
	for _, r := range s {
		if unicode.Is(unicode.Cyrillic, r) {
			letters++
		}
	}
	return letters > 1
}
