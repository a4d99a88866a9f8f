// Package phrase holds what a person is to be told until its language is known.
package phrase

import "fmt"

// Phrase names a text and what stands in it. One without a key is its arguments, such as an error, which has no
// translation.
type Phrase struct {
	Key  string
	Args []any // as the verbs of the text want them; a Phrase among them is told in the same language
}

// Of returns the phrase of a key.
func Of(key string, args ...any) Phrase { return Phrase{Key: key, Args: args} }

// Plain returns words that are the same in each language.
func Plain(words any) Phrase { return Phrase{Args: []any{words}} }

// In returns the phrase in the language of the texts, which are formats of fmt by key; a key without a text stands for
// itself.
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
