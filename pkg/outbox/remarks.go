package outbox

import (
	"context"
	"slices"
	"strings"
	"time"

	"helpdesk/pkg/desk"
)

// longWait is the delay of a specialist's letter after which a remark is added to its task.
const longWait = 10 * time.Minute

// delays adds a remark to the task of each letter that was delayed for long or is held for a person, once per letter.
func (l *letters) delays(ready []desk.Pending, results []desk.Result) {
	for i := range results {
		r := &results[i]
		at := slices.IndexFunc(ready, func(d desk.Pending) bool { return d.Seq == r.Seq })
		if at < 0 {
			continue
		}
		d := ready[at]
		if d.Told || d.Effect.Letter.Kind != desk.Answer || !r.Hold && !(r.Again && l.Now().Sub(d.Added) >= longWait) {
			continue
		}
		t := desk.Ticket{Number: d.Effect.Ticket, Task: d.Effect.Task}
		r.Told = true
		if d.Effect.Letter.Only.Addr != "" {
			r.Then = append(r.Then, lateCopy{l}.waits(d)...)
			continue
		}
		r.Then = append(r.Then, l.remark(desk.DeriveKey("delayed", d.Effect.Key), t, desk.Note{
			Key:    desk.NoteDelayed,
			Detail: d.Effect.Letter.To.Key(),
		})...)
	}
}

// afterwards returns the remarks about a specialist's letter that was sent: the files left out, and that the letter was
// sent, if it was delayed before or the settings ask for the remark.
func (l *letters) afterwards(ctx context.Context, d desk.Pending, cc, left []string) (all []desk.Effect) {
	if d.Effect.Letter.Kind != desk.Answer {
		return nil
	}
	t := desk.Ticket{Number: d.Effect.Ticket, Task: d.Effect.Task}
	if len(left) > 0 {
		all = append(all, l.remark(desk.DeriveKey("left", d.Effect.Key), t, desk.Note{
			Key:    desk.NoteLeftOut,
			Detail: strings.Join(left, ", "),
		})...)
	}
	to := desk.Note{Key: desk.NoteSent, Detail: strings.Join(append([]string{d.Effect.Letter.To.Key()}, cc...), ", ")}
	if d.Told {
		to.Key = desk.NoteSentLate
	}
	if d.Told || l.TellSent || l.LikeSent && !l.liked(ctx, d) {
		all = append(all, l.remark(desk.DeriveKey("went", d.Effect.Key), t, to)...)
	}
	return all
}

// liked adds a like to the messages that a letter was made from, and reports whether that succeeded. Comments of the
// old card cannot be liked.
func (l *letters) liked(ctx context.Context, d desk.Pending) bool {
	var messages []int64
	for _, c := range d.Effect.Letter.Comments {
		if c.ID == 0 {
			return false
		}
		messages = append(messages, c.ID)
	}
	if d.Effect.Letter.Chat == 0 || len(messages) == 0 || l.tally.Away(portal) != nil {
		return false
	}
	err := l.portal.Like(ctx, messages, d.Unsure || d.Tries > 0)
	if err != nil {
		l.Log.Warn("like the message of an answer", "task", d.Effect.Task, "err", err)
	}
	return err == nil
}
