package desk

import (
	"slices"
	"strconv"
	"strings"

	"helpdesk/pkg/field"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
)

// copiedMost is the maximum of people in copy of a ticket's answers. A letter that would exceed it adds nobody: it was
// written to a crowd, and an answer is for the person who asked.
const copiedMost = 50

// copyRule adds the people in copy of a letter to those who get the ticket's answers.
func copyRule(t *Ticket) rule {
	return rule{
		"copied",
		"",
		"mailboxes[].copy is participants, a person wrote the letter, none of T2, T4, T10 hits it, R9 only with " +
			"DMARC passed, and somebody is in its To or Cc who is not the requester, ours, a specialist's, a mail " +
			"system's, a robot's, nor excluded in any scope",
		"they get the ticket's answers in copy, and its task names them; nobody where a ticket would have more than " +
			strconv.Itoa(copiedMost),
		func(w *weighing) (string, bool) { return copying{w, t}.letter() },
	}
}

// copying adds the people in copy of a letter to its ticket.
type copying struct {
	*weighing
	t *Ticket
}

// letter adds the people in To and Cc, each once, and a note that names them.
func (c copying) letter() (string, bool) {
	if !c.believed() {
		return "", false
	}
	var added []string
	for _, a := range slices.Concat(c.m.To, c.m.Cc) {
		key := a.Key()
		if c.r.mayCopy(a, c.t, c.f.Excluded) && !slices.Contains(c.t.Copied, key) && !slices.Contains(added, key) {
			added = append(added, key)
		}
	}
	switch {
	case len(added) == 0:
		return "", false
	case len(c.t.Copied)+len(added) > copiedMost:
		c.weighing.note(NoteCrowd, strconv.Itoa(copiedMost), 0)
		return "too many", true
	}
	c.t.Copied = append(c.t.Copied, added...)
	c.weighing.note(NoteCopied, strings.Join(added, ", "), 0)
	return glyph.Cut(strings.Join(added, ", "), 200), true
}

// believed reports whether the letter may add people: a person wrote it to one of our addresses, and nothing casts
// doubt on its sender. If it joined its ticket by sender and subject alone, our mail server must vouch for the sender,
// since anybody could have written it.
func (c copying) believed() bool {
	doubted := func(rule string) bool {
		return rule == "T2 unverified" || rule == "T4 blind copy" || rule == "T10 spam"
	}
	if c.d.Class != classHuman || slices.ContainsFunc(c.against, doubted) {
		return false
	}
	return c.thread != "R9" ||
		field.Verdict(c.m.Header.Values("Authentication-Results"), c.r.policy.TrustAuth, "dmarc") == "pass"
}

// dotAtom matches a local part that needs no quotes, which every mail server accepts (RFC 5321, 4.1.2).
var dotAtom = lazy.Regexp("^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")

// mayCopy reports whether an address may get the ticket's answers in copy: it belongs to a person from outside, and no
// exclusion of any scope hits it. The requester gets the answers anyway and is not copied.
func (r *Rules) mayCopy(a Address, t *Ticket, excluded []Exclusion) bool {
	key := a.Key()
	local, domain := splitAddress(key)
	if _, ok := asciiDomain(domain); !ok || !dotAtom().MatchString(local) {
		return false
	}
	if key == t.Requester.Key() || key == t.AnswerTo().Key() || r.isOurs(key) ||
		r.isSystem(local) || r.isRobot(local) {
		return false
	}
	_, hit := Hit(slices.Concat(r.policy.Exclusions, excluded), key)
	return !hit
}

// copied returns the addresses that get the ticket's answers in copy now.
func (a *announcing) copied() []Address {
	t := &a.f.Ticket
	if !a.r.policy.Copy[t.Mailbox] {
		return nil
	}
	var all []Address
	for _, addr := range t.Copied {
		if to := (Address{Addr: addr}); a.r.mayCopy(to, t, a.f.Excluded) && !slices.Contains(a.f.Returned, addr) {
			all = append(all, to)
		}
	}
	return all
}

// inCopy reports whether an address gets the ticket's answers only in copy.
func (t *Ticket) inCopy(addr string) bool {
	key := FoldAddress(addr)
	return slices.Contains(t.Copied, key) && key != t.AnswerTo().Key() && key != t.Requester.Key()
}

// CopyLost returns the note that an answer did not reach somebody in copy; reason is the mail server's reply.
func CopyLost(to Address, reason string) Note {
	return Note{Key: NoteCopyLost, Detail: to.Key() + ": " + glyph.Cut(glyph.Line(reason), 300)}
}
