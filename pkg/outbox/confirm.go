package outbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"helpdesk/pkg/desk"
)

const (
	lookAfter = 30 * time.Second // newer things may not be visible yet: the portal writes dates late
	mostLooks = 40               // per pass: one batch of requests to the portal
)

// Confirm checks with one request whether tasks, comments and files that the portal confirmed as made are visible
// there. shown reports whether this pass has already seen one of them; nil = none was seen. If something is missing at
// the second check, it is made once more by a different method. If that fails too, it is held for a person. Errors come
// only from the state.
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

// sight decides what to do after a check.
func (o *Outbox) sight(ctx context.Context, u desk.Unconfirmed, s desk.Sight) desk.Looked {
	l := desk.Looked{Key: u.Effect.Key}
	switch {
	case s.Err != nil:
		o.Log.Warn("look at what was made", "effect", u.Effect.Kind, "task", u.Effect.Task, "err", s.Err)
	case s.There && len(s.Missing) == 0,
		!s.There && (u.Seen || s.Deleted): // in the latter cases it was visible once, and somebody has deleted it
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

// lacking returns a comment that names the files of a task or a comment which the portal does not show.
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

// remark returns a comment that consists of a note only, or nothing if the templates cannot be read.
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
