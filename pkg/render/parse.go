package render

import (
	"fmt"
	htmltemplate "html/template"
	"io"
	"io/fs"
	"path"
	"strings"
	"text/template"

	"helpdesk/pkg/glyph"
)

// parser parses templates, each together with the phrases of the locale, and collects the errors.
type parser struct {
	files  fs.FS
	locale string
	errs   []error
	failed map[string]bool // errors already recorded

	// The shared files, parsed at the first use and cloned for each text: by themselves they are longer than most texts.
	sharedText *template.Template
	sharedHTML *htmltemplate.Template
}

// functions are the functions for templates.
var functions = map[string]any{
	"join":    func(list []string) string { return strings.Join(list, ", ") },
	"brief":   func(s string) string { return glyph.Cut(glyph.Line(s), longestPreheader) },
	"outlook": outlook,
}

// outlook returns HTML for Outlook's Word engine only. It is a function because html/template drops comments.
func outlook(s string) htmltemplate.HTML {
	return htmltemplate.HTML("<!--[if mso]>" + s + "<![endif]-->")
}

// shared are files whose definitions all other files may use.
var shared = []string{"phrases.tmpl", "post-parts.tmpl"}

// read returns the name and the content of a file of the locale.
func (p *parser) read(name string) (string, string) {
	name = path.Join(p.locale, name)
	content, err := fs.ReadFile(p.files, name)
	if err != nil {
		p.fail(fmt.Errorf("read template: %w", err))
	}
	text := strings.TrimPrefix(string(content), "\ufeff") // byte order mark, which Notepad writes
	return name, strings.ReplaceAll(text, "\r\n", "\n")
}

// fail records an error once: an error in a shared file recurs with every other file.
func (p *parser) fail(err error) {
	if p.failed == nil {
		p.failed = map[string]bool{}
	}
	if !p.failed[err.Error()] {
		p.failed[err.Error()] = true
		p.errs = append(p.errs, err)
	}
}

// text parses src, or the file if src is empty, as text/template.
func (p *parser) text(name, src string) *template.Template {
	if src == "" {
		name, src = p.read(name)
	}
	if p.sharedText == nil {
		p.sharedText = template.New("").Funcs(functions)
		for _, file := range shared {
			n, s := p.read(file)
			if _, err := p.sharedText.New(n).Parse(s); err != nil {
				p.fail(err)
			}
		}
	}
	all, err := p.sharedText.Clone()
	if err != nil {
		p.fail(err)
		return p.sharedText
	}
	t := all.New(name).Option("missingkey=error")
	if _, err := t.Parse(src); err != nil {
		p.fail(err)
	}
	return t
}

// html parses src, or the file if src is empty, as html/template.
func (p *parser) html(name, src string) *htmltemplate.Template {
	if src == "" {
		name, src = p.read(name)
	}
	if p.sharedHTML == nil {
		p.sharedHTML = htmltemplate.New("").Funcs(functions)
		n, s := p.read("phrases.tmpl")
		if _, err := p.sharedHTML.New(n).Parse(s); err != nil {
			p.fail(err)
		}
	}
	all, err := p.sharedHTML.Clone()
	if err != nil {
		p.fail(err)
		return p.sharedHTML
	}
	t := all.New(name).Option("missingkey=error")
	if _, err := t.Parse(src); err != nil {
		p.fail(err)
	}
	return t
}

// setting parses a setting's text under its key, or the file if the setting is empty.
func (p *parser) setting(key, src, file string) *template.Template {
	if src != "" {
		return p.text(key, src)
	}
	return p.text(file, "")
}

// body parses a setting's HTML under its key, or the pair of files if the setting is empty.
func (p *parser) body(key, src, file string) body {
	if src != "" {
		return body{html: p.html(key, src)}
	}
	return body{html: p.html(file+".html.tmpl", ""), text: p.text(file+".text.tmpl", "")}
}

// executer is a template of either package.
type executer interface {
	Execute(w io.Writer, data any) error
}

// run executes a template.
func run(t executer, data any) (string, error) {
	var b strings.Builder
	err := t.Execute(&b, data)
	return strings.Trim(b.String(), "\n"), err
}

// phrase returns a phrase, or "" if it is not defined.
func phrase(t *template.Template, name string, data any) string {
	var b strings.Builder
	if t.Lookup(name) == nil || t.ExecuteTemplate(&b, name, data) != nil {
		return ""
	}
	return strings.TrimSpace(b.String())
}
