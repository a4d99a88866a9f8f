package pass

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/spool"
)

// Poll reads the mailboxes, decides and records what is new, and makes what follows from it.
func (p *Pass) Poll(ctx context.Context) (*Report, error) {
	p.begin("poll")
	if err := p.retries(ctx); err != nil {
		return p.end(), err
	}
	err := p.mailboxes(ctx, false, p.Boxes, p.round)
	if err == nil {
		err = p.flush(ctx) // the last letters, and what earlier runs left
	}
	if err == nil {
		err = p.recovered()
	}
	return p.end(), err
}

// Preview is a poll that stops when everything is decided. The state must be an overlay: what is recorded there lets
// later messages see what earlier ones would have made.
func (p *Pass) Preview(ctx context.Context) (*Report, error) {
	p.begin("poll")
	p.report.DryRun = true
	err := p.retries(ctx)
	if err == nil {
		err = p.mailboxes(ctx, true, p.Boxes, nil)
	}
	return p.end(), err
}

// mailboxes works through every mailbox; one that is away does not stop the others. Between its messages settle makes what
// follows from those recorded, nil = nothing. An error is one of the state.
func (p *Pass) mailboxes(ctx context.Context, readOnly bool, boxes []Box, settle func(context.Context) error) error {
	for _, b := range boxes {
		if p.Only != "" && b.Name != p.Only {
			continue
		}
		where := "mailbox " + b.Name
		mb, err := b.Open(ctx, readOnly)
		if err != nil {
			p.problem(where, err)
			continue
		}
		err = p.mailbox(ctx, b, mb, settle)
		if cerr := mb.Close(); cerr != nil {
			p.Log.Debug("close mailbox", "mailbox", b.Name, "err", cerr)
		}
		if err != nil && fault.Known(err) {
			p.problem(where, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
	}
	return nil
}

func (p *Pass) mailbox(ctx context.Context, b Box, mb Mailbox, settle func(context.Context) error) error {
	all, err := mb.List(ctx)
	if err != nil {
		return err
	}
	p.report.Listed += len(all)
	ls := all[:0]
	for _, l := range all {
		if b.MaxAge > 0 && p.Now().Sub(l.Received) > b.MaxAge {
			p.report.Old++
			continue
		}
		ls = append(ls, l)
	}
	if len(ls) == 0 {
		return nil
	}
	progress, err := p.Ledger.Progress(places(ls))
	if err != nil {
		return err
	}
	var known, fresh []desk.Listing
	for i, l := range ls {
		if progress[i].Known {
			known = append(known, l)
		} else {
			fresh = append(fresh, l)
		}
	}
	if len(known) > 0 && settle != nil {
		p.advance(len(known), 0)
		if err := p.flush(ctx); err != nil {
			return err
		}
		if _, err := p.mark(ctx, b, mb, known); err != nil {
			return err
		}
	}
	return p.chunks(ctx, b, mb, fresh, settle)
}

// chunks works through new messages, some at a time: while what follows from one chunk is made, those before it are marked
// and the next is fetched and recorded. The letters of a chunk go out together with the next one's tasks.
func (p *Pass) chunks(ctx context.Context, b Box, mb Mailbox, fresh []desk.Listing, settle func(context.Context) error) error {
	if len(fresh) == 0 {
		return nil
	}
	p.advance(len(fresh), 0)
	if err := p.equip(); err != nil {
		return err
	}
	cut := func() (ls []desk.Listing) {
		n := min(chunk, len(fresh))
		ls, fresh = fresh[:n], fresh[n:]
		return ls
	}
	if settle == nil { // nothing is made, so nothing is marked
		for ls := cut(); len(ls) > 0 && ctx.Err() == nil; ls = cut() {
			if err := p.take(ctx, b, mb, ls); err != nil {
				return err
			}
			p.bodies.clear()
			p.advance(0, len(ls))
		}
		return nil
	}
	var open []desk.Listing // recorded, and not yet marked
	ls := cut()
	err := p.take(ctx, b, mb, ls)
	for len(ls) > 0 && err == nil && ctx.Err() == nil {
		next := cut()
		err = p.together(
			func() error { return settle(ctx) },
			func() (err error) {
				if open, err = p.mark(ctx, b, mb, open); err == nil {
					err = p.take(ctx, b, mb, next)
				}
				return err
			})
		open = append(open, ls...)
		p.bodies.keep(places(next), places(open))
		ls = next
	}
	if err != nil || ctx.Err() != nil {
		return err
	}
	if err := p.flush(ctx); err != nil {
		return err
	}
	_, err = p.mark(ctx, b, mb, open)
	return err
}

// take fetches some messages, decides and records them.
func (p *Pass) take(ctx context.Context, b Box, mb Mailbox, ls []desk.Listing) error {
	ms, err := p.fetch(ctx, b, mb, ls)
	if err != nil {
		return err
	}
	return p.decide(ctx, b, mb, ms, func(e desk.Entry, cause error) error { return p.spoiled(ctx, b, e, cause) })
}

func places(ls []desk.Listing) []desk.Place {
	ps := make([]desk.Place, len(ls))
	for i, l := range ls {
		ps[i] = l.Place
	}
	return ps
}

// fetch reads some messages; those that can't be read are dealt with at once.
func (p *Pass) fetch(ctx context.Context, b Box, mb Mailbox, ls []desk.Listing) (ms []desk.Message, err error) {
	if len(ls) == 0 {
		return nil, nil
	}
	err = mb.Fetch(ctx, ls, b.MaxMessage, func(l desk.Listing, body *spool.Body, err error) error {
		if err == nil {
			var m desk.Message
			if m, err = p.read(l, body, b.MaxMessage); err == nil {
				ms = append(ms, m)
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return p.spoiled(ctx, b, desk.Entry{Listing: l}, err)
	})
	return ms, err
}

// oversize is what desk calls a message of which only the header was read.
const oversize = "oversize"

// read reads a message and keeps it, within its budget and whatever happens in the reading.
func (p *Pass) read(l desk.Listing, body *spool.Body, limit int64) (m desk.Message, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("read message: panic: %v", r)
		}
	}()
	if limit > 0 && l.Size > limit {
		defer body.Close()
		m = eml.ReadHeader(body.Open(), l)
		m.Degraded = append(m.Degraded, oversize)
		return m, nil
	}
	p.bodies.add(l.Place, body)
	return Read(&limited{r: body.Open(), until: p.Now().Add(p.Budget), now: p.Now}, l, p.kit.Cutter)
}

// limited ends a reading that takes too long.
type limited struct {
	r     io.Reader
	until time.Time
	now   func() time.Time
}

func (l *limited) Read(b []byte) (int, error) {
	if l.now().After(l.until) {
		return 0, fmt.Errorf("read message: its time budget is used up")
	}
	return l.r.Read(b)
}

// decide looks up what the decisions need, takes them in the order of the mailbox, and records them together; failed gets
// those that can't be decided.
func (p *Pass) decide(ctx context.Context, b Box, mb Mailbox, ms []desk.Message, failed func(desk.Entry, error) error) error {
	if len(ms) == 0 {
		return nil
	}
	entries := make([]desk.Entry, len(ms))
	qs := make([]desk.Questions, len(ms))
	for i := range ms {
		m := &ms[i]
		qs[i] = p.kit.Rules.Ask(m, p.Signer)
		entries[i] = desk.Entry{Listing: m.Listing, Questions: qs[i], ID: m.ID, From: m.From, Subject: m.Subject,
			Oversize: slices.Contains(m.Degraded, oversize)}
	}
	known, err := p.Ledger.Ask(qs)
	if err != nil {
		return err
	}
	asked := p.states(ctx, known)
	sent := p.answered(ctx, mb, ms, known)
	var (
		spoiled = map[int]error{}
		lines   []Line
	)
	err = p.Ledger.Record(p.Now(), entries, p.Policy.Within, func(i int, f desk.Facts) (desk.Decision, error) {
		p.complete(asked, &f)
		f.InSent = sent[i]
		d, err := p.judge(b, &ms[i], f)
		if err != nil {
			spoiled[i] = err
			return desk.Decision{Verdict: desk.Quarantine}, nil
		}
		if d.Verdict == desk.Quarantine {
			_, note, _ := settled(d)
			spoiled[i] = &unbelieved{note}
		}
		lines = append(lines, line(ms[i], d))
		ms[i] = desk.Message{} // its texts are in the effects now
		return d, nil
	})
	if err != nil {
		return err
	}
	for _, l := range lines {
		p.tell(l)
	}
	for i := range entries {
		if spoiled[i] == nil {
			continue
		}
		if err := failed(entries[i], spoiled[i]); err != nil {
			return err
		}
	}
	return nil
}

// judge decides one message and writes the texts of what follows.
func (p *Pass) judge(b Box, m *desk.Message, f desk.Facts) (d desk.Decision, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("decide message: panic: %v", r)
		}
	}()
	d = p.kit.Rules.Decide(m, f)
	for i := range d.Effects {
		if d.Effects[i].Post == nil {
			continue
		}
		if err := p.describe(b, m, &d.Effects[i], ""); err != nil {
			return d, err
		}
	}
	return d, nil
}

// states asks the portal how the tasks stand that the messages may belong to. A task that is gone is nil there; one that is
// absent was not asked for, be it that the portal does not answer, and its last known state serves.
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
	if len(tasks) == 0 || p.isAway("portal") {
		return nil
	}
	states, err := p.Portal.States(ctx, tasks)
	if err != nil && fault.ExtentOf(err) != fault.One {
		p.gone("portal", err)
		return nil
	}
	if err != nil {
		p.problem("portal", err)
		return nil
	}
	for task, s := range states {
		asked[task] = &s
	}
	return asked
}

// answered tells of each message whether the letter it answers lies in our Sent folder: asked only where we do not know
// that letter ourselves.
func (p *Pass) answered(ctx context.Context, mb Mailbox, ms []desk.Message, known []desk.Facts) []bool {
	sent := make([]bool, len(ms))
	for i, m := range ms {
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

// complete adds to the facts what the state can't know. Tasks may have been made since the portal was asked.
func (p *Pass) complete(asked map[int64]*desk.TaskState, f *desk.Facts) {
	f.Signer, f.Instance = p.Signer, p.Instance
	for n, t := range f.Tickets {
		s, ok := asked[t.Task]
		switch {
		case !ok:
			continue
		case s == nil:
			t.Status = desk.Gone
		default:
			t.Status, t.ClosedAt = s.Status, s.ClosedAt
		}
		f.Tickets[n] = t
	}
}
