package outbox

import (
	"context"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/render"
)

// outcome turns the portal's answer for a task or a comment into a result.
func (p *posts) outcome(ctx context.Context, d desk.Pending, m desk.Made) desk.Result {
	if m.Err == nil {
		return p.made(d, m)
	}
	p.Log.Info("portal", "effect", d.Effect.Kind, "ticket", d.Effect.Ticket, "try", d.Tries+1, "err", m.Err)
	if fault.ExtentOf(m.Err) != fault.One {
		p.tally.GiveUp(portal, m.Err)
	}
	if r, ok := p.fallback(ctx, d, m.Err); ok {
		return r
	}
	tries, _ := fault.Patience(m.Err)
	final := fault.Of(m.Err) == fault.Never
	switch {
	case d.Effect.Kind == desk.CommentTask && (final || tries > 0) && p.deleted(ctx, d.Effect.Task):
		var r desk.Result
		if err := Try("open task again", func() error { r = p.reopened(d, m.Err); return nil }); err != nil {
			return p.hold(d, err)
		}
		return r
	case p.worthwhile(d, m.Err):
		p.tally.Wait(1)
		r := p.again(d, m.Err)
		return r
	}
	r := p.hold(d, m.Err)
	r.Unsure = r.Unsure && !final
	return r
}

// worthwhile reports whether to retry before asking a person. The error determines how often and for how long.
func (p *posts) worthwhile(d desk.Pending, err error) bool {
	tries, over := fault.Patience(err)
	if tries == 0 {
		return fault.Of(err) != fault.Never
	}
	first := d.First
	if first.IsZero() {
		first = p.Now()
	}
	return d.Tries+1 < tries || p.Now().Sub(first) < over
}

// made returns the result of a task or a comment that exists.
func (p *posts) made(d desk.Pending, m desk.Made) desk.Result {
	p.tally.Count(func(c *Counts) {
		if d.Effect.Kind == desk.OpenTask {
			c.Opened++
		} else {
			c.Commented++
		}
	})
	p.Log.Info("made", "effect", d.Effect.Kind, "ticket", d.Effect.Ticket, "task", m.Task, "try", d.Tries+1)
	return desk.Result{Seq: d.Seq, Done: true, Made: m, Effect: &d.Effect, Then: p.lacking(d.Effect, m.Missing)}
}

// deleted reports whether a task no longer exists in the portal.
func (p *posts) deleted(ctx context.Context, task int64) bool {
	states, err := p.portal.States(ctx, []int64{task})
	if err != nil {
		p.Log.Warn("look at task", "task", task, "err", err)
		return false
	}
	_, ok := states[task]
	return !ok
}

// reopened replaces a comment whose task was deleted by a new task that says so.
func (p *posts) reopened(d desk.Pending, err error) desk.Result {
	t, terr := p.tickets.Ticket(d.Effect.Ticket)
	if terr != nil {
		p.tally.Problem("state", terr)
		return p.again(d, err)
	}
	post := *d.Effect.Post
	place := desk.Listing{Place: desk.Place{Mailbox: t.Mailbox}}
	fields := p.kit.Rules.FieldsFor(&desk.Message{Listing: place, From: post.From, Subject: t.Subject}, p.Now())
	post.Form, post.Fields, post.Marker, post.Reopen = desk.FormTask, &fields, "", false
	post.Mailbox, post.Route = "", "" // the route is not known
	post.Subject = p.kit.Rules.Entitle(&post, t.Mailbox, t.Subject, t.LastText)
	post.Notes = []desk.Note{{Key: desk.NoteDeleted, Task: d.Effect.Task}}
	e := desk.Effect{
		Kind:   desk.OpenTask,
		Key:    desk.DeriveKey("open", d.Effect.Key),
		Cause:  d.Effect.Cause,
		Ticket: t.Number,
		Post:   &post,
	}
	title, text, terr := rendered(p.kit.Texts(post.Mailbox, ""), &e, render.PostVars{Body: post.Text, At: post.At})
	if terr != nil {
		p.tally.Problem("templates", terr)
		return p.again(d, err)
	}
	post.Title, post.Text = title, fitting(desk.OpenTask, text, spare)
	p.tally.Wait(1)
	return desk.Result{Seq: d.Seq, Replace: &e, Gone: true, Note: err.Error()}
}
