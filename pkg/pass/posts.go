package pass

import (
	"context"
	"fmt"
	"slices"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/render"
)

// posts makes a round of tasks and comments: what is unsure is looked for first, what the portal must know or hold is
// brought there, then the attempts are noted and made. It returns what became of them.
func (p *Pass) posts(ctx context.Context, due []desk.Pending) ([]desk.Result, error) {
	if len(due) == 0 {
		return nil, nil
	}
	due, results := p.seek(ctx, due)
	if len(due) == 0 {
		return results, nil
	}
	due, attempts, waiting, err := p.prepare(ctx, due)
	if err != nil {
		return results, err
	}
	results = append(results, waiting...)
	p.renew(due, &attempts)
	for _, group := range trusted(due) {
		if p.isAway("portal") {
			p.add(&p.report.Waiting, len(group))
			continue
		}
		attempts.Seqs = seqs(group)
		if err := p.Outbox.Start(p.Now(), attempts); err != nil {
			return results, err
		}
		attempts = desk.Attempts{} // what was brought there is noted with the first
		made := p.Portal.Make(ctx, p.complements(group))
		p.blame(group, made)
		for i, m := range made {
			results = append(results, p.posted(ctx, group[i], m))
		}
	}
	if len(attempts.Files)+len(attempts.Asked) > 0 { // nothing was attempted
		attempts.Seqs = nil
		err = p.Outbox.Start(p.Now(), attempts)
	}
	return results, err
}

// trusted parts effects by how far they may be made together: those never tried or certainly refused, those whose one
// attempt came to nothing, and one by one those that failed so more often, since what the portal dies over may be one of
// them.
func trusted(due []desk.Pending) (groups [][]desk.Pending) {
	var fresh, second []desk.Pending
	for i, d := range due {
		switch {
		case !d.Unsure:
			fresh = append(fresh, d)
		case d.Blamed == 0:
			second = append(second, d)
		default:
			groups = append(groups, due[i:i+1:i+1])
		}
	}
	return slices.DeleteFunc(append([][]desk.Pending{fresh, second}, groups...), func(g []desk.Pending) bool { return len(g) == 0 })
}

// mostBlamed is how many groups may fail in a pass before it is the portal that fails.
const mostBlamed = 2

// blame takes a failure of the whole portal for that of a group of effects which were looked for before: to that the
// portal answered.
func (p *Pass) blame(group []desk.Pending, made []desk.Made) {
	if !group[0].Unsure || p.blamed == mostBlamed {
		return
	}
	failed := false
	for i, m := range made {
		if m.Err != nil && fault.ExtentOf(m.Err) == fault.Server && fault.Of(m.Err) == fault.Unsure {
			failed = true
			made[i].Err = &fault.Error{Outcome: fault.Unsure, After: fault.After(m.Err), Err: m.Err}
		}
	}
	if failed {
		p.blamed++
	}
}

func seqs(due []desk.Pending) []uint64 {
	out := make([]uint64, len(due))
	for i, d := range due {
		out[i] = d.Seq
	}
	return out
}

func effects(due []desk.Pending) []desk.Effect {
	out := make([]desk.Effect, len(due))
	for i, d := range due {
		out[i] = d.Effect
	}
	return out
}

// seek looks for those effects whose earlier attempt may have come true. It returns what is to be attempted, being certain
// not to be there or never tried, and what became of the others.
func (p *Pass) seek(ctx context.Context, due []desk.Pending) (rest []desk.Pending, results []desk.Result) {
	var unsure []desk.Pending
	since := p.Now()
	for _, d := range due {
		if !d.Unsure {
			rest = append(rest, d)
			continue
		}
		unsure = append(unsure, d)
		if d.First.Before(since) {
			since = d.First
		}
	}
	if len(unsure) == 0 {
		return rest, nil
	}
	found, err := p.Portal.Find(ctx, effects(unsure), since)
	if err != nil {
		p.gone("portal", err)
		p.add(&p.report.Waiting, len(due))
		return nil, nil
	}
	for i, d := range unsure {
		switch {
		case found[i].Err != nil:
			results = append(results, desk.Result{Seq: d.Seq, Again: true, Unsure: true, Next: p.Now().Add(p.Settle), Note: found[i].Err.Error()})
			p.add(&p.report.Waiting, 1)
		case found[i].Task != 0 || found[i].Comment != 0:
			results = append(results, p.counted(d, found[i]))
		case p.Now().Sub(d.Last) < p.Settle:
			results = append(results, desk.Result{Seq: d.Seq, Again: true, Unsure: true, Next: d.Last.Add(p.Settle), Note: d.Note})
			p.add(&p.report.Waiting, 1)
		default:
			rest = append(rest, d)
		}
	}
	return rest, results
}

func (p *Pass) counted(d desk.Pending, m desk.Made) desk.Result {
	if d.Effect.Kind == desk.OpenTask {
		p.add(&p.report.Opened, 1)
	} else {
		p.add(&p.report.Commented, 1)
	}
	p.Log.Info("made", "effect", d.Effect.Kind, "ticket", d.Effect.Ticket, "task", m.Task, "try", d.Tries+1)
	return desk.Result{Seq: d.Seq, Done: true, Made: m}
}

// posted judges what became of a task or a comment.
func (p *Pass) posted(ctx context.Context, d desk.Pending, m desk.Made) desk.Result {
	if m.Err == nil {
		return p.counted(d, m)
	}
	p.Log.Warn("portal", "effect", d.Effect.Kind, "ticket", d.Effect.Ticket, "try", d.Tries+1, "err", m.Err)
	if fault.ExtentOf(m.Err) != fault.One {
		p.gone("portal", m.Err)
	}
	if fault.Of(m.Err) != fault.Never {
		p.add(&p.report.Waiting, 1)
		return p.again(d, m.Err)
	}
	if d.Effect.Kind == desk.CommentTask && p.deleted(ctx, d.Effect.Task) {
		return p.reopened(d, m.Err)
	}
	p.held(fmt.Sprintf("outbox entry %d", d.Seq), m.Err)
	return desk.Result{Seq: d.Seq, Hold: true, Note: m.Err.Error()}
}

// deleted says whether the portal does not know a task any more.
func (p *Pass) deleted(ctx context.Context, task int64) bool {
	states, err := p.Portal.States(ctx, []int64{task})
	if err != nil {
		p.Log.Warn("look at task", "task", task, "err", err)
		return false
	}
	_, ok := states[task]
	return !ok
}

// reopened gives the place of a comment whose task was deleted meanwhile to a new task that says so.
func (p *Pass) reopened(d desk.Pending, err error) desk.Result {
	t, terr := p.Tickets.Ticket(d.Effect.Ticket)
	if terr != nil {
		p.problem("state", terr)
		return p.again(d, err)
	}
	post := *d.Effect.Post
	place := desk.Listing{Place: desk.Place{Mailbox: t.Mailbox}}
	fields := p.kit.Rules.FieldsFor(&desk.Message{Listing: place, From: post.From, Subject: t.Subject}, p.Now())
	post.Form, post.Fields, post.Marker, post.Reopen = desk.FormTask, &fields, "", false
	post.Mailbox, post.Route = "", "" // by which route is not known
	post.Title = t.Subject
	post.Notes = []desk.Note{{Key: desk.NoteDeleted, Task: d.Effect.Task}}
	v := render.PostVars{Body: post.Text, At: post.At}
	if post.Title, post.Text, terr = p.kit.Texts.Post(post, v); terr != nil {
		p.problem("templates", terr)
		return p.again(d, err)
	}
	e := desk.Effect{Kind: desk.OpenTask, Key: desk.DeriveKey("open", d.Effect.Key), Cause: d.Effect.Cause, Ticket: t.Number, Post: &post}
	p.add(&p.report.Waiting, 1)
	return desk.Result{Seq: d.Seq, Replace: &e, Gone: true, Note: err.Error()}
}
