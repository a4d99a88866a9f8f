package store

import (
	"errors"
	"slices"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store/engine"
)

// unseen stores what the portal confirmed as made until it is visible there, and adds the names of its files and the
// number of its letters to the step. Files known to be missing are left out, because they were reported already. kept
// reports whether the effect of the entry must stay for its text.
func unseen(tx txn, step *desk.Step, p desk.Pending, r desk.Result) (kept bool, err error) {
	m := r.Made
	u := desk.Unconfirmed{Comment: m.Comment, At: step.At, Seen: m.Seen}
	if r.Effect != nil { // the usual case: the effect need not be read
		u.Effect = *r.Effect
	} else if _, err := get(tx, bEffects, number(p.Seq), &u.Effect); err != nil {
		return false, err
	}
	u.Effect.Task, u.Again = m.Task, u.Effect.Detour
	if m.Chat != 0 {
		u.Effect.Chat = m.Chat
	}
	if u.Effect.Post != nil {
		post := *u.Effect.Post
		step.Letters = desk.Letters(post.Text)
		post.Files = slices.Clone(post.Files)
		for _, i := range slices.Backward(m.Missing) {
			post.Files = slices.Delete(post.Files, i, i+1)
		}
		for _, f := range post.Files {
			step.Files = append(step.Files, f.Name)
		}
		if ofLetter(post.Form) {
			u.Seq, post.Text = p.Seq, ""
		}
		u.Effect.Post = &post
	}
	if m.Seen && len(step.Files) == 0 {
		return false, nil
	}
	return u.Seq != 0, put(tx, bUnseen, []byte(u.Effect.Key), u)
}

// ofLetter reports whether the text of a post is that of a letter. It may be long, and is needed only if the post is
// made again, so it stays where it is. What we say ourselves is short, and may be said again under the same key.
func ofLetter(form desk.Form) bool {
	return form != desk.FormRemark && form != desk.FormTrouble
}

// forgetUnseen deletes what was made and not seen, with the text that was kept of it.
func forgetUnseen(tx txn, key []byte) error {
	var u struct {
		Seq uint64 `json:"seq"`
	}
	if ok, err := get(tx, bUnseen, key, &u); err != nil || !ok {
		return err
	}
	if u.Seq != 0 {
		if err := tx.Bucket(bEffects).Delete(number(u.Seq)); err != nil {
			return err
		}
	}
	return tx.Bucket(bUnseen).Delete(key)
}

// Unseen returns things that the portal confirmed as made but has not shown yet, up to most, without their texts. Those
// made or looked for since the given time are left out. Unseen gives up after looking at five times as many: after a
// large backlog, all of them are new, and a later pass finds them.
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
			tx.Bucket(bUnseen).Ahead([]byte(l.Key))
		}
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
	effect, err := u.Effect, error(nil)
	if !l.Seen {
		effect, err = complete(tx, u)
	}
	if err = errors.Join(err, forgetUnseen(tx, key)); err != nil {
		return err
	}
	if l.Seen {
		return enqueue(tx, now, effect.Ticket, effect.Cause, l.Then, time.Time{})
	}
	seq, err := tx.Bucket(bOutbox).Count(1)
	if err != nil {
		return err
	}
	effect.Detour = true
	return save(tx, desk.Pending{Seq: seq, Effect: effect, Added: now, Tries: 1, First: u.At, Last: u.At, Unsure: true,
		Held: l.Hold != "", Note: l.Hold}, true)
}

// complete returns the effect of u with its text.
func complete(tx txn, u desk.Unconfirmed) (desk.Effect, error) {
	if u.Seq == 0 { // stored by an earlier version
		return u.Effect, nil
	}
	var whole desk.Effect
	ok, err := get(tx, bEffects, number(u.Seq), &whole)
	if err != nil || !ok {
		return whole, orAbsent(err, "effect", u.Seq)
	}
	whole.Task, whole.Chat = u.Effect.Task, u.Effect.Chat
	if whole.Post != nil && u.Effect.Post != nil {
		whole.Post.Files = u.Effect.Post.Files
	}
	return whole, nil
}
