package relay

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"

	"helpdesk/pkg/lazy"
)

//go:embed answers.txt
var answers string

// kind says what or whom a refusal is about.
type kind string

const (
	unknown   kind = ""
	remote    kind = "remote" // text quoted from another server
	recipient kind = "recipient"
	size      kind = "size"
	limit     kind = "limit"
	client    kind = "client"
	account   kind = "account"
	sender    kind = "sender"
	relaying  kind = "relaying"
	domain    kind = "domain"  // our domain in the DNS
	someone   kind = "someone" // an account, either the recipient's or ours
)

// words returns the patterns of each kind.
var words = sync.OnceValue(func() map[kind][]*regexp.Regexp {
	all, at := map[kind][]*regexp.Regexp{}, unknown
	for line := range strings.Lines(answers) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok && !strings.Contains(line, `\`) {
			name, _, _ = strings.Cut(name, "]")
			at = kind(name)
			continue
		}
		if line != "" && !strings.HasPrefix(line, "#") {
			all[at] = append(all[at], regexp.MustCompile(`(?i)`+line))
		}
	}
	return all
})

// front matches what precedes the text: a code of RFC 3463, then addresses and what servers put around them.
var front = lazy.Regexp(
	`^(?:[245]\.\d{1,3}\.\d{1,3}\s+)?(?:(?:SMTP;|Error:|<[^<>]*>[:.]*|\S+@\S+|\(#?[245]\.\d+\.\d+\))\s+)*`)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 2000

// about returns whom the text of a refusal is about, or unknown.
func about(msg string) kind {
	msg = strings.Join(strings.Fields(msg[:min(len(msg), maxAnswer)]), " ")
	msg = msg[len(front().FindString(msg)):]
	for _, k := range []kind{remote, domain, sender, account, someone, recipient, size, relaying, limit, client} {
		switch {
		case !tells(k, msg):
		case k == remote:
			return recipient
		case k == sender && tells(limit, msg):
			return limit
		default:
			return k
		}
	}
	return unknown
}

func tells(k kind, msg string) bool {
	return slices.ContainsFunc(words()[k], func(p *regexp.Regexp) bool { return p.MatchString(msg) })
}
