package desk

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"helpdesk/pkg/lazy"
)

var (
	userTag   = lazy.Regexp(`(?i)^\[user=(\d{1,18})\b`)
	afterSelf = lazy.Regexp(`^[\s,:;.!–—-]{0,10}`)
)

// isMention reports whether a comment begins with a mention of somebody other than our own user. QUIRK: "Reply" below a
// letter of ours in the old card begins the comment with a mention of the user who posted that letter; the specialist
// means the customer.
func isMention(a *announcing, c *Comment) bool {
	p := &a.r.policy
	return p.all() && p.MentionInside && slices.ContainsFunc(mentioned(c.Text), func(who string) bool {
		return !a.isSelf(who)
	})
}

// all reports whether every comment goes out that is not kept inside.
func (p *Policy) all() bool { return p.Send != SendMarked && p.Send != SendResults }

// isSelf reports whether a mention names one of our own users.
func (a *announcing) isSelf(who string) bool {
	m := userTag().FindStringSubmatch(who)
	if m == nil {
		return false
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	return err == nil && slices.Contains(a.f.Selves, n)
}

// mentioned returns the mentions at the beginning of a comment, as written. A chat's reference to the message being
// answered is not a mention.
func mentioned(text string) (all []string) {
	ledBy(text, func(rest string) bool {
		if isContext(rest) {
			return false
		}
		if lead := leadUser().FindString(rest); lead != "" {
			all = append(all, lead)
		} else if lead := leadTyped().FindString(rest); lead != "" {
			all = append(all, lead)
		}
		return false
	})
	return all
}

func isContext(lead string) bool { return len(lead) > 8 && strings.EqualFold(lead[:8], "[context") }

// isSlip reports whether a comment begins with one half of an internal prefix that is the same sign twice: the writer
// has probably missed a key.
func isSlip(a *announcing, c *Comment) bool {
	half := HalfPrefix(a.r.policy.InternalPrefix)
	return half != "" && a.r.policy.all() && begins(c.Text, half)
}

// HalfPrefix returns the sign of an internal prefix that consists of one sign twice, or "".
func HalfPrefix(prefix string) string {
	if signs := []rune(seen(prefix)); len(signs) == 2 && signs[0] == signs[1] {
		return string(signs[:1])
	}
	return ""
}

// addressed returns a text without mentions of our own users at the beginning of its own words: their name means
// nothing to the customer.
func (a *announcing) addressed(text string) string {
	at := []int{0}
	for _, q := range quoted(text) {
		at = append(at, q.to)
	}
	for _, from := range slices.Backward(at) {
		rest := strings.TrimLeftFunc(text[from:], invisible)
		lead := leadUser().FindString(rest)
		if lead == "" || !a.isSelf(lead) {
			continue
		}
		rest = rest[len(lead):]
		rest = rest[len(afterSelf().FindString(rest)):]
		if first, size := utf8.DecodeRuneInString(rest); unicode.IsLower(first) {
			rest = string(unicode.ToUpper(first)) + rest[size:]
		}
		gap := ""
		if from > 0 {
			gap = "\n"
		}
		text = text[:from] + gap + rest
	}
	return text
}
