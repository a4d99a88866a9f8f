// Package lazy builds expensive values at their first use, because most runs of a program that cron starts every minute
// find nothing to do. It does not cache what can change.
package lazy

import (
	"regexp"
	"sync"
)

// Regexp returns a function that compiles the pattern at its first call and returns the same result at every call. Like
// regexp.MustCompile the function panics if the pattern is wrong.
func Regexp(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
