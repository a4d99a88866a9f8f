package portal

import (
	"fmt"
	"time"
)

// now is the portal's clock at the resolution its dates have: one second.
func (w *world) now() time.Time { return w.o.Now().Truncate(time.Second) }

// post writes a comment of a person, into the chat where the task has one.
func (t *task) post(author int64, text string, files []File) *Comment {
	c := Comment{Author: author, At: t.w.now(), Text: text, Files: files, Chat: t.Chat != 0}
	if c.Chat {
		t.join(author)
		c.ID, c.Text = t.w.next("message"), cutRunes(text, maxChatText, " (...)")
	} else {
		c.ID = t.w.next("comment")
	}
	t.Comments = append(t.Comments, c)
	t.Activity = c.At
	return &t.Comments[len(t.Comments)-1]
}

// remark writes what the portal itself has to say of an act of the user.
//
// QUIRK: in the forum it is a comment in his name like any other and moves the activity date; in the chat it is a message
// of the system and does not (tasks, Forum\Task\Comment::onAfterAdd; V2 UpdateLastActivityDate).
func (t *task) remark(user int64, text string) {
	c := Comment{Author: user, At: t.w.now(), Text: text, System: true}
	if t.Chat != 0 {
		c.Chat, c.Author, c.ID = true, 0, t.w.next("message")
	} else {
		c.ID = t.w.next("comment")
		t.Activity = c.At
	}
	t.Comments = append(t.Comments, c)
}

// join makes the author an observer who was nothing to the task before.
func (t *task) join(user int64) {
	if t.hasMember(user) || user == 0 {
		return
	}
	t.Auditors = append(t.Auditors, user)
	t.joined[user] = t.w.serial["message"]
	t.remark(user, phrase("joined"))
}

// openChat gives the task a chat, as the new card does on first sight.
func (t *task) openChat() {
	if t.Chat != 0 || !t.w.o.NewCard {
		return
	}
	old := len(t.Comments) > 0
	t.Chat = t.w.next("chat")
	if old {
		t.remark(0, fmt.Sprintf(phrase("migrated"), t.ID))
	}
}

// setStatus changes the status in the name of the user.
func (t *task) setStatus(user int64, status int, name string) {
	from := t.Status
	t.Status, t.Changed = status, t.w.now()
	if status == 4 || status == 5 {
		t.Closed, t.ClosedBy = t.Changed, user
	} else {
		t.Closed, t.ClosedBy = time.Time{}, 0
	}
	t.history = append(t.history, change{t.w.next("history"), t.Changed, "STATUS", fmt.Sprint(from), fmt.Sprint(status), user})
	t.remark(user, phrase(name))
}

func (t *task) complete(user int64) {
	if t.Control && user != t.Creator {
		t.setStatus(user, 4, "control")
		return
	}
	t.setStatus(user, 5, "completed")
}
