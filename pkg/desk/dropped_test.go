package desk

import (
	"testing"
	"time"
)

func TestDropped(t *testing.T) {
	ivan, petr := Address{Addr: "Ivan@romashka.example"}, Address{Addr: "petr@romashka.example"}
	task, none := &Ticket{Number: 1, Task: 3701}, &Ticket{Number: 1}
	for name, c := range map[string]struct {
		letter *Draft
		ticket *Ticket
		key    NoteKey // "" = no remark
		detail string
	}{
		"an answer": {&Draft{Kind: Answer, To: ivan}, task, NoteDropped, "ivan@romashka.example"},
		"a copy": {
			&Draft{Kind: Answer, To: ivan, Only: petr, As: "k"},
			task,
			NoteCopyDropped,
			petr.Addr,
		},
		"an auto-reply":              {&Draft{Kind: Received, To: ivan}, task, "", ""},
		"a letter about the closing": {&Draft{Kind: Closed, To: ivan}, task, "", ""},
		"without a task":             {&Draft{Kind: Answer, To: ivan}, none, "", ""},
		"to an erased person":        {&Draft{Kind: Answer}, task, "", ""},
	} {
		e, ok := Dropped(Effect{
			Kind:   SendLetter,
			Key:    "k",
			Ticket: 1,
			Letter: c.letter,
		}, c.ticket, Signer{}, time.Time{})
		if ok != (c.key != "") || ok && e.Post.Notes[0] != (Note{Key: c.key, Detail: c.detail}) {
			t.Errorf("%s: %v, %+v", name, ok, e.Post)
		}
	}
	if e, ok := Dropped(Effect{Kind: CommentTask, Post: &Post{}}, task, Signer{}, time.Time{}); ok {
		t.Errorf("a comment: %+v", e)
	}
}
