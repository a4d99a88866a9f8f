package portal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"helpdesk/pkg/lazy"
)

// now returns the portal's time, truncated to seconds like its dates.
func (w *world) now() time.Time { return w.o.Now().Truncate(time.Second) }

// post adds a person's comment, in the chat if the task has one. It returns nil if the chat refused the message.
func (t *task) post(author int64, text string, files []File) *Comment {
	c := Comment{Author: author, At: t.w.now(), Text: text, Files: files, Chat: t.Chat != 0}
	if c.Chat {
		if t.w.o.Talks != nil && !t.w.o.Talks(text) {
			return nil
		}
		t.join(author)
		c.Text, c.Files = t.w.takeFiles(text, files)
		c.ID, c.Text = t.w.next("message"), cutRunes(c.Text, maxChatText, " (...)")
	} else {
		c.ID = t.w.next("comment")
	}
	t.Comments = append(t.Comments, c)
	t.stir(c)
	return &t.Comments[len(t.Comments)-1]
}

var fileTag = lazy.Regexp(`(?i)\[DISK=(\d+)\]`)

// takeFiles attaches the Drive files that a text refers to, and removes the references.
func (w *world) takeFiles(text string, files []File) (string, []File) {
	text = fileTag().ReplaceAllStringFunc(text, func(tag string) string {
		n, _ := integer(fileTag().FindStringSubmatch(tag)[1])
		if o := w.drive.objects[n]; w.drive.readable(o) {
			files = append(files, o.file())
			return ""
		}
		return tag
	})
	return text, files
}

// remark adds a text of the portal itself about a user's act.
//
// QUIRK: in the forum it is an ordinary comment by that user; in the chat it is a system message (tasks,
// Forum\Task\Comment::onAfterAdd).
func (t *task) remark(user int64, text string) {
	c := Comment{Author: user, At: t.w.now(), Text: text, System: true}
	if t.Chat != 0 {
		c.Chat, c.Author, c.ID = true, 0, t.w.next("message")
	} else {
		c.ID = t.w.next("comment")
	}
	t.Comments = append(t.Comments, c)
	t.stir(c)
}

// stir is a pending change of an activity date.
type stir struct {
	t       *task
	at, due time.Time
}

// Lateness is the delay between a message and the change of the activity date on the new card.
const Lateness = 2 * time.Second

// unmoving are the system messages that do not change ACTIVITY_DATE: those of the module im, and those at the start of
// a chat.
var unmoving = []string{"created", "joined", "migrated"}

// stir changes the activity date because of a comment.
//
// QUIRK: on the new card a job does it later, with the date of the message (im, Chat.php deferJob). Since tasks 25.1150
// it also happens for system messages, except those at the start of a chat (tasks, V2 UpdateLastActivityDate).
func (t *task) stir(c Comment) {
	o := t.w.o
	if c.Chat && c.System && (o.SilentSystem || slices.ContainsFunc(unmoving, c.says)) {
		return
	}
	if !c.Chat || o.ActivityAtOnce {
		t.Activity = c.At
		return
	}
	t.w.late = append(t.w.late, stir{t, c.At, o.Now().Add(Lateness)})
}

// says reports whether a system message is the one with this name.
func (c Comment) says(name string) bool {
	begin, _, _ := strings.Cut(phrase(name), "%")
	return strings.HasPrefix(c.Text, begin)
}

// settle makes the changes of activity dates that are due.
func (w *world) settle() {
	for len(w.late) > 0 && !w.late[0].due.After(w.o.Now()) {
		w.late[0].t.Activity = w.late[0].at
		w.late = w.late[1:]
	}
}

// join makes the author an observer, unless they are already a member of the task.
func (t *task) join(user int64) {
	if t.hasMember(user) || user == 0 {
		return
	}
	t.Auditors = append(t.Auditors, user)
	t.joined[user] = t.w.serial["message"]
	t.remark(user, phrase("joined"))
}

// openChat gives the task a chat, like the new card when it is first opened.
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

// setStatus changes the status as the user.
func (t *task) setStatus(user int64, status int, name string) {
	from := t.Status
	t.Status, t.Changed = status, t.w.now()
	if status == 4 || status == 5 {
		t.Closed, t.ClosedBy = t.Changed, user
	} else {
		t.Closed, t.ClosedBy = time.Time{}, 0
	}
	t.history = append(t.history, change{t.w.next("history"), t.Changed, "STATUS", fmt.Sprint(from),
		fmt.Sprint(status), user})
	t.remark(user, phrase(name))
}

func (t *task) complete(user int64) {
	if t.Control && user != t.Creator {
		t.setStatus(user, 4, "control")
		return
	}
	t.setStatus(user, 5, "completed")
}
