package desk

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"helpdesk/pkg/lazy"
)

// ForCustomer is the id of the rule that lets a comment out.
const ForCustomer = "for-customer"

// tooYoung is the id of the rule that postpones a comment.
const tooYoung = "delay"

// commentRule is one question about a comment of a task.
type commentRule struct {
	id     string
	when   string
	effect string
	ask    func(*announcing, *Comment) bool
}

// commentRules are the rules that keep a comment inside; the first that hits decides. In doubt nothing is mailed.
func commentRules() []commentRule {
	const stays = "stays inside"
	return []commentRule{
		{"known", "it was read before", "nothing", func(a *announcing, c *Comment) bool {
			t := &a.f.Ticket
			if a.change.Rewound {
				return !c.At.After(t.ReadUpTo)
			}
			if a.r.policy.Send == SendResults && c.ResultID != 0 {
				return a.knownResult(c)
			}
			// Comment numbers start anew when a chat takes over from the comments.
			return c.ID <= t.LastComment && (a.change.State.Chat == 0 || a.change.State.Chat == t.Chat)
		}},
		{"system", "the portal itself wrote it", stays, func(_ *announcing, c *Comment) bool {
			return c.System || c.Author == 0
		}},
		{"own", "it is a post of ours: our signed marker stands in its last line or its first, quotes left out, " +
			"whoever wrote it", stays, func(a *announcing, c *Comment) bool {
			return a.f.Signer.Carries(c.Text)
		}},
		{
			"service",
			"the task has no chat, and its text, but for quotes, is a remark the portal makes in the name of a user",
			stays,
			isService,
		},
		{"bot", "a bot or a connector wrote it", stays, func(_ *announcing, c *Comment) bool { return c.Bot }},
		{"guest", "an outsider wrote it, or somebody whom the portal does not name: a guest, an e-mail or extranet " +
			"user", stays, func(_ *announcing, c *Comment) bool {
			return c.Guest
		}},
		{"forwarded", "it was forwarded from another chat", stays, func(_ *announcing, c *Comment) bool {
			return c.Forwarded
		}},
		{"deleted", "it was taken back", stays, func(a *announcing, c *Comment) bool {
			return c.Deleted || matchAny(a.r.deleted, strings.TrimSpace(c.Text))
		}},
		{tooYoung, "it was written less than notify.delay ago", "waits, and is decided as it stands then",
			func(a *announcing, c *Comment) bool {
				return a.wait(c) > 0
			}},
		{"internal", "notify.send is all, and it begins with notify.internal_prefix", stays, isInternal},
		{
			"slip",
			"notify.send is all, notify.internal_prefix is one sign twice, and it begins with that sign once",
			stays + "; the first time the task says so",
			isSlip,
		},
		{
			"mention",
			"notify.send is all, notify.mention_inside is true, and it begins with a mention of somebody else than " +
				"our own user",
			stays + "; the first time the task says so",
			isMention,
		},
		{"unmarked", "notify.send is marked, and it does not begin with notify.public_prefix", stays,
			func(a *announcing, c *Comment) bool {
				return a.r.policy.Send == SendMarked && !strings.HasPrefix(trim(c.Text), a.r.policy.PublicPrefix)
			}},
		{"not-result", "notify.send is results, and it is not marked as a result", stays,
			func(a *announcing, c *Comment) bool {
				return a.r.policy.Send == SendResults && !c.Result
			}},
		{"empty", "there is no text in it, nor a file that may go out", stays, func(a *announcing, c *Comment) bool {
			out := a.public(*c)
			return trim(out.Text) == "" && len(out.Files) == 0
		}},
		{"silent", "no letter goes: an exclusion of scope letters, a deleted task, or nobody to write to", stays,
			func(a *announcing, _ *Comment) bool {
				return a.silent != ""
			}},
		{"off", "letters.comment.enabled is false", stays, func(a *announcing, _ *Comment) bool {
			return !a.r.policy.In(a.f.Ticket.Mailbox).Answer
		}},
		{ForCustomer, "nothing above", "a letter to the requester, and in copy to whom the rule copied " +
			"added: unless they are excluded by now, or mail to them comes back", func(*announcing, *Comment) bool {
			return true
		}},
	}
}

// resultsBefore is the margin by which a result must predate the last reading to count as read, for tickets that have
// never recorded one: the clocks of the portal's servers differ.
const resultsBefore = time.Minute

// knownResult reports whether a result was read before. The time at which a comment was marked counts, not the time at
// which it was written. In a ticket that has never recorded a result, results marked before the last reading count as
// read.
func (a *announcing) knownResult(c *Comment) bool {
	t := &a.f.Ticket
	if t.LastResult > 0 {
		return c.ResultID <= t.LastResult
	}
	return c.ID <= t.LastComment && !c.At.After(t.ReadAt.Add(-resultsBefore))
}

// wait returns how long a comment has to wait until it is old enough. A comment whose time is further in the future
// than the delay comes from another clock, and does not wait.
func (a *announcing) wait(c *Comment) time.Duration {
	now := a.change.ReadAt
	if now.IsZero() {
		now = a.f.Now
	}
	age := now.Sub(c.At)
	if a.r.policy.Delay <= 0 || age < -a.r.policy.Delay {
		return 0
	}
	return max(0, a.r.policy.Delay-age)
}

// weigh applies the rules to one comment. It returns the comment as it goes out, or nil if it stays inside. For a
// comment that has to wait it reports what would become of it now.
func (a *announcing) weigh(c Comment) (reason Reason, out *Comment) {
	var wait time.Duration
	for _, q := range commentRules() {
		switch {
		case q.id == tooYoung:
			wait = a.wait(&c)
			continue
		case !q.ask(a, &c):
			continue
		}
		reason = Reason{Group: GroupComment, Rule: q.id, Note: fmt.Sprintf("comment %d: %s", c.ID, q.when), Hit: true}
		switch q.id {
		case "silent":
			reason.Note = fmt.Sprintf("comment %d: %s", c.ID, a.silent)
		case ForCustomer:
			reason.Note = fmt.Sprintf("comment %d", c.ID)
			public := a.public(c)
			out = &public
		}
		break // the first that hits decides
	}
	if wait > 0 {
		reason.Rule, reason.Note = tooYoung, reason.Note+", in "+Brief(wait)
	}
	return reason, out
}

// Brief formats a duration for people: 40 s, 5 min.
func Brief(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	}
	return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
}

// public returns the comment as the customer sees it: without the public prefix and without quotes of text that was not
// mailed.
func (a *announcing) public(c Comment) Comment {
	if a.r.policy.Send == SendMarked {
		c.Text = strings.TrimLeft(strings.TrimPrefix(trim(c.Text), a.r.policy.PublicPrefix), " \t")
	}
	c.Text = a.addressed(a.disclosed(c.Text))
	if !a.r.policy.Attachments {
		c.Files = nil
	}
	return c
}

// isService judges each sentence, since the portal puts several remarks into one comment: it hits if every sentence is
// a remark of the portal. A comment that was marked for the customer is trusted to be a specialist's. In a chat the
// portal marks its own messages.
func isService(a *announcing, c *Comment) bool {
	if a.change.State.Chat != 0 || a.r.policy.Send == SendResults && c.Result {
		return false
	}
	text := tag().ReplaceAllString(mention().ReplaceAllString(unquoted(c.Text), "@"), "")
	sentences := 0
	for _, s := range sentenceEnd().Split(text, -1) {
		if s = strings.TrimRight(trim(s), ".!? "); s == "" {
			continue
		}
		if sentences++; !matchAny(a.r.service, s) {
			return false
		}
	}
	return sentences > 0
}

// isInternal reports whether a comment begins with the internal prefix, also after markup, mentions and quotes: a
// specialist may answer a colleague first and begin their own words with the prefix.
func isInternal(a *announcing, c *Comment) bool {
	p := &a.r.policy
	return p.all() && begins(c.Text, p.InternalPrefix)
}

var (
	mention = lazy.Regexp(`(?is)\[user\b[^\[\]]{0,100}\].{0,200}?\[/user\]`)
	tag     = lazy.Regexp(`\[/?[A-Za-z*][^\[\]]*\]|\[\*\]`)
	// The dots within a date do not end a sentence.
	sentenceEnd = lazy.Regexp(`\n|[.!?]\s+`)
)

func matchAny(res []*regexp.Regexp, s string) bool {
	for _, re := range res {
		if re.MatchString(s) {
			return true
		}
	}
	return false
}

// Greets reports whether a text begins with a greeting.
func (r *Rules) Greets(text string) bool { return matchAny(r.greets, ownWords(text)) }
