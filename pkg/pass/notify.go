package pass

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
)

const (
	overlap   = 2 * time.Minute  // the portal's lists are read again this far back: its servers' clocks differ
	freshness = 10 * time.Second // comments read sooner after a change than that may not have been all
	aLot      = 50               // changed tasks, more than one page of the portal's list
)

// notifier is the half of a pass that reads the portal and tells customers of it.
type notifier struct{ *Pass }

// Announce reads what happened in the portal, decides and records it, and mails the customers.
func (p *Pass) Announce(ctx context.Context) (*Report, error) {
	return p.run("notify", false, func() error {
		err := (&notifier{p}).changes(ctx)
		if err == nil {
			err = p.Outbox.Run(ctx)
		}
		if err == nil {
			err = p.Outbox.Confirm(ctx, p.shown.has)
		}
		return err
	})
}

// Rehearse is an announcement that stops when everything is decided. The state must be an overlay.
func (p *Pass) Rehearse(ctx context.Context) (*Report, error) {
	return p.run("notify", true, func() error { return (&notifier{p}).changes(ctx) })
}

// changes reads the portal from where the last pass stopped. An error is one of the state.
func (p *notifier) changes(ctx context.Context) error {
	read, err := p.tickets.Reading()
	if err != nil {
		return err
	}
	since := read.Activity
	if !since.IsZero() {
		since = since.Add(-overlap)
	}
	changes, err := p.feed.Changes(ctx, since)
	if err != nil {
		p.tally.GiveUp("portal", err)
		return nil
	}
	next := merge(changes, read)
	states, err := p.unread(ctx, changes.Tasks, read, next)
	if err != nil {
		p.tally.GiveUp("portal", err)
		return nil
	}
	tickets, err := p.tickets.ByTask(tasks(states))
	if err != nil {
		return err
	}
	toRead := p.changedSince(states, tickets, changes.Now, next)
	if p.Policy.Send == results {
		if toRead, err = p.withResults(toRead, tickets, changes.Now); err != nil {
			return err
		}
	}
	if len(toRead) > 0 {
		if err := p.ready(); err != nil {
			return err
		}
	}
	talks, err := p.talks(ctx, toRead, tickets)
	if err != nil {
		p.tally.GiveUp("portal", err)
		return nil
	}
	p.shown = shown{states, talks}
	return p.announce(toRead, tickets, talks, changes.Now, read, next)
}

// merge says how far the portal is read when the changes are. What it says of the time to come is not believed: its
// clock may be set back, and nothing would be new until then.
func merge(c desk.Changes, read desk.Reading) desk.Reading {
	next := desk.Reading{Activity: read.Activity, Unread: map[int64]desk.Unread{}, Restored: read.Restored}
	if next.Activity.IsZero() {
		next.Activity = c.Now
	}
	for _, s := range c.Tasks {
		for _, at := range []time.Time{s.Activity, s.Changed} {
			if at.After(next.Activity) && (c.Now.IsZero() || !at.After(c.Now)) {
				next.Activity = at
			}
		}
	}
	// Many tasks of one moment would be listed again and again until something newer happens.
	if !c.Now.IsZero() && (len(c.Tasks) >= aLot || next.Activity.After(c.Now)) {
		next.Activity = c.Now
	}
	for task, u := range read.Unread {
		next.Unread[task] = u
	}
	return next
}

// unread adds to the changed tasks those whose comments could not be read before and are due again, as they stand now.
func (p *notifier) unread(ctx context.Context, changed []desk.TaskState,
	read, next desk.Reading) ([]desk.TaskState, error) {
	listed := map[int64]bool{}
	for _, s := range changed {
		listed[s.Task] = true
	}
	var due []int64
	for task, u := range read.Unread {
		if !listed[task] && !u.Next.After(p.Now()) {
			due = append(due, task)
		}
	}
	if len(due) == 0 {
		return changed, nil
	}
	slices.Sort(due)
	states, err := p.portal.States(ctx, due)
	if err != nil && fault.ExtentOf(err) == fault.One {
		p.Log.Warn("look at unread tasks", "err", err)
		return changed, nil
	}
	if err != nil {
		return nil, err
	}
	for _, task := range due {
		if s, ok := states[task]; ok {
			changed = append(changed, s)
		} else { // it is gone, or we may not see it: when we may again, it is listed
			delete(next.Unread, task)
		}
	}
	return changed, nil
}

func tasks(states []desk.TaskState) []int64 {
	out := make([]int64, len(states))
	for i, s := range states {
		out[i] = s.Task
	}
	return out
}

// changedSince returns the changed tasks that are ours and have not been read since. What was noted of the time to come
// is not believed.
func (p *notifier) changedSince(states []desk.TaskState, tickets map[int64]desk.Ticket, now time.Time,
	next desk.Reading) []desk.TaskState {
	var out []desk.TaskState
	for _, s := range states {
		t, ours := tickets[s.Task]
		if !ours || !t.Owns(s.Mark) {
			delete(next.Unread, s.Task)
			continue
		}
		changed := s.Activity
		if p.Policy.Send == results && s.Changed.After(changed) {
			changed = s.Changed // to mark a result is to change the task, if it shows at all
		}
		settled := t.ReadAt.Sub(changed) >= freshness && !s.Activity.After(t.Activity)
		if changed.After(now) { // of the time to come only a change tells anything
			settled = s.Activity.Equal(t.Activity)
		}
		u, unread := next.Unread[s.Task]
		switch {
		case unread && u.Next.After(p.Now()) && s.Activity.Equal(u.Seen):
			continue
		case settled && !unread && !t.ReadAt.After(now) && s.Status == t.Status:
			continue
		}
		out = append(out, s)
	}
	return out
}

func (p *notifier) talks(ctx context.Context, states []desk.TaskState,
	tickets map[int64]desk.Ticket) ([]desk.Talk, error) {
	if len(states) == 0 {
		return nil, nil
	}
	watches := make([]desk.Watch, len(states))
	for i, s := range states {
		t := tickets[s.Task]
		watches[i] = desk.Watch{
			Task:       s.Task,
			Chat:       s.Chat,
			Last:       t.LastComment,
			LastAt:     t.CommentAt,
			LastResult: t.LastResult,
			Since:      t.ReadUpTo,
		}
		if t.ReadUpTo.IsZero() {
			watches[i].Since = t.ReadAt // of an earlier version
		}
		switch s.Chat {
		case 0:
			watches[i].Chat = t.Chat
		case t.Chat:
		default:
			watches[i].Last, watches[i].LastAt = 0, time.Time{} // a chat counts from its own beginning
		}
	}
	talks, err := p.readTalks(ctx, watches)
	if err != nil || p.report.DryRun {
		return talks, err
	}
	return p.rejoin(ctx, watches, talks)
}

// announcement is what happened to one of our tasks.
type announcement struct {
	desk.Change
	ticket uint64
}

// announce decides what was read, and records it together with how far the portal is read.
func (p *notifier) announce(states []desk.TaskState, tickets map[int64]desk.Ticket, talks []desk.Talk, at time.Time,
	read, next desk.Reading) error {
	p.tellRestored(talks, tickets, at, &next)
	var all []announcement
	for i, s := range states {
		if err := talks[i].Err; err != nil {
			p.notRead(s, err, next)
			continue
		}
		delete(next.Unread, s.Task)
		if talks[i].Chat != 0 {
			s.Chat = talks[i].Chat
		}
		all = append(all, announcement{desk.Change{
			State:    s,
			Comments: talks[i].Comments,
			ReadAt:   at,
			Rewound:  talks[i].Rewound,
		}, tickets[s.Task].Number})
	}
	if len(all) == 0 && next.Activity.Equal(read.Activity) && maps.Equal(next.Unread, read.Unread) {
		return nil // nothing happened: nothing is written
	}
	err := p.recordChanges(all, next, next)
	if err == nil || len(all) == 0 {
		return err
	}
	// What can't be recorded may be one task's own: each goes alone, and how far the portal is read is recorded behind
	// them.
	for i := range all {
		if len(all) > 1 {
			err = p.recordChanges(all[i:i+1], read, next)
		}
		if err != nil {
			p.notRead(all[i].State, err, next)
		}
	}
	return p.recordChanges(nil, next, next)
}

// recordChanges decides and records changes in one transaction, with how far the portal is read. What waits is noted
// there, and in what is recorded at last.
func (p *notifier) recordChanges(all []announcement, read, next desk.Reading) error {
	numbers := make([]uint64, len(all))
	for i, a := range all {
		numbers[i] = a.ticket
	}
	var lines []Line
	comments := 0
	err := p.tickets.RecordChanges(p.Now(), numbers, &read, func(i int, f desk.AnnounceFacts) (desk.Decision, error) {
		f.Selves = p.feed.Users()
		d := p.kit.Rules.Announce(all[i].Change, f)
		if d.Wait > 0 {
			u := desk.Unread{Next: f.Now.Add(d.Wait), Seen: all[i].State.Activity}
			next.Unread[f.Ticket.Task] = u
			if read.Unread != nil {
				read.Unread[f.Ticket.Task] = u
			}
		}
		comments += len(all[i].Comments)
		l := p.changeLine(&f.Ticket, d)
		if d.Verdict != desk.Inside || len(all[i].Comments) > 0 {
			lines = append(lines, l)
		}
		for i := range d.Effects {
			if d.Effects[i].Post != nil {
				outbox.Tell(p.kit.Texts(f.Ticket.Mailbox, ""), &d.Effects[i])
			}
		}
		return d, nil
	})
	if err != nil {
		return err
	}
	p.report.Read += comments
	for _, l := range lines {
		p.tell(l)
	}
	return nil
}

// changeLine returns the line of the report for a change.
func (p *notifier) changeLine(t *desk.Ticket, d desk.Decision) Line {
	l := Line{
		Ticket:  t.Number,
		Task:    t.Task,
		Subject: t.Subject,
		To:      t.ReplyTo.Addr,
		Verdict: d.Verdict,
		Reasons: d.Reasons,
	}
	for _, a := range d.Cc {
		l.Cc = append(l.Cc, a.Addr)
	}
	if l.Rule, l.Note, _ = settled(d); d.Verdict == desk.Later {
		l.Wait, l.Due = d.Wait, p.Now().Add(d.Wait).UTC()
	}
	return l
}

// mostUnread is how long the comments of a task are left unread at most, however often they could not be read.
const mostUnread = 10 * time.Minute

// notRead notes a task whose comments could not be read: they are asked for again until they can be, or the task is
// gone. What a person must see to is told once, and so is what has lasted for an hour.
func (p *notifier) notRead(s desk.TaskState, err error, next desk.Reading) {
	p.Log.Warn("read comments", "task", s.Task, "err", err)
	u := next.Unread[s.Task]
	u.Tries, u.Seen = u.Tries+1, s.Activity
	u.Next = p.Now().Add(min(desk.Backoff(u.Tries, strconv.FormatInt(s.Task, 10)), mostUnread))
	const hour = 10 // tries
	switch lasts := fault.Of(err) == fault.Never || u.Tries >= hour; {
	case lasts && !u.Reported:
		u.Reported = true
		p.tally.Problem("portal", err)
	case !lasts:
		p.tally.Wait(1)
	}
	next.Unread[s.Task] = u
}
