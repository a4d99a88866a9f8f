package config

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"

	"helpdesk/pkg/lazy"
)

// The example is one file of keys and values, and a file of texts for each language. The copies in examples and
// docs/config.md are generated from them.
//
//go:generate go test -run ^(TestExampleCopy|TestConfigDoc)$ -update
var (
	//go:embed example.yaml
	exampleKeys string
	//go:embed example.en.yaml
	exampleEN []byte
	//go:embed example.ru.yaml
	exampleRU []byte
)

// Example returns a commented configuration to start from, in English for "en" and in Russian for any other language.
// Load accepts it once the variables that it names are set.
func Example(language string) []byte {
	texts := exampleTexts(language)
	var b strings.Builder
	for _, l := range exampleLines() {
		l.write(&b, texts)
	}
	return []byte(b.String())
}

// exampleTexts returns the remarks on the keys, by path.
func exampleTexts(language string) map[string]string {
	raw, texts := exampleRU, map[string]string{}
	if language == "en" {
		raw = exampleEN
	}
	if err := yaml.UnmarshalWithOptions(raw, &texts, yaml.Strict()); err != nil {
		panic(fmt.Sprintf("texts of the example: %v", err)) // the file is embedded and tested
	}
	return texts
}

// exampleLine is a line of the example: a key with its value, a place for a remark, or other text.
type exampleLine struct {
	indent, text string
	path         string // of the key or of the remark; "" = neither
	remark       bool   // the line is the remark on the path
	off          bool   // the key is commented out: it is optional
	value        string
}

var (
	keyLine    = lazy.Regexp(`^( *)(# +)?(- )?([a-z0-9_]+):(?: (.*))?$`)
	remarkLine = lazy.Regexp(`^( *)#@(\S+)$`)
)

// exampleLines reads the file of keys.
func exampleLines() []exampleLine {
	var all []exampleLine
	type level struct {
		indent int
		name   string
	}
	var open []level
	for text := range strings.Lines(exampleKeys) {
		text = strings.TrimRight(text, "\n")
		l := exampleLine{text: text}
		if m := remarkLine().FindStringSubmatch(text); m != nil {
			l.indent, l.path, l.remark = m[1], m[2], true
		} else if m := keyLine().FindStringSubmatch(text); m != nil {
			indent := len(m[1]) + len(m[3])
			if m[2] != "" {
				indent += len(m[2]) - len("# ")
			}
			for len(open) > 0 && open[len(open)-1].indent >= indent {
				open = open[:len(open)-1]
			}
			open = append(open, level{indent, m[4]})
			var names []string
			for _, o := range open {
				names = append(names, o.name)
			}
			l.path, l.off, l.value = strings.Join(names, "."), m[2] != "", m[5]
		}
		all = append(all, l)
	}
	return all
}

// The columns of the example: where a remark beside a key begins, and where it ends.
const (
	textColumn = 36
	lineEnd    = 120
)

// write writes the line with the remarks in one language.
func (l exampleLine) write(b *strings.Builder, texts map[string]string) {
	said := texts[l.path]
	switch {
	case l.remark && l.path == "head":
		for line := range strings.Lines(said) {
			b.WriteString(strings.TrimRight("# "+line, " \n") + "\n")
		}
	case l.remark:
		wrap(b, l.indent+"# ", l.indent+"# ", said)
	default:
		text := l.text
		for name, is := range texts {
			if strings.HasPrefix(name, "@") {
				text = strings.ReplaceAll(text, "@"+name, is)
			}
		}
		if said == "" {
			b.WriteString(text + "\n")
			return
		}
		gap := strings.Repeat(" ", max(1, textColumn-utf8.RuneCountInString(text)))
		wrap(b, text+gap+"# ", strings.Repeat(" ", textColumn)+"# ", said)
	}
}

// wrap writes a text after the prefix first, and continues it on lines that begin with next.
func wrap(b *strings.Builder, first, next, text string) {
	line := first
	for i, word := range strings.Fields(strings.ReplaceAll(text, " - ", "\u00a0- ")) { // no line begins with a dash
		word = strings.ReplaceAll(word, "\u00a0", " ")
		switch {
		case i == 0:
			line += word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > lineEnd:
			b.WriteString(line + "\n")
			line = next + word
		default:
			line += " " + word
		}
	}
	b.WriteString(line + "\n")
}
