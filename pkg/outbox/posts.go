package outbox

import (
	"context"
	"slices"
	"strings"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/render"
)

// posts makes tasks and comments. One goroutine uses it.
type posts struct {
	*Outbox
	kit       Kit
	condemned int // groups of effects in this pass whose failure was not taken for the portal's
}

// round makes a round of tasks and comments: what may be there already is looked for, what the portal must know or hold
// is brought there, then the attempts are noted and made. It returns what became of them.
func (p *posts) round(ctx context.Context, kit Kit, due []desk.Pending) ([]desk.Result, error) {
	if len(due) == 0 {
		return nil, nil
	}
	p.kit = kit
	unmade, results := p.search(ctx, due)
	if len(unmade) == 0 {
		return results, nil
	}
	s, err := p.supply(ctx, unmade)
	results = append(results, s.waiting...)
	if err != nil {
		return results, err
	}
	p.renew(&s)
	for _, group := range groups(s.ready) {
		if p.tally.Away(portal) != nil {
			p.tally.Wait(len(group))
			continue
		}
		outcomes, err := p.attempt(ctx, group, s.takeNotes())
		if results = append(results, outcomes...); err != nil {
			return results, err
		}
	}
	if notes := s.takeNotes(); len(notes.Files)+len(notes.Asked) > 0 { // nothing was attempted
		err = p.Queue.Start(p.Now(), notes)
	}
	return results, err
}

// search looks for those effects whose earlier attempt may have come true. It returns what is to be attempted, being
// certain not to be there or never tried, and what became of the others.
func (p *posts) search(ctx context.Context, due []desk.Pending) (unmade []desk.Pending, results []desk.Result) {
	var unsure []desk.Pending
	since := p.Now()
	for _, d := range due {
		if !d.Unsure {
			unmade = append(unmade, d)
			continue
		}
		unsure = append(unsure, d)
		if d.First.Before(since) {
			since = d.First
		}
	}
	if len(unsure) == 0 {
		return unmade, nil
	}
	found, err := p.Portal.Find(ctx, effects(unsure), since)
	if err != nil {
		p.tally.GiveUp(portal, err)
		p.tally.Wait(len(due))
		return nil, nil
	}
	for i, d := range unsure {
		switch {
		case found[i].Err != nil:
			results = append(results, desk.Result{Seq: d.Seq, Again: true, Unsure: true, Next: p.Now().Add(p.Settle), Note: found[i].Err.Error()})
			p.tally.Wait(1)
		case found[i].Task != 0 || found[i].Comment != 0:
			results = append(results, p.made(d, found[i]))
		case p.Now().Sub(d.Last) < p.Settle:
			results = append(results, desk.Result{Seq: d.Seq, Again: true, Unsure: true, Next: d.Last.Add(p.Settle), Note: d.Note})
			p.tally.Wait(1)
		default:
			unmade = append(unmade, d)
		}
	}
	return unmade, results
}

// renew gives those tasks the settings as they are now that a person lets be tried again, and notes it with the attempt.
func (p *posts) renew(s *supplies) {
	s.notes.Fields = map[uint64]desk.Fields{}
	for _, d := range s.ready {
		if !d.Freed || d.Unsure || d.Effect.Kind != desk.OpenTask {
			continue
		}
		if f, ok := p.kit.Rules.Renew(d.Effect.Post, p.Now()); ok {
			d.Effect.Post.Fields, s.notes.Fields[d.Seq] = &f, f
		}
	}
}

// groups parts effects by how far they may be made together: those never tried or certainly refused, those whose one
// attempt came to nothing, and one by one those that failed so more often, since what the portal dies over may be one of
// them.
func groups(due []desk.Pending) (out [][]desk.Pending) {
	var fresh, second []desk.Pending
	for i, d := range due {
		switch {
		case !d.Unsure:
			fresh = append(fresh, d)
		case d.Failures == 0:
			second = append(second, d)
		default:
			out = append(out, due[i:i+1:i+1])
		}
	}
	return slices.DeleteFunc(append([][]desk.Pending{fresh, second}, out...), func(g []desk.Pending) bool { return len(g) == 0 })
}

// attempt notes that a group is attempted, makes it and returns what became of it.
func (p *posts) attempt(ctx context.Context, group []desk.Pending, notes desk.Attempts) ([]desk.Result, error) {
	notes.Seqs = seqs(group)
	if err := p.Queue.Start(p.Now(), notes); err != nil {
		return nil, err
	}
	made := p.Portal.Make(ctx, p.complete(group))
	p.condemn(group, made)
	results := make([]desk.Result, len(made))
	for i, m := range made {
		results[i] = p.outcome(ctx, group[i], m)
	}
	return results, nil
}

// complete returns the effects as they are made: their texts were written when the messages were recorded, before it was
// known which files the portal does not take.
func (p *posts) complete(due []desk.Pending) []desk.Effect {
	out := effects(due)
	for i, e := range out {
		if e.Post == nil || len(e.Post.Missing) == 0 {
			continue
		}
		if words := strings.TrimSpace(p.kit.Texts.Missing(e.Post.Form, e.Post.Missing)); words != "" {
			post := *e.Post
			post.Text += "\n\n" + words
			out[i].Post = &post
		}
	}
	return out
}

// mostCondemned is how many groups may fail in a pass before it is the portal that fails.
const mostCondemned = 2

// condemn takes a failure of the whole portal for that of a group of effects which were looked for before: to that the
// portal answered.
func (p *posts) condemn(group []desk.Pending, made []desk.Made) {
	if !group[0].Unsure || p.condemned == mostCondemned {
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
		p.condemned++
	}
}

// outcome judges what became of a task or a comment.
func (p *posts) outcome(ctx context.Context, d desk.Pending, m desk.Made) desk.Result {
	if m.Err == nil {
		return p.made(d, m)
	}
	p.Log.Warn("portal", "effect", d.Effect.Kind, "ticket", d.Effect.Ticket, "try", d.Tries+1, "err", m.Err)
	if fault.ExtentOf(m.Err) != fault.One {
		p.tally.GiveUp(portal, m.Err)
	}
	if fault.Of(m.Err) != fault.Never {
		p.tally.Wait(1)
		return p.again(d, m.Err)
	}
	if d.Effect.Kind == desk.CommentTask && p.deleted(ctx, d.Effect.Task) {
		return p.reopened(d, m.Err)
	}
	r := p.hold(d, m.Err)
	r.Unsure = false
	return r
}

// made is the result of a task or a comment that is there.
func (p *posts) made(d desk.Pending, m desk.Made) desk.Result {
	p.tally.Count(func(c *Counts) {
		if d.Effect.Kind == desk.OpenTask {
			c.Opened++
		} else {
			c.Commented++
		}
	})
	p.Log.Info("made", "effect", d.Effect.Kind, "ticket", d.Effect.Ticket, "task", m.Task, "try", d.Tries+1)
	return desk.Result{Seq: d.Seq, Done: true, Made: m}
}

// deleted says whether the portal does not know a task any more.
func (p *posts) deleted(ctx context.Context, task int64) bool {
	states, err := p.Portal.States(ctx, []int64{task})
	if err != nil {
		p.Log.Warn("look at task", "task", task, "err", err)
		return false
	}
	_, ok := states[task]
	return !ok
}

// reopened gives the place of a comment whose task was deleted meanwhile to a new task that says so.
func (p *posts) reopened(d desk.Pending, err error) desk.Result {
	t, terr := p.Tickets.Ticket(d.Effect.Ticket)
	if terr != nil {
		p.tally.Problem("state", terr)
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
		p.tally.Problem("templates", terr)
		return p.again(d, err)
	}
	e := desk.Effect{Kind: desk.OpenTask, Key: desk.DeriveKey("open", d.Effect.Key), Cause: d.Effect.Cause, Ticket: t.Number, Post: &post}
	p.tally.Wait(1)
	return desk.Result{Seq: d.Seq, Replace: &e, Gone: true, Note: err.Error()}
}

func effects(due []desk.Pending) []desk.Effect {
	out := make([]desk.Effect, len(due))
	for i, d := range due {
		out[i] = d.Effect
	}
	return out
}
