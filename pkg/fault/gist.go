package fault

import (
	"strings"

	"helpdesk/pkg/lazy"
)

// varying matches the parts in which equal refusals differ: addresses, links, times, numbers of letters and sessions.
var varying = lazy.Regexp(`\S+@\S+|<[^<>]*>|https?://\S+|[0-9A-Za-z.:-]*\d[0-9A-Za-z.:-]*`)

// maxGist bounds how many bytes of a text are compared.
const maxGist = 2000

// Gist returns a text without the parts that vary, so that the same failure of several effects is recognised.
func Gist(text string) string {
	return strings.ToLower(strings.Join(strings.Fields(varying().ReplaceAllString(text[:min(len(text), maxGist)], " ")),
		" "))
}
