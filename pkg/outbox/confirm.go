package outbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"helpdesk/pkg/desk"
)

const (
	lookAfter = 30 * time.Second // what was made sooner ago may not show yet: dates are written late
	mostLooks = 40               // in a pass: one batch of the portal
)

// Confirm looks at what the portal answered to have made, and has not shown so far, in one request: a task, comment or
// file counts when it is seen. What shown says yes to has been seen in this pass already; nil = nothing was. What is
// not there at the second look is made once more, by another way, and kept for a person when that comes to nothing,
// too. An error is one of the state.
func (o *Outbox) Confirm(ctx context.Context, shown func(u desk.Unconfirmed) bool) error {
	all, err := o.seen.Unseen(o.Now().Add(-lookAfter), mostLooks)
	if err != nil || len(all) == 0 || o.tally.Away(portal) != nil || ctx.Err() != nil {
		return err
	}
	var looked []desk.Looked
	var open []desk.Unconfirmed
	since := o.Now()
	for _, u := range all {
		if shown != nil && shown(u) {
			looked = append(looked, desk.Looked{Key: u.Effect.Key, Seen: true})
			continue
		}
		open = append(open, u)
		if u.At.Before(since) {
			since = u.At
		}
	}
	if len(open) > 0 {
		sights, err := o.portal.Look(ctx, open, since)
		if err != nil {
			o.tally.GiveUp(portal, err)
		}
		if err := o.Still(); err != nil {
			return err
		}
		for i, s := range sights {
			looked = append(looked, o.sight(ctx, open[i], s))
		}
	}
	if len(looked) == 0 {
		return nil
	}
	return o.seen.Saw(o.Now(), looked)
}

// sight judges a look.
func (o *Outbox) sight(ctx context.Context, u desk.Unconfirmed, s desk.Sight) desk.Looked {
	l := desk.Looked{Key: u.Effect.Key}
	switch {
	case s.Err != nil:
		o.Log.Warn("look at what was made", "effect", u.Effect.Kind, "task", u.Effect.Task, "err", s.Err)
	case s.There && len(s.Missing) == 0,
		!s.There && (u.Seen || s.Deleted): // the latter were there, and somebody has deleted them
		l.Seen = true
	case u.Looks == 0 && s.There:
		if err := o.portal.Attach(ctx, u.Effect, s.Missing); err != nil {
			o.Log.Warn("attach files again", "task", u.Effect.Task, "err", err)
			break
		}
		l.Missed = 1
	case u.Looks == 0:
		l.Missed = 1
	case s.There:
		l.Seen, l.Then = true, o.lacking(u.Effect, s.Missing)
	case u.Again:
		l.Hold = "the portal answered twice that it was made, and does not show it"
		o.tally.Hold(fmt.Sprintf("%s of ticket %d", u.Effect.Kind, u.Effect.Ticket),
			fmt.Errorf("task %d: %s", u.Effect.Task, l.Hold))
	default:
		o.Log.Warn("made, and not there", "effect", u.Effect.Kind, "task", u.Effect.Task)
		o.tally.Wait(1)
		l.Again = true
	}
	return l
}

// lacking is the comment that names the files of a task or a comment which the portal does not show.
func (o *Outbox) lacking(e desk.Effect, missing []int) []desk.Effect {
	var names []string
	for _, i := range missing {
		names = append(names, sized(e.Post.Files[i]))
	}
	if len(names) == 0 {
		return nil
	}
	return o.remark(desk.DeriveKey("lacking", e.Key), desk.Ticket{
		Number: e.Ticket,
		Task:   e.Task,
	}, desk.Note{Key: desk.NoteUnseenFiles, Detail: strings.Join(names, ", ")})
}

// remark is the comment that says nothing but a note; none where the templates can't be read.
func (o *Outbox) remark(key string, t desk.Ticket, n desk.Note) []desk.Effect {
	kit, err := o.kit()
	if err != nil {
		o.tally.Problem("templates", err)
		return nil
	}
	e := desk.Remark(key, &t, n, o.Signer, o.Now())
	Tell(kit.Texts(t.Mailbox, ""), &e)
	return []desk.Effect{e}
}
