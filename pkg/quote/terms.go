package quote

import (
	"errors"
	"fmt"

	"helpdesk/pkg/lazy"
)

// aTerm matches a reference to a part of a pattern. It does not match a repetition count.
var aTerm = lazy.Regexp(`\{[a-z]+\}`)

// spelled replaces the terms in a list of patterns, and the terms within terms.
func spelled(name string, list []string, terms map[string]string) ([]string, error) {
	var errs []error
	var write func(s string, depth int) string
	write = func(s string, depth int) string {
		return aTerm().ReplaceAllStringFunc(s, func(t string) string {
			term, ok := terms[t[1:len(t)-1]]
			if !ok || depth == 0 {
				errs = append(errs, fmt.Errorf("%s: %q in %q is not a term", name, t, s))
				return ""
			}
			return "(?:" + write(term, depth-1) + ")"
		})
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = write(s, 3)
	}
	return out, errors.Join(errs...)
}
