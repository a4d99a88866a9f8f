package desk

import (
	"regexp"
	"sync"
)

// lazy returns the compiled expression when it is first asked for: most passes find nothing to do, and compiling them all
// costs more than such a pass.
func lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
