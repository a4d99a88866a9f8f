package desk

import (
	"slices"
	"strconv"
	"strings"

	"helpdesk/pkg/field"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/lazy"
)

// copiedMost is how many people a ticket's answers go to in copy. A letter that would add more adds nobody: it was
// written to a crowd, and an answer is for whoever asked.
const copiedMost = 50

// copyRule adds those in copy of a letter to whoever gets the answers of the ticket.
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

// copying is a letter as far as it adds people to its ticket.
type copying struct {
	*weighing
	t *Ticket
}

// letter adds who is in To and Cc of the letter, and has its post name them. Everybody is added once.
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

// believed reports whether the letter may add people: a person wrote it, to us by name, and its sender is proved. A
// letter that belongs to its ticket by sender and subject alone is one that anybody can write, unless our mail server
// vouches for the sender.
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

// dotAtom is a local part that needs no quotes and every mail server takes (RFC 5321, 4.1.2).
var dotAtom = lazy.Regexp("^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")

// mayCopy reports whether somebody may get answers of the ticket in copy: a person from outside who is not excluded in
// whatever way. The requester gets them anyway.
func (r *Rules) mayCopy(a Address, t *Ticket, excluded []Exclusion) bool {
	key := a.Key()
	local, domain := splitAddress(key)
	if _, ok := asciiDomain(domain); !ok || !dotAtom().MatchString(local) {
		return false
	}
	if key == t.Requester.Key() || key == t.AnswerTo().Key() || r.isOwnTagged(key) || r.isStaff(key) ||
		r.isSystem(local) || r.isRobot(local) {
		return false
	}
	_, hit := Hit(slices.Concat(r.policy.Exclusions, excluded), key)
	return !hit
}

// copied returns who gets the ticket's answers in copy, as things stand now.
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

// inCopy reports whether an address gets the ticket's answers in copy alone.
func (t *Ticket) inCopy(addr string) bool {
	key := FoldAddress(addr)
	return slices.Contains(t.Copied, key) && key != t.AnswerTo().Key() && key != t.Requester.Key()
}

// CopyLost is the note that somebody in copy did not get an answer, for a reason in the words of a mail server.
func CopyLost(to Address, reason string) Note {
	return Note{Key: NoteCopyLost, Detail: to.Key() + ": " + glyph.Cut(glyph.Line(reason), 300)}
}
