package pass

import (
	"context"
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// made is a task or a comment that was made with files, and the letter it was made of.
type made struct {
	effect desk.Unconfirmed
	letter Difference // what a difference says of it
}

// withoutFiles compares the files that tasks and comments were made with since the given time with those that the
// portal shows.
func withoutFiles(ctx context.Context, p Shelf, a Archive, since time.Time, records []desk.Record, tickets map[uint64]desk.Ticket,
	alive map[int64]desk.TaskState) ([]Difference, error) {
	of := map[string]desk.Record{} // by the key of the effect that a letter caused
	var all []made
	seen := map[uint64]bool{}
	for _, r := range records {
		of[desk.DeriveKey("open", r.Key)], of[desk.DeriveKey("comment", r.Key)] = r, r
	}
	for _, r := range records {
		t := tickets[r.Ticket]
		state, ok := alive[t.Task]
		if seen[t.Number] || !ok || !t.Owns(state.Mark) {
			continue
		}
		seen[t.Number] = true
		steps, err := a.Tickets.Journal(t.Number)
		if err != nil {
			return nil, err
		}
		t.Chat = max(t.Chat, state.Chat)
		all = append(all, withFiles(steps, since, t, a.Signer, of)...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	return compare(ctx, p, all)
}

// compare has the portal show what was made, and tells what it lacks.
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

// withFiles returns what was made with files since then for the task that the ticket has now.
func withFiles(steps []desk.Step, since time.Time, t desk.Ticket, signer desk.Signer, of map[string]desk.Record) (all []made) {
	for _, s := range steps {
		kind := desk.Kind(s.What)
		if kind == desk.OpenTask && s.Task != t.Task {
			all = nil // those went with a task that was deleted
			continue
		}
		if len(s.Files) == 0 || s.At.Before(since) || kind != desk.OpenTask && kind != desk.CommentTask {
			continue
		}
		e := desk.Effect{Kind: kind, Key: s.Key, Ticket: t.Number, Task: t.Task, Chat: t.Chat, Post: &desk.Post{Marker: signer.Marker(s.Key)}}
		for _, name := range s.Files {
			e.Post.Files = append(e.Post.Files, desk.File{Name: name, Object: 1}) // which object is not kept: there was one
		}
		d := Difference{Mailbox: t.Mailbox, At: s.At, From: t.Requester.Addr, Subject: t.Subject, Ticket: t.Number, Task: t.Task}
		if r, ok := of[s.Key]; ok {
			d.Mailbox, d.UID, d.At, d.From, d.Subject = r.Place.Mailbox, r.Place.UID, r.Received, r.From.Addr, r.Subject
		}
		all = slices.DeleteFunc(all, func(m made) bool { return m.effect.Effect.Key == s.Key }) // it was made again
		all = append(all, made{desk.Unconfirmed{Effect: e, Comment: s.Comment, At: s.At}, d})
	}
	return all
}

// lacks tells what a look did not show.
func (m made) lacks(s desk.Sight) (ds []Difference) {
	d := m.letter
	if s.Err != nil {
		d.What, d.Note = FilesNotCompared, s.Err.Error()
		return []Difference{d}
	}
	where := "the task"
	if m.effect.Effect.Kind == desk.CommentTask {
		where = "the comment"
	}
	for _, i := range s.Missing {
		d.What, d.File = FileNotOnTask, m.effect.Effect.Post.Files[i].Name
		d.Note = where + " of " + d.From + " lacks " + d.File
		ds = append(ds, d)
	}
	return ds
}
