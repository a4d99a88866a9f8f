package desk

import (
	"slices"
	"strings"

	"helpdesk/pkg/glyph"
)

// insideRule asks for the only proof that makes a report believed.
func insideRule() rule {
	return rule{"own-id", "", "a valid id of our own is inside, of a letter that belongs to a ticket",
		"the report is believed; without it a delivery report goes to the quarantine",
		func(w *weighing) (string, bool) {
			for _, id := range ownInside(w.m, w.f.Signer) {
				link, known := w.f.Known[id]
				if t := w.ticket(link.Ticket); known && t != nil {
					w.inside = &evidence{id: id, link: link, ticket: t, own: true}
					return glyph.Cut(id, 120) + " belongs to " + named(t), true
				}
			}
			return "", false
		}}
}

// returned decides a delivery report.
func (w *weighing) returned() {
	if !w.ask(GroupReport, insideRule()) {
		w.d.Verdict = Quarantine
		return
	}
	w.bounce()
}

// returnedInside decides mail of a mail system that is not a regular report. It reports whether the mail is about a
// letter of ours that came back. An automatic reply that a person's mailbox sent with the null sender is not.
func (w *weighing) returnedInside() bool {
	if !w.ask(GroupReport, insideRule()) {
		return false
	}
	if !w.r.isSystem(systemLocal(w.m)) && (w.marked() || w.takesPart(w.inside.ticket)) {
		return false
	}
	w.bounce()
	return true
}

// bounce adds a comment to the ticket of the returned letter, and records the addresses that mail cannot reach.
func (w *weighing) bounce() {
	t := w.inside.ticket
	if t.Status == Gone {
		w.d.Verdict = Ignored // there is no task to comment on
		return
	}
	reported := w.recipients()
	for _, r := range reported {
		detail := r.Address
		if r.Status != "" {
			detail += ": " + r.Status
		}
		if r.Diagnostic != "" {
			detail += " " + glyph.Cut(glyph.Line(r.Diagnostic), 300)
		}
		if r.Action != "" && r.Action != "failed" {
			detail += " (" + glyph.Line(r.Action) + ")"
		}
		w.note(NoteBounce, detail, 0)
		if hard(r) {
			w.d.Failed = append(w.d.Failed, FoldAddress(r.Address))
			if !t.inCopy(r.Address) {
				t.Undeliver = detail
			}
		}
	}
	w.copies = len(reported) > 0 &&
		!slices.ContainsFunc(reported, func(r Recipients) bool { return !t.inCopy(r.Address) })
	w.found = t
	w.comment(FormBounce)
}

// recipients returns the recipients that the report names, each once: from its own parts and from X-Failed-Recipients,
// which Exim and Google write.
func (w *weighing) recipients() []Recipients {
	const most = 20
	var reported []Recipients
	if w.m.Report != nil {
		reported = w.m.Report.Failed
	}
	for _, v := range w.m.Header.Values("X-Failed-Recipients") {
		for a := range strings.SplitSeq(v, ",") {
			reported = append(reported, Recipients{Address: bareAddress(a), Action: "failed"})
		}
	}
	var all []Recipients
	at := map[string]int{}
	for _, r := range reported {
		key := FoldAddress(r.Address)
		i, seen := at[key]
		switch {
		case key == "" || !seen && len(all) == most:
		case !seen:
			at[key] = len(all)
			all = append(all, r)
		case all[i].Status == "" && r.Status != "":
			all[i] = r
		}
	}
	return all
}

// hard reports whether delivery to the address failed for good, that is, not with a temporary status (RFC 3463, 2).
func hard(r Recipients) bool {
	return strings.EqualFold(r.Action, "failed") && !strings.HasPrefix(r.Status, "4") && r.Address != ""
}
