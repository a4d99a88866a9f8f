package desk

import "time"

// Remark returns the comment that says nothing but a note. It waits for nothing of its ticket, and nothing waits for it.
func Remark(key string, t *Ticket, n Note, s Signer, now time.Time) Effect {
	return Effect{Kind: CommentTask, Key: key, Ticket: t.Number, Task: t.Task, Aside: true, Post: &Post{
		Form: FormRemark, Marker: s.Marker(key), Mailbox: t.Mailbox, From: t.AnswerTo(), At: now, Notes: []Note{n}}}
}
