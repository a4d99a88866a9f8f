package pass

import (
	"context"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

const (
	overlap     = 2 * time.Minute  // the portal's lists are read again this far back: its servers' clocks differ
	freshness   = 10 * time.Second // comments read sooner after a change than that may not have been all
	aLot        = 50               // changed tasks, more than one page of the portal's list
	readRetries = 10               // passes that may fail to read one task's comments
)

// Announce reads what happened in the portal, decides and records it, and mails the customers.
func (p *Pass) Announce(ctx context.Context) (*Report, error) {
	p.begin("notify")
	err := p.changes(ctx)
	if err == nil {
		err = p.flush(ctx)
	}
	return p.end(), err
}

// Rehearse is an announcement that stops when everything is decided. The state must be an overlay.
func (p *Pass) Rehearse(ctx context.Context) (*Report, error) {
	p.begin("notify")
	p.report.DryRun = true
	return p.end(), p.changes(ctx)
}

// changes reads the portal from where the last pass stopped. An error is one of the state.
func (p *Pass) changes(ctx context.Context) error {
	read, err := p.Tickets.Reading()
	if err != nil {
		return err
	}
	since := read.Activity
	if !since.IsZero() {
		since = since.Add(-overlap)
	}
	changes, err := p.Feed.Changes(ctx, since)
	if err != nil {
		p.gone("portal", err)
		return nil
	}
	states, next := merge(changes, read)
	tickets, err := p.Tickets.ByTask(tasks(states))
	if err != nil {
		return err
	}
	stirred := p.stirred(states, tickets)
	if p.Policy.Send == results {
		if stirred, err = p.lately(stirred, tickets, changes.Now); err != nil {
			return err
		}
	}
	if len(stirred) > 0 {
		if err := p.equip(); err != nil {
			return err
		}
	}
	talks, err := p.talks(ctx, stirred, tickets)
	if err != nil {
		p.gone("portal", err)
		return nil
	}
	return p.announce(stirred, tickets, talks, changes.Now, read, next)
}

// merge adds to the changed tasks those whose comments could not be read before, and says how far the portal is read
// then.
func merge(c desk.Changes, read desk.Reading) ([]desk.TaskState, desk.Reading) {
	next := desk.Reading{Activity: read.Activity, Retry: map[int64]int{}}
	if next.Activity.IsZero() {
		next.Activity = c.Now
	}
	listed := map[int64]bool{}
	for _, s := range c.Tasks {
		listed[s.Task] = true
		for _, at := range []time.Time{s.Activity, s.Changed} {
			if at.After(next.Activity) {
				next.Activity = at
			}
		}
	}
	// Many tasks of one moment would be listed again and again until something newer happens.
	if len(c.Tasks) >= aLot && c.Now.After(next.Activity) {
		next.Activity = c.Now
	}
	states := c.Tasks
	for task, tries := range read.Retry {
		next.Retry[task] = tries
		if !listed[task] {
			states = append(states, desk.TaskState{Task: task})
		}
	}
	return states, next
}

func tasks(states []desk.TaskState) []int64 {
	out := make([]int64, len(states))
	for i, s := range states {
		out[i] = s.Task
	}
	return out
}

// stirred returns the changed tasks that are ours and have not been read since.
func (p *Pass) stirred(states []desk.TaskState, tickets map[int64]desk.Ticket) []desk.TaskState {
	var out []desk.TaskState
	for _, s := range states {
		t, ours := tickets[s.Task]
		if !ours {
			continue
		}
		if s.Status == "" { // known only as one that could not be read
			s.Status, s.Activity, s.Chat, s.ClosedAt = t.Status, t.Activity, t.Chat, t.ClosedAt
			out = append(out, s)
			continue
		}
		stirred := s.Activity
		if p.Policy.Send == results && s.Changed.After(stirred) {
			stirred = s.Changed // to mark a result is to change the task, if it shows at all
		}
		settled := t.ReadAt.Sub(stirred) >= freshness
		if settled && !s.Activity.After(t.Activity) && s.Status == t.Status {
			continue
		}
		out = append(out, s)
	}
	return out
}

func (p *Pass) talks(ctx context.Context, states []desk.TaskState, tickets map[int64]desk.Ticket) ([]desk.Talk, error) {
	if len(states) == 0 {
		return nil, nil
	}
	watches := make([]desk.Watch, len(states))
	for i, s := range states {
		t := tickets[s.Task]
		watches[i] = desk.Watch{Task: s.Task, Chat: s.Chat, Last: t.LastComment, LastResult: t.LastResult}
		if s.Chat == 0 {
			watches[i].Chat = t.Chat
		}
	}
	talks, err := p.Feed.Talks(ctx, watches)
	if err != nil || p.report.DryRun {
		return talks, err
	}
	return p.rejoin(ctx, watches, talks)
}

// announce decides what was read, and records it together with how far the portal is read.
func (p *Pass) announce(states []desk.TaskState, tickets map[int64]desk.Ticket, talks []desk.Talk, at time.Time, read, next desk.Reading) error {
	var (
		numbers []uint64
		changed []desk.Change
		lines   []Line
	)
	for i, s := range states {
		if err := talks[i].Err; err != nil {
			p.unread(s.Task, err, next)
			continue
		}
		delete(next.Retry, s.Task)
		if talks[i].Chat != 0 {
			s.Chat = talks[i].Chat
		}
		numbers = append(numbers, tickets[s.Task].Number)
		changed = append(changed, desk.Change{State: s, Comments: talks[i].Comments, ReadAt: at})
	}
	if len(numbers) == 0 && next.Activity.Equal(read.Activity) && len(next.Retry) == 0 && len(read.Retry) == 0 {
		return nil // nothing happened: nothing is written
	}
	err := p.Tickets.RecordChanges(p.Now(), numbers, next, func(i int, t desk.Ticket, excluded []desk.Exclusion) (desk.Decision, error) {
		d := p.kit.Rules.Announce(changed[i], desk.AnnounceFacts{Now: p.Now(), Signer: p.Signer, Self: p.Feed.Self(), Ticket: t, Excluded: excluded})
		l := Line{Ticket: t.Number, Task: t.Task, Subject: t.Subject, To: t.ReplyTo.Addr, Verdict: d.Verdict, Reasons: d.Reasons}
		l.Rule, l.Note, _ = settled(d)
		if d.Verdict == desk.Announced || len(changed[i].Comments) > 0 {
			lines = append(lines, l)
		}
		return d, nil
	})
	for _, l := range lines {
		p.tell(l)
	}
	return err
}

// unread notes a task whose comments could not be read: it is tried again, but not for ever.
func (p *Pass) unread(task int64, err error, next desk.Reading) {
	p.Log.Warn("read comments", "task", task, "err", err)
	next.Retry[task]++
	if next.Retry[task] > readRetries || fault.Of(err) == fault.Never {
		delete(next.Retry, task)
		p.problem("portal", err)
		return
	}
	p.add(&p.report.Waiting, 1)
}
