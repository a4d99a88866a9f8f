package pass

import (
	"context"
	"slices"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
)

// candidate is a message that has been read but not recorded.
type candidate struct {
	desk.Message
	entry desk.Entry
}

// decide looks up what the decisions need, makes them in the order of the mailbox, and records them together. It calls
// failed for each message that cannot be decided or recorded.
func (p *Pass) decide(ctx context.Context, b Box, mb Mailbox, ms []desk.Message,
	failed func(desk.Entry, error) error) error {
	var cs []candidate
	for _, m := range ms {
		c := candidate{m, desk.Entry{Listing: m.Listing, ID: m.ID, From: m.From, Subject: m.Subject,
			Oversize: slices.Contains(m.Degraded, desk.DegradedOversize)}}
		var err error
		c.entry.Questions, err = within(ctx, p, m.Listing, "ask about message",
			func(context.Context) (desk.Questions, error) {
				return p.kit.Rules.Ask(&m, p.Signer), nil
			})
		if over(ctx, err) {
			return err
		}
		if err == nil {
			p.Outbox.Bodies.Name(m.Place, c.entry.Questions.Key)
			cs = append(cs, c)
		} else if err = failed(c.entry, err); err != nil {
			return err
		}
	}
	if len(cs) == 0 {
		return nil
	}
	failures, err := p.record(ctx, b, mb, cs)
	ended := over(ctx, err)
	if ended && ctx.Err() != nil {
		return err
	}
	if err != nil && !ended && fault.ExtentOf(err) == fault.One {
		failures, err = p.recordEach(ctx, b, mb, cs, err)
	}
	for i, c := range cs {
		switch {
		case failures[i] != nil:
			if err := failed(c.entry, failures[i]); err != nil {
				return err
			}
		case err == nil:
			p.diary.Forget(c.Listing)
		}
	}
	return err
}

// recordEach records messages one by one after recording them together has failed: the failure may be due to a single
// message. An error with a larger extent, such as a full disk, is returned, because no message is to blame for it.
func (p *Pass) recordEach(ctx context.Context, b Box, mb Mailbox, cs []candidate, cause error) (map[int]error, error) {
	failures := map[int]error{}
	if len(cs) == 1 {
		failures[0] = cause
		return failures, nil
	}
	for i := range cs {
		own, err := p.record(ctx, b, mb, cs[i:i+1])
		if fault.ExtentOf(err) != fault.One {
			return nil, err
		}
		if failures[i] = own[0]; err != nil {
			failures[i] = err
		}
	}
	return failures, nil
}

// record decides and records messages in one transaction, and returns the errors of those that cannot be decided. If
// record returns an error, no message was recorded.
func (p *Pass) record(ctx context.Context, b Box, mb Mailbox, cs []candidate) (failures map[int]error, err error) {
	entries, qs := make([]desk.Entry, len(cs)), make([]desk.Questions, len(cs))
	senders := make([]string, len(cs))
	for i, c := range cs {
		entries[i], qs[i], senders[i] = c.entry, c.entry.Questions, c.entry.Questions.Address
	}
	p.Outbox.Ahead(senders)
	known, err := p.ledger.Ask(qs)
	if err != nil {
		return nil, err
	}
	asked := p.states(ctx, known)
	sent := p.answered(ctx, mb, cs, known)
	var lines []Line
	full, replying := false, false
	failures = map[int]error{}
	err = p.ledger.Record(p.Now(), entries, p.Policy.In(b.Name).Within,
		func(i int, f desk.Facts) (desk.Decision, error) {
			p.complete(asked, &f)
			f.InSent = sent[i]
			m := cs[i].Message
			d, err := p.judge(ctx, b, m, f)
			if over(ctx, err) {
				return d, err
			}
			if err != nil {
				failures[i] = err
				return desk.Decision{Verdict: desk.Quarantine}, nil
			}
			if d.Verdict == desk.Quarantine {
				_, note, _ := settled(d)
				failures[i] = &unbelieved{note}
			}
			lines, full, replying = append(lines, line(m, d)), full || d.DayFull, replying || d.AutoReply
			return d, nil
		})
	if err != nil {
		return failures, err
	}
	p.report.DayFull, p.report.Replying = p.report.DayFull || full, p.report.Replying || replying
	for _, l := range lines {
		p.tell(l)
	}
	return failures, nil
}

// judge decides one message and writes the texts of its effects.
func (p *Pass) judge(ctx context.Context, b Box, m desk.Message, f desk.Facts) (desk.Decision, error) {
	return within(ctx, p, m.Listing, "decide message", func(context.Context) (desk.Decision, error) {
		d := p.kit.Rules.Decide(&m, f)
		for i := range d.Effects {
			if d.Effects[i].Post == nil {
				continue
			}
			if err := outbox.Describe(p.kit.Texts(b.Name, ""), b.Zone, &m, &d.Effects[i], ""); err != nil {
				return d, err
			}
		}
		return d, nil
	})
}

// states asks the portal for the states of the tasks that the messages may belong to. A deleted task is nil in the
// result. A missing task was not asked for, or the portal did not answer; its last known state is used.
func (p *Pass) states(ctx context.Context, known []desk.Facts) map[int64]*desk.TaskState {
	var tasks []int64
	asked := map[int64]*desk.TaskState{}
	for _, f := range known {
		for _, t := range f.Tickets {
			if _, twice := asked[t.Task]; t.Task != 0 && !twice {
				asked[t.Task] = nil
				tasks = append(tasks, t.Task)
			}
		}
	}
	if len(tasks) == 0 || p.tally.Away("portal") != nil {
		return nil
	}
	states, err := p.portal.States(ctx, tasks)
	if err != nil && fault.ExtentOf(err) != fault.One {
		p.tally.GiveUp("portal", err)
		return nil
	}
	if err != nil {
		p.tally.Problem("portal", err)
		return nil
	}
	for task, s := range states {
		asked[task] = &s
	}
	return asked
}

// answered reports for each message whether the letter it replies to is in the Sent folder of the mailbox. It searches
// only if we do not know that letter ourselves.
func (p *Pass) answered(ctx context.Context, mb Mailbox, cs []candidate, known []desk.Facts) []bool {
	sent := make([]bool, len(cs))
	for i, m := range cs {
		if mb == nil || len(m.InReplyTo) == 0 || len(known[i].Known) > 0 || known[i].Recorded {
			continue
		}
		var err error
		if sent[i], err = mb.InSent(ctx, m.InReplyTo[0]); err != nil {
			p.Log.Debug("look into Sent", "mailbox", m.Mailbox, "err", err)
		}
	}
	return sent
}

// complete adds to the facts what the state does not contain. Tasks may have been made after the portal was asked.
func (p *Pass) complete(asked map[int64]*desk.TaskState, f *desk.Facts) {
	f.Signer, f.Instance = p.Signer, p.Instance
	for n, t := range f.Tickets {
		s, ok := asked[t.Task]
		switch {
		case !ok:
			continue
		case s == nil || !t.Owns(s.Mark):
			t.Status = desk.Gone
		default:
			t.Status, t.ClosedAt = s.Status, s.ClosedAt
		}
		f.Tickets[n] = t
	}
}
