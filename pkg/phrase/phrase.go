// Package phrase keeps a text for people until the language is known. It has no texts itself: they come from data
// files.
package phrase

import "fmt"

// Phrase names a text and has the arguments for it. A phrase without a key consists of its arguments, such as an error,
// and is not translated.
type Phrase struct {
	Key  string
	Args []any // for the verbs of the text; a Phrase among them is put into the same language
}

// Of returns the phrase with a key.
func Of(key string, args ...any) Phrase { return Phrase{Key: key, Args: args} }

// Plain returns words that are the same in each language.
func Plain(words any) Phrase { return Phrase{Args: []any{words}} }

// In returns the phrase in the language of the texts, which are formats of package fmt by key. If a key has no text, In
// returns the key.
func (p Phrase) In(texts map[string]string) string {
	args := make([]any, len(p.Args))
	for i, arg := range p.Args {
		if inner, ok := arg.(Phrase); ok {
			arg = inner.In(texts)
		}
		args[i] = arg
	}
	if p.Key == "" {
		return fmt.Sprint(args...)
	}
	text, ok := texts[p.Key]
	switch {
	case !ok:
		return p.Key
	case len(args) == 0:
		return text
	}
	return fmt.Sprintf(text, args...)
}
