package portal

import (
	"cmp"
	"slices"
	"sync"
)

// acts are methods of the Portal by which a test acts as the portal's users and inspects the result.
type acts struct {
	mu    *sync.Mutex // the portal's lock
	world *world
}

// Tasks returns copies of all tasks, by id.
func (a *acts) Tasks() []Task {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.world.settle()
	var ts []Task
	for _, t := range a.world.sorted() {
		ts = append(ts, t.snapshot())
	}
	return ts
}

// Task returns a copy of one task, and whether it exists.
func (a *acts) Task(id int64) (Task, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.world.settle()
	t := a.world.tasks[id]
	if t == nil {
		return Task{}, false
	}
	return t.snapshot(), true
}

// Files returns the files of the Drive, by id.
func (a *acts) Files() []File {
	a.mu.Lock()
	defer a.mu.Unlock()
	var fs []File
	for _, o := range a.world.drive.objects {
		if !o.folder {
			fs = append(fs, o.file())
		}
	}
	slices.SortFunc(fs, func(a, b File) int { return cmp.Compare(a.Object, b.Object) })
	return fs
}

// Private returns the personal messages to a user.
func (a *acts) Private(user int64) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.world.private[user]...)
}

// edit runs f on a task under the lock and reports whether the task exists.
func (a *acts) edit(id int64, f func(t *task)) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.world.tasks[id]
	if t != nil {
		f(t)
	}
	return t != nil
}

// Say adds a user's comment to a task and returns its id, or 0 if there is no such task.
func (a *acts) Say(id, author int64, text string, files ...File) int64 {
	var made int64
	a.edit(id, func(t *task) {
		t.openChat()
		var kept []File
		for _, f := range files {
			kept = append(kept, a.world.drive.bring(f, author))
		}
		if c := t.post(author, text, kept); c != nil {
			made = c.ID
		}
	})
	return made
}

// Forward forwards a message from another chat to the chat of a task, and returns its id there.
func (a *acts) Forward(id, user int64, text string) int64 {
	var made int64
	a.edit(id, func(t *task) {
		t.openChat()
		if c := t.post(user, text, nil); c != nil {
			c.Forward, made = true, c.ID
		}
	})
	return made
}

// AddResult adds a user's result to a task. In a chat the system posts a message about it.
func (a *acts) AddResult(id, user int64, text string) {
	a.edit(id, func(t *task) {
		t.results = append(t.results, result{id: a.world.next("result"), user: user, at: a.world.now(), text: text})
		t.remark(user, phrase("result"))
	})
}

// PutFile adds a user's file to the task itself. In a chat the system posts a message about it.
func (a *acts) PutFile(id, user int64, f File) {
	a.edit(id, func(t *task) {
		t.Files, t.Changed = append(t.Files, a.world.drive.bring(f, user)), a.world.now()
		t.remark(user, phrase("file"))
	})
}

// ActAs makes the webhook act as another user. Its address does not change.
func (a *acts) ActAs(user int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.world.me = user
	if _, ok := a.world.users[user]; !ok {
		a.world.users[user] = User{ID: user, Name: "REST", LastName: "System", AuthID: "rest_system"}
	}
}

// Subscribe sets whether the portal has the subscription that REST requires.
func (a *acts) Subscribe(paid bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.world.o.NoSubscription = !paid
}

// SaySystem adds a remark of the portal itself to a task. In the forum its author is the user.
func (a *acts) SaySystem(id, user int64, text string) int64 {
	var made int64
	a.edit(id, func(t *task) {
		t.remark(user, text)
		made = t.Comments[len(t.Comments)-1].ID
	})
	return made
}

// EditComment changes the text of a comment.
func (a *acts) EditComment(id, comment int64, text string) {
	a.edit(id, func(t *task) {
		if c := a.world.comment(t, comment); c != nil {
			c.Text = text
		}
	})
}

// EditTask changes the description of a task.
func (a *acts) EditTask(id int64, description string) {
	a.edit(id, func(t *task) { t.Description, t.Changed = description, a.world.now() })
}

// DeleteComment deletes a comment. In a chat a placeholder remains; in the forum nothing does.
func (a *acts) DeleteComment(id, comment int64) {
	a.edit(id, func(t *task) {
		if c := a.world.comment(t, comment); c != nil && c.Chat {
			c.Deleted, c.Files = true, nil
			return
		}
		t.Comments = slices.DeleteFunc(t.Comments, func(c Comment) bool { return c.ID == comment })
	})
}

// LoseComment removes a comment without a trace, as if the portal had confirmed it but not stored it.
func (a *acts) LoseComment(id, comment int64) {
	a.edit(id, func(t *task) {
		t.Comments = slices.DeleteFunc(t.Comments, func(c Comment) bool { return c.ID == comment })
	})
}

// ReplaceTask gives the id to another task, as on a portal restored from a backup.
func (a *acts) ReplaceTask(id int64, title string) {
	a.edit(id, func(t *task) { t.Title, t.Description, t.XMLID, t.Comments, t.Files = title, "", "", nil, nil })
}

// LoseFiles removes the files of a task without a trace.
func (a *acts) LoseFiles(id int64) { a.edit(id, func(t *task) { t.Files = nil }) }

// DropFiles removes files from a task and its comments, as a user does who deletes them.
func (a *acts) DropFiles(id int64, gone func(f File) bool) {
	a.edit(id, func(t *task) {
		t.Files = slices.DeleteFunc(slices.Clone(t.Files), gone)
		for i := range t.Comments {
			t.Comments[i].Files = slices.DeleteFunc(slices.Clone(t.Comments[i].Files), gone)
		}
	})
}

// MarkResult marks a comment as a result of the task.
func (a *acts) MarkResult(id, comment int64) {
	a.edit(id, func(t *task) {
		c := a.world.comment(t, comment)
		if c == nil {
			return
		}
		c.Result = true
		r := result{id: a.world.next("result"), user: c.Author, at: a.world.now(), text: c.Text}
		if !c.Chat {
			r.comment = c.ID
		}
		for _, f := range c.Files {
			r.files = append(r.files, f.Attach)
		}
		t.results = append(t.results, r)
	})
}

// CloseTask completes a task as a user. If its creator wants control, it then awaits control.
func (a *acts) CloseTask(id, by int64) { a.edit(id, func(t *task) { t.complete(by) }) }

// RenewTask reopens a closed task as a user.
func (a *acts) RenewTask(id, by int64) {
	a.edit(id, func(t *task) { t.setStatus(by, 2, "renewed") })
}

// DeleteTask deletes a task permanently.
func (a *acts) DeleteTask(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.world.tasks, id)
}

// RemoveUser removes the webhook's user from a task. If they created it, user 1 becomes its creator.
func (a *acts) RemoveUser(id int64) {
	a.edit(id, func(t *task) {
		me := a.world.me
		if t.Creator == me {
			t.Creator = 1
		}
		if t.Responsible == me {
			t.Responsible = 1
		}
		mine := func(u int64) bool { return u == me }
		t.Auditors, t.Accomplices = slices.DeleteFunc(t.Auditors, mine), slices.DeleteFunc(t.Accomplices, mine)
		t.Changed = a.world.now()
	})
}

// Upgrade replaces the old card by the new one. A task has no chat until somebody opens the task.
func (a *acts) Upgrade() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.world.o.NewCard = true
}
