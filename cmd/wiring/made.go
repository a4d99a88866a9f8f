package wiring

import (
	"bytes"
	"fmt"
	"io/fs"
	"sync"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/naming"
	"helpdesk/pkg/quote"
	"helpdesk/pkg/render"
	"helpdesk/templates"
)

// lasting caches the compiled form of a data file. Compiling takes longer than most passes, so a process that runs
// several passes, such as the demonstration, does it once while the file is unchanged.
type lasting[T any] struct {
	name string // of the file
	make func(raw []byte) (T, error)

	mu   sync.Mutex
	raw  []byte
	made T
}

// of returns the compiled form of the file in files.
func (l *lasting[T]) of(files fs.FS) (made T, err error) {
	raw, err := fs.ReadFile(files, l.name)
	if err != nil {
		return made, exit.Usage(fmt.Errorf("read %s: %w", l.name, err))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.raw != nil && bytes.Equal(l.raw, raw) {
		return l.made, nil
	}
	if made, err = l.make(raw); err != nil {
		return made, exit.Usage(fmt.Errorf("%s: %w", l.name, err))
	}
	l.raw, l.made = raw, made
	return made, nil
}

// cutting is the rules that cut letters, with their compiled form, which only a pass needs that reads letters.
type cutting struct {
	rules  quote.Rules
	cutter func() (*quote.Cutter, error)
}

var cuttings = lasting[cutting]{name: "quotes.yaml", make: func(raw []byte) (c cutting, err error) {
	err = strictly(raw, &c.rules)
	c.cutter = sync.OnceValues(func() (*quote.Cutter, error) { return quote.Compile(c.rules) })
	return c, err
}}

var names = lasting[*naming.Names]{name: "names.yaml", make: func(raw []byte) (*naming.Names, error) {
	var words naming.Words
	if err := strictly(raw, &words); err != nil {
		return nil, err
	}
	return naming.Compile(words)
}}

var lexicons = lasting[*desk.Lexicon]{name: "words.yaml", make: func(raw []byte) (*desk.Lexicon, error) {
	var words desk.Words
	if err := strictly(raw, &words); err != nil {
		return nil, err
	}
	return desk.NewLexicon(words)
}}

// tried caches texts made from the built-in templates, by the settings used in them. It does not cache templates from a
// folder, because they may change at any time.
type tried[T any] struct {
	mu   sync.Mutex
	made map[string]T
}

var (
	sets   tried[*render.Set]
	alarms tried[*render.Alarms]
)

// of returns the texts for the settings, and calls make if they are not cached.
func (k *tried[T]) of(files fs.FS, settings string, make func() (T, error)) (T, error) {
	const enough = 16 // entries: a preview makes new texts whenever its settings change
	if files != templates.FS {
		return make()
	}
	k.mu.Lock()
	made, ok := k.made[settings]
	k.mu.Unlock()
	if ok {
		return made, nil
	}
	made, err := make()
	if err != nil {
		return made, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.made == nil || len(k.made) >= enough {
		k.made = map[string]T{}
	}
	k.made[settings] = made
	return made, nil
}
