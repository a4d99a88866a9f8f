package portal

import (
	"cmp"
	"slices"
	"sync"
)

// acts are what the people of the portal do besides the webhook, and what a test looks at: methods of the Portal.
type acts struct {
	mu    *sync.Mutex // of the portal
	world *world
}

// Tasks returns all tasks as they stand, by number.
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

// Task returns one task as it stands, and whether it exists.
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

// Files returns the files of the Drive, by number.
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

// Private returns the personal messages a user got.
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

// Say lets a user of the portal comment a task and returns the id of the comment, 0 where there is no such task.
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

// Forward lets a user take a message of another chat over into the chat of a task, and returns its id there.
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

// AddResult lets a user write a result in the field for results; in a chat a message of the system tells of it.
func (a *acts) AddResult(id, user int64, text string) {
	a.edit(id, func(t *task) {
		t.results = append(t.results, result{id: a.world.next("result"), user: user, at: a.world.now(), text: text})
		t.remark(user, phrase("result"))
	})
}

// PutFile lets a user put a file on the task itself; in a chat a message of the system tells of it.
func (a *acts) PutFile(id, user int64, f File) {
	a.edit(id, func(t *task) {
		t.Files, t.Changed = append(t.Files, a.world.drive.bring(f, user)), a.world.now()
		t.remark(user, phrase("file"))
	})
}

// ActAs lets the webhook act as another user from now on, under its old address.
func (a *acts) ActAs(user int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.world.me = user
	if _, ok := a.world.users[user]; !ok {
		a.world.users[user] = User{ID: user, Name: "REST", LastName: "System", AuthID: "rest_system"}
	}
}

// Subscribe reports whether the portal has the subscription that REST needs.
func (a *acts) Subscribe(paid bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.world.o.NoSubscription = !paid
}

// SaySystem lets the portal itself remark on a task, in the forum in the name of the user.
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

// EditTask lets somebody write another description.
func (a *acts) EditTask(id int64, description string) {
	a.edit(id, func(t *task) { t.Description, t.Changed = description, a.world.now() })
}

// DeleteComment takes a comment back: a message stays as a placeholder, a comment of the forum is gone.
func (a *acts) DeleteComment(id, comment int64) {
	a.edit(id, func(t *task) {
		if c := a.world.comment(t, comment); c != nil && c.Chat {
			c.Deleted, c.Files = true, nil
			return
		}
		t.Comments = slices.DeleteFunc(t.Comments, func(c Comment) bool { return c.ID == comment })
	})
}

// LoseComment takes a comment away as if it had never been there: the portal answered that it was made, and it was not.
func (a *acts) LoseComment(id, comment int64) {
	a.edit(id, func(t *task) {
		t.Comments = slices.DeleteFunc(t.Comments, func(c Comment) bool { return c.ID == comment })
	})
}

// ReplaceTask has the number be another task's, as on a portal restored from a backup.
func (a *acts) ReplaceTask(id int64, title string) {
	a.edit(id, func(t *task) { t.Title, t.Description, t.XMLID, t.Comments, t.Files = title, "", "", nil, nil })
}

// LoseFiles takes the files of a task away as if it had never had them.
func (a *acts) LoseFiles(id int64) { a.edit(id, func(t *task) { t.Files = nil }) }

// DropFiles takes files away from a task and from its comments, as somebody who deletes them does.
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

// CloseTask lets a user complete a task; where its creator wants control it then awaits that.
func (a *acts) CloseTask(id, by int64) { a.edit(id, func(t *task) { t.complete(by) }) }

// RenewTask lets a user take a closed task up again.
func (a *acts) RenewTask(id, by int64) {
	a.edit(id, func(t *task) { t.setStatus(by, 2, "renewed") })
}

// DeleteTask removes a task for good.
func (a *acts) DeleteTask(id int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.world.tasks, id)
}

// RemoveUser takes the webhook's user off a task: user 1 becomes its creator.
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

// Upgrade turns a portal with the old card into one with the new card: its tasks have no chat until somebody opens
// them.
func (a *acts) Upgrade() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.world.o.NewCard = true
}
