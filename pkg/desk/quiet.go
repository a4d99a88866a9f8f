package desk

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"helpdesk/pkg/field"
	"helpdesk/pkg/glyph"
)

// capped is the id of the rule for limits, the only rule that depends on earlier letters.
const capped = "T3 capped"

// quietRules are the rules that suppress the auto-reply and nothing else. All of them are asked.
func quietRules() []rule {
	const no = "no auto-reply"
	return []rule{
		{
			"T1 excluded",
			"",
			"an exclusion of scope autoreply or letters hits From, Sender, Reply-To or Return-Path",
			no + "; with letters: none of any kind",
			askExcluded,
		},
		{
			"T2 unverified",
			"",
			"DMARC failed, by the topmost Authentication-Results of mail.trust_auth_results",
			no + "; the post is marked",
			askUnverified,
		},
		{
			capped,
			"",
			"a second auto-reply for the ticket, over letters.received.limit (counted for the sender and for whoever " +
				"gets it, without +tags; its per_domain is not for public_domains of words.yaml), or the same " +
				"subject twice from one address",
			no + "; counted",
			askCapped,
		},
		{
			"T4 blind copy",
			"",
			"recipients are named, and none of our addresses, with a +tag or without, is in To, Cc, Delivered-To, " +
				"X-Original-To or Envelope-To",
			no,
			askBlindCopy,
		},
		{
			"T5 reply-to-staff",
			"",
			"it answers a letter of ours or of a specialist: R1, R2, R3, R5, R8",
			no,
			askReplyToStaff,
		},
		{"T6 stale", "", "it arrived longer ago than letters.received.max_age", no, askStale},
		{
			"T7 undeliverable",
			"",
			"a letter to this address came back for good, and no person has written from it since",
			no,
			askUndeliverable,
		},
		{
			"T8 no address",
			"",
			"there is nobody to answer: no address, our own, a specialist's, a mail system's or a robot's",
			no,
			askNoAddress,
		},
		{"T9 off", "", "letters.received.enabled is false", no, askOff},
		{
			"T10 spam",
			"",
			"the receiving filter has marked it as spam (spam_marks of words.yaml), and mail.spam is quiet or ignore",
			no + "; quiet: a new task is marked and gets no letter ever; ignore: nothing where it would be a new task",
			askSpam,
		},
	}
}

func askExcluded(w *weighing) (string, bool) {
	if len(w.excluded) == 0 {
		return "", false
	}
	return w.excluded[0].Match + " (" + string(w.excluded[0].Scope) + ")", true
}

func askSpam(w *weighing) (string, bool) {
	if p := w.r.policy.Spam; p != spamQuiet && p != spamIgnore {
		return "", false
	}
	mark := w.r.spammed(w.m)
	return glyph.Cut(glyph.Line(mark), 120), mark != ""
}

func askUnverified(w *weighing) (string, bool) {
	return "dmarc=fail by " + w.r.policy.TrustAuth,
		field.Verdict(w.m.Header.Values("Authentication-Results"), w.r.policy.TrustAuth, "dmarc") == "fail"
}

func askCapped(w *weighing) (string, bool) {
	p, n := w.r.policy.In(w.m.Mailbox), w.f.Replies
	switch {
	case w.found != nil && w.found.Replied > 0:
		return "the ticket has had its auto-reply", true
	case p.PerAddress > 0 && n.Address >= p.PerAddress:
		return fmt.Sprintf("%d auto-replies to %s within %s", n.Address, w.m.From.Key(), p.Within), true
	case p.PerDomain > 0 && n.Domain >= p.PerDomain:
		w.limit = LimitDomain
		return fmt.Sprintf("%d auto-replies to %s within %s", n.Domain, w.m.From.Domain(), p.Within), true
	case p.PerDay > 0 && n.Day >= p.PerDay:
		w.d.DayFull, w.limit = true, LimitDay
		return fmt.Sprintf("%d auto-replies within a day", n.Day), true
	case n.Subject > 0 && w.normal != "":
		w.limit = LimitSubject
		return "an auto-reply to the same subject within " + p.Within.String(), true
	}
	return "", false
}

// askBlindCopy does not hit if no own address is known, or if the message names no recipient at all.
func askBlindCopy(w *weighing) (string, bool) {
	if len(w.r.own) == 0 {
		return "", false
	}
	named := w.m.Header.Has("To") || w.m.Header.Has("Cc")
	for _, list := range [][]Address{w.m.To, w.m.Cc} {
		for _, a := range list {
			named = true
			if w.r.isOwnTagged(a.Addr) {
				return "", false
			}
		}
	}
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To"} {
		for _, v := range w.m.Header.Values(name) {
			named = true
			for _, one := range strings.Split(v, ",") {
				if w.r.isOwnTagged(bareAddress(one)) {
					return "", false
				}
			}
		}
	}
	return "none of our addresses is among the recipients", named
}

// isOwnTagged reports whether addr is ours, with or without a +tag: support+sales@example.ru is delivered to
// support@example.ru (RFC 5233).
func (r *Rules) isOwnTagged(addr string) bool { return r.isOwn(addr) || r.isOwn(Untagged(addr)) }

// Untagged returns an address without its +tag, and without quotes that may be there or not: "ivan"@firm.ru is
// ivan@firm.ru (RFC 5321, 4.1.2).
func Untagged(addr string) string {
	local, domain := splitAddress(addr)
	if len(local) > 2 && local[0] == '"' && local[len(local)-1] == '"' {
		local = strings.ReplaceAll(local[1:len(local)-1], `\`, "")
	}
	if name, _, _ := strings.Cut(local, "+"); name != "" {
		local = name
	}
	return local + "@" + domain
}

// isOurs reports whether an address is our own or a specialist's, with or without a +tag.
func (r *Rules) isOurs(addr string) bool {
	return r.isOwnTagged(addr) || r.isStaff(addr) || r.isStaff(Untagged(addr))
}

func askReplyToStaff(w *weighing) (string, bool) {
	switch w.thread {
	case "R1", "R2", "R3", "R5", "R8":
		return w.thread, true
	}
	return "", false
}

func askStale(w *weighing) (string, bool) {
	most := w.r.policy.In(w.m.Mailbox).MaxAge
	if most <= 0 || w.m.Received.IsZero() {
		return "", false
	}
	age := w.f.Now.Sub(w.m.Received)
	return "it arrived " + age.Truncate(1e9).String() + " ago", age > most
}

// askUndeliverable hits if mail to the reply's address came back. A letter from a person clears the mark if the reply
// goes to that same address: receiving mail from it proves that it exists. A Reply-To proves nothing, since web forms
// fill it with whatever a visitor typed.
func askUndeliverable(w *weighing) (string, bool) {
	to := w.r.replyTo(w.m).Key()
	return to, w.f.Undelivers && (w.d.Class != classHuman || to != w.m.From.Key())
}

func askNoAddress(w *weighing) (string, bool) {
	to := w.r.replyTo(w.m)
	local, domain := splitAddress(to.Key())
	switch {
	case local == "" || domain == "":
		return "no usable address", true
	case w.r.isOurs(to.Addr), w.r.isSystem(local), w.r.isRobot(local):
		return to.Key(), true
	}
	return "", false
}

func askOff(w *weighing) (string, bool) { return "", !w.r.policy.In(w.m.Mailbox).AutoReply }

// replyTo returns the address that answers go to. QUIRK: web forms put the mailbox they write to into Reply-To.
func (r *Rules) replyTo(m *Message) Address {
	if to := m.Reply(); !r.isOwnTagged(to.Addr) {
		return to
	}
	return m.From
}

func endsWord(s string) bool {
	c, _ := utf8.DecodeLastRuneInString(s)
	return unicode.IsLetter(c)
}

func firstRune(s string) rune {
	c, _ := utf8.DecodeRuneInString(s)
	return c
}
