package portal

import (
	"fmt"
	"slices"
	"time"
)

// now is the portal's clock at the resolution its dates have: one second.
func (p *Portal) now() time.Time { return p.o.Now().Truncate(time.Second) }

// post writes a comment of a person, into the chat where the task has one.
func (p *Portal) post(t *task, author int64, text string, files []File) *Comment {
	c := Comment{Author: author, At: p.now(), Text: text, Files: files, Chat: t.Chat != 0}
	if c.Chat {
		p.join(t, author)
		c.ID, c.Text = p.world.next("message"), cutRunes(text, maxChatText, " (...)")
	} else {
		c.ID = p.world.next("comment")
	}
	t.Comments = append(t.Comments, c)
	t.Activity = c.At
	return &t.Comments[len(t.Comments)-1]
}

// remark writes what the portal itself has to say of an act of the user.
//
// QUIRK: in the forum it is a comment in his name like any other and moves the activity date; in the chat it is a message
// of the system and does not (tasks, Forum\Task\Comment::onAfterAdd; V2 UpdateLastActivityDate).
func (p *Portal) remark(t *task, user int64, text string) {
	c := Comment{Author: user, At: p.now(), Text: text, System: true}
	if t.Chat != 0 {
		c.Chat, c.Author, c.ID = true, 0, p.world.next("message")
	} else {
		c.ID = p.world.next("comment")
		t.Activity = c.At
	}
	t.Comments = append(t.Comments, c)
}

// join makes the author an observer who was nothing to the task before.
func (p *Portal) join(t *task, user int64) {
	if t.hasMember(user) || user == 0 {
		return
	}
	t.Auditors = append(t.Auditors, user)
	t.joined[user] = p.world.last["message"]
	p.remark(t, user, phrase("joined"))
}

// openChat gives the task a chat, as the new card does on first sight.
func (p *Portal) openChat(t *task) {
	if t.Chat != 0 || !p.o.NewCard {
		return
	}
	old := len(t.Comments) > 0
	t.Chat = p.world.next("chat")
	if old {
		p.remark(t, 0, fmt.Sprintf(phrase("migrated"), t.ID))
	}
}

// setStatus changes the status in the name of the user.
func (p *Portal) setStatus(t *task, user int64, status int, name string) {
	from := t.Status
	t.Status, t.Changed = status, p.now()
	if status == 4 || status == 5 {
		t.Closed, t.ClosedBy = t.Changed, user
	} else {
		t.Closed, t.ClosedBy = time.Time{}, 0
	}
	t.history = append(t.history, change{p.world.next("history"), t.Changed, "STATUS", fmt.Sprint(from), fmt.Sprint(status), user})
	p.remark(t, user, phrase(name))
}

func (p *Portal) complete(t *task, user int64) {
	if t.Control && user != t.Creator {
		p.setStatus(t, user, 4, "control")
		return
	}
	p.setStatus(t, user, 5, "completed")
}

// edit runs f on a task under the lock and says whether the task exists.
func (p *Portal) edit(id int64, f func(t *task)) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.world.tasks[id]
	if t != nil {
		f(t)
	}
	return t != nil
}

// Say lets a user of the portal comment a task and returns the id of the comment, 0 where there is no such task.
func (p *Portal) Say(id, author int64, text string, files ...File) int64 {
	var made int64
	p.edit(id, func(t *task) {
		p.openChat(t)
		var kept []File
		for _, f := range files {
			kept = append(kept, p.attach(p.store(rootFolder, p.freeName(rootFolder, f.Name), f.Content, author)))
		}
		made = p.post(t, author, text, kept).ID
	})
	return made
}

// SaySystem lets the portal itself remark on a task, in the forum in the name of the user.
func (p *Portal) SaySystem(id, user int64, text string) int64 {
	var made int64
	p.edit(id, func(t *task) {
		p.remark(t, user, text)
		made = t.Comments[len(t.Comments)-1].ID
	})
	return made
}

// EditComment changes the text of a comment.
func (p *Portal) EditComment(id, comment int64, text string) {
	p.edit(id, func(t *task) {
		if c := p.world.comment(t, comment); c != nil {
			c.Text = text
		}
	})
}

// DeleteComment takes a comment back: a message stays as a placeholder, a comment of the forum is gone.
func (p *Portal) DeleteComment(id, comment int64) {
	p.edit(id, func(t *task) {
		if c := p.world.comment(t, comment); c != nil && c.Chat {
			c.Deleted, c.Files = true, nil
			return
		}
		t.Comments = slices.DeleteFunc(t.Comments, func(c Comment) bool { return c.ID == comment })
	})
}

// MarkResult marks a comment as a result of the task.
func (p *Portal) MarkResult(id, comment int64) {
	p.edit(id, func(t *task) {
		c := p.world.comment(t, comment)
		if c == nil {
			return
		}
		c.Result = true
		r := result{id: p.world.next("result"), user: c.Author, at: p.now(), text: c.Text}
		if !c.Chat {
			r.comment = c.ID
		}
		for _, f := range c.Files {
			r.files = append(r.files, f.Attach)
		}
		t.results = append(t.results, r)
	})
}

// CloseTask lets a user complete a task; where its creator wants control it then awaits that.
func (p *Portal) CloseTask(id, by int64) { p.edit(id, func(t *task) { p.complete(t, by) }) }

// RenewTask lets a user take a closed task up again.
func (p *Portal) RenewTask(id, by int64) {
	p.edit(id, func(t *task) { p.setStatus(t, by, 2, "renewed") })
}

// DeleteTask removes a task for good.
func (p *Portal) DeleteTask(id int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.world.tasks, id)
}

// RemoveUser takes the webhook's user off a task: user 1 becomes its creator.
func (p *Portal) RemoveUser(id int64) {
	p.edit(id, func(t *task) {
		me := p.o.UserID
		if t.Creator == me {
			t.Creator = 1
		}
		if t.Responsible == me {
			t.Responsible = 1
		}
		mine := func(u int64) bool { return u == me }
		t.Auditors, t.Accomplices = slices.DeleteFunc(t.Auditors, mine), slices.DeleteFunc(t.Accomplices, mine)
		t.Changed = p.now()
	})
}

// Upgrade turns a portal with the old card into one with the new card: its tasks have no chat until somebody opens them.
func (p *Portal) Upgrade() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.o.NewCard = true
}
