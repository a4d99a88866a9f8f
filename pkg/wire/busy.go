package wire

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
)

//go:embed busy.txt
var busyWords string

var busy = sync.OnceValue(func() *regexp.Regexp {
	var all []string
	for line := range strings.Lines(busyWords) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, "(?:"+line+")")
		}
	}
	return regexp.MustCompile("(?i)" + strings.Join(all, "|"))
})

// maxAnswer bounds the part of a response that is searched, in bytes.
const maxAnswer = 2000

// Busy reports whether a server refuses because of load, judged by its words: many servers have no code for it. Such a
// refusal passes by itself.
func Busy(text string) bool { return busy().MatchString(text[:min(len(text), maxAnswer)]) }

// BusyAdvice explains a temporary refusal: the server is overloaded, or it limits the account.
const BusyAdvice = "the server has too much to do for now, or limits this account: it is tried again; if this stays " +
	"for hours, ask who runs the server whether this user may open the mailbox"
