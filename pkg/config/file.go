package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"helpdesk/pkg/glyph"
)

// File is a configuration file that is read and parsed, but not checked. Parsing takes most of the time of reading the
// settings.
type File struct {
	path     string
	folder   string
	body     ast.Node // of the only document; nil if the file is empty
	mistakes Mistakes // the file is not YAML
}

// Open reads and parses a file. It reports mistakes in the file only when a key is read.
func Open(path string) (*File, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("find folder of %s: %w", path, err)
	}
	f := &File{path: path, folder: folder}
	f.parse(raw)
	return f, nil
}

// StatePath returns the path or address of the state, ignoring the other keys: the caller may not have the variables of
// their secrets.
func (f *File) StatePath(env func(string) (string, bool)) (string, error) {
	state, err := f.lone(env, Default().State, "state")
	if err != nil {
		return "", err
	}
	return f.decoder(env).state(state), nil
}

// Locale returns letters.locale, ignoring the other keys.
func (f *File) Locale(env func(string) (string, bool)) (string, error) {
	return f.lone(env, Default().Letters.Locale, "letters", "locale")
}

// lone returns the text of one key, or otherwise if the file does not have the key.
func (f *File) lone(env func(string) (string, bool), otherwise string, keys ...string) (string, error) {
	if len(f.mistakes) > 0 {
		return "", f.mistakes
	}
	node := f.body
	for _, key := range keys {
		entries, _ := pairs(node)
		i := slices.IndexFunc(entries, func(e *ast.MappingValueNode) bool { return e.Key.GetToken().Value == key })
		if i < 0 {
			return otherwise, nil
		}
		node = entries[i].Value
	}
	text, isText, ok := literal(node)
	if !ok || text == "" {
		return otherwise, nil
	}
	text, err := f.decoder(env).expand(text, isText)
	if err != nil {
		return "", fmt.Errorf("%s: %s: %w", f.path, strings.Join(keys, "."), err)
	}
	return text, nil
}

func (f *File) decoder(env func(string) (string, bool)) *decoder {
	return &decoder{file: f.path, folder: f.folder, env: env, mistakes: slices.Clone(f.mistakes),
		anchors: map[string]ast.Node{}, places: map[string]place{}, broken: map[string]bool{}}
}

// parse sets the body or the mistakes.
func (f *File) parse(raw []byte) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // Notepad on Windows writes this mark
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	if i := glyph.BadByte(raw); i >= 0 {
		f.mistakes = Mistakes{{File: f.path, Line: 1 + bytes.Count(raw[:i], []byte("\n")),
			Column: i - bytes.LastIndexByte(raw[:i], '\n'), Message: "is not UTF-8: save the file in that encoding"}}
		return
	}
	file, err := parser.ParseBytes(raw, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		f.mistakes = Mistakes{f.syntax(err, raw)}
		return
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if f.body != nil {
			at := start(doc.Body)
			f.mistakes = Mistakes{{File: f.path, Line: at.Line, Column: at.Column,
				Message: "a second document begins here: one file is one configuration"}}
			return
		}
		f.body = doc.Body
	}
}

// syntax converts an error of the YAML parser. The parser's message contains no values except in quotes.
func (f *File) syntax(err error, raw []byte) Mistake {
	m := Mistake{File: f.path, Line: 1, Column: 1, Message: "is not YAML"}
	var e yaml.Error
	if !errors.As(err, &e) {
		return m
	}
	text, _, _ := strings.Cut(e.GetMessage(), "\"")
	m.Message = "is not YAML: " + strings.ReplaceAll(strings.TrimRight(text, ": "), "'\t'", "tab")
	t := e.GetToken()
	if t == nil || t.Position == nil {
		return m
	}
	m.Line, m.Column = t.Position.Line, t.Position.Column
	lines := strings.Split(string(raw), "\n")
	switch line := lines[min(m.Line, len(lines))-1]; {
	case strings.HasPrefix(strings.TrimSpace(t.Origin), "@"):
		m.Message += "; a text that begins with @ stands in quotes"
	case strings.Contains(line, "${") && strings.ContainsAny(line, "}],"):
		m.Message += "; between { and } a text with ${…} stands in quotes"
	}
	return m
}
