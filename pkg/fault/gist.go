package fault

import (
	"strings"

	"helpdesk/pkg/lazy"
)

// varying is what differs in a refusal that is the same: addresses, links, numbers of the letter, the session, the
// time.
var varying = lazy.Regexp(`\S+@\S+|<[^<>]*>|https?://\S+|[0-9A-Za-z.:-]*\d[0-9A-Za-z.:-]*`)

// maxGist bounds what is read of a text, in bytes.
const maxGist = 2000

// Gist returns a text without the parts that differ between recipients, so that the same failure of several effects is
// recognised.
func Gist(text string) string {
	return strings.ToLower(strings.Join(strings.Fields(varying().ReplaceAllString(text[:min(len(text), maxGist)], " ")),
		" "))
}
