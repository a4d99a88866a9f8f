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
	// the portal's lists are read again from this much earlier, because its servers' clocks differ
	overlap   = 2 * time.Minute
	freshness = 10 * time.Second // comments read sooner than this after a change may be incomplete
	aLot      = 50               // number of changed tasks that exceeds one page of the portal's list
)

// notifier is the part of a pass that reads the portal and informs customers.
type notifier struct{ *Pass }

// Announce reads what happened in the portal, decides and records it, and sends letters to the customers.
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

// Rehearse is Announce without effects: it stops after the decisions. The state must be an overlay.
func (p *Pass) Rehearse(ctx context.Context) (*Report, error) {
	return p.run("notify", true, func() error { return (&notifier{p}).changes(ctx) })
}

// changes reads the portal from where the last pass stopped. Errors come only from the state.
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

// merge returns how far the portal has been read after these changes. Times in the future are not used: the portal's
// clock may be set back, and nothing would be new until that time.
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
	// Many tasks changed at the same moment would be listed again and again until there is a newer change.
	if !c.Now.IsZero() && (len(c.Tasks) >= aLot || next.Activity.After(c.Now)) {
		next.Activity = c.Now
	}
	for task, u := range read.Unread {
		next.Unread[task] = u
	}
	return next
}

// unread adds the current states of tasks whose comments could not be read earlier and are due again.
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
		} else { // deleted or no longer visible to us; it is listed when it becomes visible again
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

// changedSince returns the changed tasks that are ours and have not been read since the change. It does not trust
// recorded times in the future.
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
			changed = s.Changed // marking a result changes the task, if it is visible at all
		}
		settled := t.ReadAt.Sub(changed) >= freshness && !s.Activity.After(t.Activity)
		if changed.After(now) { // for a time in the future only a difference is significant
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
			watches[i].Since = t.ReadAt // written by an earlier version
		}
		switch s.Chat {
		case 0:
			watches[i].Chat = t.Chat
		case t.Chat:
		default:
			watches[i].Last, watches[i].LastAt = 0, time.Time{} // each chat numbers its comments anew
		}
	}
	talks, err := p.readTalks(ctx, watches)
	if err != nil || p.report.DryRun {
		return talks, err
	}
	return p.rejoin(ctx, watches, talks)
}

// announcement is a change of one of our tasks.
type announcement struct {
	desk.Change
	ticket uint64
}

// announce decides about the changes and records the decisions together with how far the portal was read.
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
		return nil // nothing happened, so nothing is written
	}
	err := p.recordChanges(all, next, next)
	if err == nil || len(all) == 0 {
		return err
	}
	// The failure may be due to a single task, so each change is recorded alone, followed by how far the portal was
	// read.
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

// recordChanges decides and records changes in one transaction, together with read. Tasks that must be read again later
// are added to both read and next.
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

// changeLine returns the report's line for a change.
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

// mostUnread is the maximum delay before the comments of a task are read again, however often that has failed.
const mostUnread = 10 * time.Minute

// notRead schedules another attempt to read the comments of a task. Attempts continue until one succeeds or the task is
// gone. A problem is reported once, if a person must act or if it has lasted for an hour.
func (p *notifier) notRead(s desk.TaskState, err error, next desk.Reading) {
	p.Log.Warn("read comments", "task", s.Task, "err", err)
	u := next.Unread[s.Task]
	u.Tries, u.Seen = u.Tries+1, s.Activity
	u.Next = p.Now().Add(min(desk.Backoff(u.Tries, strconv.FormatInt(s.Task, 10)), mostUnread))
	const hour = 10 // number of tries
	switch lasts := fault.Of(err) == fault.Never || u.Tries >= hour; {
	case lasts && !u.Reported:
		u.Reported = true
		p.tally.Problem("portal", err)
	case !lasts:
		p.tally.Wait(1)
	}
	next.Unread[s.Task] = u
}
