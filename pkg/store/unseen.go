package store

import (
	"slices"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store/engine"
)

// unseen stores what the portal confirmed as made until it is visible there, and adds the names of its files and the
// number of its letters to the step. Files known to be missing are left out, because they were reported already.
func unseen(tx txn, step *desk.Step, p desk.Pending, r desk.Result) error {
	m := r.Made
	if m.Seen && r.Post != nil && len(r.Post.Files) == 0 { // the usual case: the effect need not be read
		step.Letters = desk.Letters(r.Post.Text)
		return nil
	}
	u := desk.Unconfirmed{Comment: m.Comment, At: step.At, Seen: m.Seen}
	if _, err := get(tx, bEffects, number(p.Seq), &u.Effect); err != nil {
		return err
	}
	u.Effect.Task, u.Again = m.Task, u.Effect.Detour
	if m.Chat != 0 {
		u.Effect.Chat = m.Chat
	}
	if post := u.Effect.Post; post != nil {
		for _, i := range slices.Backward(m.Missing) {
			post.Files = slices.Delete(post.Files, i, i+1)
		}
		for _, f := range post.Files {
			step.Files = append(step.Files, f.Name)
		}
		step.Letters = desk.Letters(post.Text)
	}
	if m.Seen && len(step.Files) == 0 {
		return nil
	}
	return put(tx, bUnseen, []byte(u.Effect.Key), u)
}

// Unseen returns things that the portal confirmed as made but has not shown yet, up to most. Those made or looked for
// since the given time are left out. Unseen gives up after looking at five times as many: after a large backlog, all of
// them are new, and a later pass finds them.
func (s Outbox) Unseen(before time.Time, most int) (list []desk.Unconfirmed, err error) {
	err = s.view(func(tx txn) error {
		left := 5 * most
		return each(tx, bUnseen, func(_ []byte, u desk.Unconfirmed) error {
			if u.At.Before(before) && u.Looked.Before(before) {
				list = append(list, u)
			}
			if left--; left <= 0 || len(list) >= most {
				return engine.ErrStop
			}
			return nil
		})
	})
	return list, err
}

// Saw records what a look at the portal showed.
func (s Outbox) Saw(now time.Time, looked []desk.Looked) error {
	return s.update(func(tx txn) error {
		for _, l := range looked {
			if err := saw(tx, now, l); err != nil {
				return err
			}
		}
		return nil
	})
}

func saw(tx txn, now time.Time, l desk.Looked) error {
	key := []byte(l.Key)
	var u desk.Unconfirmed
	if ok, err := get(tx, bUnseen, key, &u); err != nil || !ok {
		return err
	}
	if !l.Seen && !l.Again && l.Hold == "" {
		u.Looks, u.Looked = u.Looks+l.Missed, now
		return put(tx, bUnseen, key, u)
	}
	if err := tx.Bucket(bUnseen).Delete(key); err != nil {
		return err
	}
	if l.Seen {
		return enqueue(tx, now, u.Effect.Ticket, u.Effect.Cause, l.Then, time.Time{})
	}
	seq, err := tx.Bucket(bOutbox).Count(1)
	if err != nil {
		return err
	}
	u.Effect.Detour = true
	return save(tx, desk.Pending{Seq: seq, Effect: u.Effect, Added: now, Tries: 1, First: u.At, Last: u.At,
		Unsure: true,
		Held:   l.Hold != "", Note: l.Hold}, true)
}
