package portal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// maxTitle is where the portal cuts a title.
//
// QUIRK: it does so silently (tasks/tasks-task-add; the column holds 255).
const maxTitle = 250

// Make opens tasks and writes comments, in one batch where they fit, and tells of each what became of it, in the same
// order. What is not the portal's to make is never made. An effect that goes by itself anyhow, because there is no
// other or because batch would corrupt it, goes under its key where the portal knows such keys.
func (c *Maker) Make(ctx context.Context, effects []desk.Effect) []desk.Made {
	effects = slices.Clone(effects)
	c.chats(ctx, effects)
	b := &making{c: c, made: make([]desk.Made, len(effects)), effects: effects}
	var alone []int
	for i, e := range effects {
		switch {
		case e.Post == nil || e.Kind != desk.OpenTask && e.Kind != desk.CommentTask:
			b.made[i].Err = fault.New(fault.Never, fmt.Errorf("make %s: not an effect on the portal", e.Kind))
		case e.Kind == desk.CommentTask && e.Task == 0:
			b.made[i].Err = fault.New(fault.Never, errors.New("comment task: it has no number"))
		default:
			if e.Kind == desk.CommentTask && e.Post.Reopen {
				b.reopen(e.Task)
			}
			if len(effects) == 1 && !e.Post.Reopen || c.command(e).Params.Refers() {
				alone = append(alone, i)
			} else {
				b.add(c.command(e), i)
			}
		}
	}
	err := b.singles(ctx, alone, b.run(ctx))
	b.rejoin(ctx, err)
	b.alone(ctx, err)
	b.complete(ctx)
	return b.made
}

// command returns the call that makes the effect by REST v2.
func (c *Maker) command(e desk.Effect) bitrix.Command {
	if e.Kind == desk.OpenTask {
		return c.taskAdd(e)
	}
	return comment(e)
}

// taskAdd returns the call that opens the effect's task.
//
// QUIRK: XML_ID is missing from the method's page, but a field of the task (tasks/fields), and taken and given back as
// it is; nothing makes it unique.
func (c *Maker) taskAdd(e desk.Effect) bitrix.Command {
	p := e.Post
	fields := bitrix.With("TITLE", cutTitle(p.Title)).
		With("DESCRIPTION", p.Text).
		With("XML_ID", desk.TaskMark(e.Key))
	if f := p.Fields; f != nil {
		fields = fields.With("RESPONSIBLE_ID", f.Responsible)
		if f.Group != 0 {
			fields = fields.With("GROUP_ID", f.Group)
		}
		fields = appendList(fields, "AUDITORS", f.Auditors)
		fields = appendList(fields, "ACCOMPLICES", f.Accomplices)
		fields = appendList(fields, "TAGS", f.Tags)
		if level, ok := priorities[f.Priority]; ok {
			fields = fields.With("PRIORITY", level)
		}
		if due := f.Due; !due.IsZero() || f.Deadline > 0 {
			if due.IsZero() {
				due = c.Now().Add(f.Deadline)
			}
			// QUIRK: a time without an offset is read in somebody's zone (tasks/tasks-task-add).
			fields = fields.With("DEADLINE", due.Format(time.RFC3339))
		}
		fields = appendList(fields, "UF_CRM_TASK", f.CRM)
		for _, name := range slices.Sorted(maps.Keys(f.Custom)) {
			fields = fields.With(name, f.Custom[name])
		}
	}
	fields = appendList(fields, "UF_TASK_WEBDAV_FILES", objects(p.Files))
	return bitrix.Do("tasks.task.add", bitrix.With("fields", fields))
}

func cutTitle(s string) string {
	title := []rune(bitrix.Clean(s))
	return string(title[:min(len(title), maxTitle)])
}

var priorities = map[string]int{"low": 0, "average": 1, "high": 2}

// appendList leaves an empty list out: a query can't tell it.
func appendList[T any](p bitrix.Params, name string, list []T) bitrix.Params {
	if len(list) == 0 {
		return p
	}
	return p.With(name, list)
}

// objects returns the Drive objects of the files as task fields want them.
//
// QUIRK: the prefix n means a Drive object, its ID and never its FILE_ID (files/how-to-upload-files).
func objects(files []desk.File) []string {
	var list []string
	for _, f := range files {
		if f.Object != 0 {
			list = append(list, "n"+strconv.FormatInt(f.Object, 10))
		}
	}
	return list
}

// readTaskAdd reads the new task, as it is stored: its mark shows that it is. Whose it is tells who we are, too: not
// every batch has room for the question.
func (c *Maker) readTaskAdd(e desk.Effect, a bitrix.Answer) desk.Made {
	if a.Err != nil {
		return desk.Made{Err: fmt.Errorf("open task: %w", a.Err)}
	}
	var r struct {
		Task struct {
			ID        bitrix.ID   `json:"id"`
			ChatID    bitrix.ID   `json:"chatId"`
			CreatedBy bitrix.ID   `json:"createdBy"`
			XMLID     bitrix.Text `json:"xmlId"`
		} `json:"task"`
	}
	if err := bitrix.Into(a.Result, &r); err != nil || r.Task.ID == 0 {
		return desk.Made{Err: fault.New(fault.Unsure, errors.New("open task: the answer holds no task"))}
	}
	c.meet(int64(r.Task.CreatedBy))
	return desk.Made{
		Task: int64(r.Task.ID),
		Chat: int64(r.Task.ChatID),
		Seen: string(r.Task.XMLID) == desk.TaskMark(e.Key),
	}
}
