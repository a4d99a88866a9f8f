// Package lazy makes what is dear to make when it is first used: a program that cron starts every minute mostly finds
// nothing to do.
package lazy

import (
	"regexp"
	"sync"
)

// Regexp returns what compiles a pattern at its first call and returns the compiled one at every call. Like
// regexp.MustCompile it panics over a wrong pattern.
func Regexp(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}
