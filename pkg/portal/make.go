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

// maxTitle is the length, in characters, to which titles are cut.
//
// QUIRK: the portal itself cuts titles silently (tasks/tasks-task-add; the column holds 255).
const maxTitle = 250

// Make opens tasks and writes comments, in one batch if they fit, and returns the result of each, in the same order.
// Effects of other kinds get an error. A task that must be sent by itself, because it is the only effect or because
// batch would corrupt it, is sent with its idempotency key if the portal supports such keys.
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
// QUIRK: the method's page does not mention XML_ID, but it is a field of the task (tasks/fields), which the portal
// stores and returns unchanged. It need not be unique.
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
			// QUIRK: the portal reads a time without an offset in an unspecified zone (tasks/tasks-task-add).
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

// appendList omits an empty list, which a query cannot express.
func appendList[T any](p bitrix.Params, name string, list []T) bitrix.Params {
	if len(list) == 0 {
		return p
	}
	return p.With(name, list)
}

// objects returns the Drive objects of the files in the form for task fields.
//
// QUIRK: the prefix n marks a Drive object: its ID, never its FILE_ID (files/how-to-upload-files).
func objects(files []desk.File) []string {
	var list []string
	for _, f := range files {
		if f.Object != 0 {
			list = append(list, "n"+strconv.FormatInt(f.Object, 10))
		}
	}
	return list
}

// readTaskAdd reads the new task as it is stored; its mark confirms that it is stored. The task's creator also shows
// who we act as, because not every batch has room for that question.
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
