package portal

import (
	"strings"

	"helpdesk/pkg/lazy"
)

var (
	// parts matches the parts of a text with a meaning: marked links and pictures, code, mentions without a name, bare
	// web addresses.
	parts = lazy.Regexp(`(?is)\[url[^\]]*\].*?\[/url\]|\[img[^\]]*\].*?\[/img\]|\[code\].*?\[/code\]|` +
		`\[user=\d+[^\]]*\]\s*\[/user\]|https?://[^\s<>\[\]"]+`)
	mention  = lazy.Regexp(`\d+`)
	entities = strings.NewReplacer("&quot;", `"`, "&#039;", "'", "&#39;", "'", "&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// parsed returns a chat text in the form that all methods return (im, lib/text.php parse).
func (w *world) parsed(text string) string {
	return parts().ReplaceAllStringFunc(entities.Replace(text), func(part string) string {
		switch {
		case part[0] != '[':
			return "[URL]" + part + "[/URL]"
		case strings.EqualFold(part[:5], "[user"):
			n, _ := integer(mention().FindString(part))
			head, tail, _ := strings.Cut(part, "]")
			return head + "]" + w.users[n].FullName() + strings.TrimSpace(tail)
		}
		return part
	})
}
