package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"helpdesk/pkg/glyph"
)

// Load reads a configuration file and checks all of it; env looks up a variable of the environment. All mistakes in the
// file are returned at once, as Mistakes.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	return read(path, env, false)
}

// LoadOffline is Load for commands that contact no server: a secret whose variable is not set, or whose file cannot be
// read, stays empty and is not a mistake.
func LoadOffline(path string, env func(string) (string, bool)) (*Config, error) {
	return read(path, env, true)
}

func read(path string, env func(string) (string, bool), offline bool) (*Config, error) {
	d, raw, err := open(path, env)
	if err != nil {
		return nil, err
	}
	d.offline = offline
	c := Default()
	d.config = c
	if body, ok := d.parse(raw); ok {
		d.mapping("", body, reflect.ValueOf(c).Elem())
		c.State = d.state(c.State)
		c.fillPorts()
		d.check(c)
	}
	if len(d.mistakes) > 0 {
		d.mistakes.sort()
		return nil, d.mistakes
	}
	if c.Bitrix24.Webhook != "" {
		c.Bitrix24.Webhook = strings.TrimRight(c.Bitrix24.Webhook, "/") + "/"
	}
	return c, nil
}

// open reads a file and makes its decoder.
func open(path string, env func(string) (string, bool)) (*decoder, []byte, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read configuration: %w", err)
	}
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, nil, fmt.Errorf("find folder of %s: %w", path, err)
	}
	return &decoder{
		file: path, folder: folder, env: env,
		anchors: map[string]ast.Node{}, places: map[string]place{}, broken: map[string]bool{},
	}, raw, nil
}

// parse returns the body of the only document, nil if the file is empty.
func (d *decoder) parse(raw []byte) (ast.Node, bool) {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")) // Notepad on Windows writes this mark
	raw = bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))
	if i := glyph.BadByte(raw); i >= 0 {
		d.mistakes = append(d.mistakes, Mistake{File: d.file, Line: 1 + bytes.Count(raw[:i], []byte("\n")),
			Column: i - bytes.LastIndexByte(raw[:i], '\n'), Message: "is not UTF-8: save the file in that encoding"})
		return nil, false
	}
	file, err := parser.ParseBytes(raw, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		d.mistakes = append(d.mistakes, d.syntax(err, raw))
		return nil, false
	}
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if body != nil {
			at := start(doc.Body)
			d.mistakes = append(d.mistakes, Mistake{File: d.file, Line: at.Line, Column: at.Column,
				Message: "a second document begins here: one file is one configuration"})
			return nil, false
		}
		body = doc.Body
	}
	return body, true
}

// syntax converts an error of the YAML parser. The parser's message contains no values except in quotes.
func (d *decoder) syntax(err error, raw []byte) Mistake {
	m := Mistake{File: d.file, Line: 1, Column: 1, Message: "is not YAML"}
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
