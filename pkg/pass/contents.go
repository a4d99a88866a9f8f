package pass

import (
	"context"
	"fmt"
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// lateness is the maximum time between the arrival of a letter and the making of its task or comment.
const lateness = 31 * 24 * time.Hour

// contents compares what tasks and comments were made with and what the portal shows of them.
type contents struct {
	a     Archive
	since time.Time              // only those made at or after this time
	of    map[string]desk.Record // letters, by the key of the effect that they caused
}

// made is a task or a comment that was made, with its letter.
type made struct {
	effect desk.Unconfirmed
	letter Difference // a difference filled in with the data of the letter
}

// causes returns letters by the keys of the effects that they may have caused: a task, a comment, or the task that
// replaces a comment whose task was deleted.
func causes(records []desk.Record) map[string]desk.Record {
	of := map[string]desk.Record{}
	for _, r := range records {
		open, comment := desk.DeriveKey("open", r.Key), desk.DeriveKey("comment", r.Key)
		of[open], of[comment], of[desk.DeriveKey("open", comment)] = r, r, r
	}
	return of
}

// lost compares the tickets of the records, as far as their tasks still exist.
func (c *contents) lost(ctx context.Context, p Shelf, records []desk.Record, tickets map[uint64]desk.Ticket,
	alive map[int64]desk.TaskState) ([]Difference, error) {
	var all []made
	seen := map[uint64]bool{}
	for _, r := range records {
		t := tickets[r.Ticket]
		state, ok := alive[t.Task]
		if seen[t.Number] || !ok || !t.Owns(state.Mark) {
			continue
		}
		seen[t.Number] = true
		steps, err := c.a.Tickets.Journal(t.Number)
		if err != nil {
			return nil, err
		}
		t.Chat = max(t.Chat, state.Chat)
		all = append(all, c.made(steps, t)...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return compare(ctx, p, all)
}

// compare looks up in the portal what was made, and returns what is missing there.
func compare(ctx context.Context, p Shelf, all []made) ([]Difference, error) {
	first := all[0].effect.At
	ask := make([]desk.Unconfirmed, len(all))
	for i, m := range all {
		if ask[i] = m.effect; m.effect.At.Before(first) {
			first = m.effect.At
		}
	}
	sights, err := p.Look(ctx, ask, first)
	if err != nil {
		return nil, err
	}
	var ds []Difference
	for i, s := range sights {
		ds = append(ds, all[i].lacks(s)...)
	}
	return ds, nil
}

// made returns the tasks and comments that were made at or after c.since for the ticket's current task. It skips
// remarks of ours that no letter caused, unless they have files.
func (c *contents) made(steps []desk.Step, t desk.Ticket) (all []made) {
	for _, s := range steps {
		kind := desk.Kind(s.What)
		if kind == desk.OpenTask && s.Task != t.Task {
			all = nil // they belonged to a task that was deleted
			continue
		}
		r, caused := c.of[s.Key]
		if kind != desk.OpenTask && kind != desk.CommentTask || s.At.Before(c.since) || !caused && len(s.Files) == 0 {
			continue
		}
		e := desk.Effect{
			Kind:   kind,
			Key:    s.Key,
			Ticket: t.Number,
			Task:   t.Task,
			Chat:   t.Chat,
			Post:   &desk.Post{Marker: c.a.Signer.Marker(s.Key)},
		}
		for _, name := range s.Files {
			// the id of the object is not kept; it is enough that there was one
			e.Post.Files = append(e.Post.Files, desk.File{Name: name, Object: 1})
		}
		d := Difference{Mailbox: t.Mailbox, At: s.At, From: t.Requester.Addr, Subject: t.Subject}
		if caused {
			d = ofLetter(r)
		}
		d.Ticket, d.Task, d.Effect = t.Number, t.Task, s.Key
		all = slices.DeleteFunc(all, func(m made) bool { return m.effect.Effect.Key == s.Key }) // made again
		all = append(all, made{desk.Unconfirmed{Effect: e, Comment: s.Comment, At: s.At, Letters: s.Letters}, d})
	}
	return all
}

// lacks returns the differences that a look at the portal shows.
func (m made) lacks(s desk.Sight) (ds []Difference) {
	d, e, where := m.letter, m.effect.Effect, "the task"
	if e.Kind == desk.CommentTask {
		where = "the comment"
	}
	switch {
	case s.Err != nil:
		d.What, d.Note, d.Do = ContentNotCompared, s.Err.Error(), "mend that, or make the webhook's user an observer "+
			"of the task"
		return []Difference{d.named(e.Key)}
	case e.Kind == desk.CommentTask && !s.There:
		d.What, d.Note = CommentNotOnTask, "the comment of "+d.From+" is not there any more"
		if s.Deleted {
			d.Note = "somebody took the comment of " + d.From + " back"
		}
		d.Do = "write it again from the letter in the mailbox, or accept that it is gone"
		return []Difference{d.named(e.Key)}
	case s.Times > 1:
		d.What, d.Note = CommentMadeTwice, fmt.Sprintf("the comment of %s is there %d times", d.From, s.Times)
		d.Do = "delete all but one, or accept it"
		ds = append(ds, d.named(e.Key))
	case short(m.effect.Letters, s.Letters):
		d.What = TextNotOnTask
		d.Note = fmt.Sprintf("%s of %s shows %d of %d letters", where, d.From, s.Letters, m.effect.Letters)
		d.Do = "read it in the letter in the mailbox, or accept that somebody has cut it"
		ds = append(ds, d.named(e.Key))
	}
	for _, i := range s.Missing {
		d.What, d.File = FileNotOnTask, e.Post.Files[i].Name
		d.Note = where + " of " + d.From + " lacks " + d.File
		d.Do = "attach it from the letter in the mailbox, or accept that it is gone"
		ds = append(ds, d.named(e.Key, fmt.Sprint(i), d.File))
	}
	return ds
}

// short reports whether a text was cut. It allows for characters that the portal changes and words that somebody
// corrects.
func short(written, shown int) bool {
	const some = 20
	return written-shown > max(some, written/10)
}
