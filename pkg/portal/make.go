package portal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// maxTitle is where the portal cuts a title.
//
// QUIRK: it does so silently (tasks/tasks-task-add; the column holds 255).
const maxTitle = 250

// Make opens tasks and writes comments, in one batch where they fit, and tells of each what became of it, in the same
// order. What is not the portal's to make is never made.
func (c *Client) Make(ctx context.Context, effects []desk.Effect) []desk.Made {
	made := make([]desk.Made, len(effects))
	var cmds []Command
	var of []int // the effect a command makes, -1 = it only prepares one
	for i, e := range effects {
		switch {
		case e.Post == nil || e.Kind != desk.OpenTask && e.Kind != desk.CommentTask:
			made[i].Err = fault.New(fault.Never, fmt.Errorf("make %s: not an effect on the portal", e.Kind))
		case e.Kind == desk.OpenTask:
			cmds, of = append(cmds, c.taskAdd(e)), append(of, i)
		case e.Task == 0:
			made[i].Err = fault.New(fault.Never, errors.New("comment task: it has no number"))
		default:
			if e.Post.Reopen {
				cmds, of = append(cmds, Command{"tasks.task.renew", Params{{"taskId", e.Task}}}), append(of, -1)
			}
			cmds, of = append(cmds, commentAdd(e)), append(of, i)
		}
	}
	answers, _ := c.Batch(ctx, cmds) // every answer tells its own error
	for n, i := range of {
		switch {
		case i < 0:
			c.renewed(cmds[n], answers[n].Err)
		case effects[i].Kind == desk.OpenTask:
			made[i] = readTaskAdd(answers[n])
		default:
			made[i] = readCommentAdd(effects[i], answers[n])
		}
	}
	return made
}

// renewed notes a task that could not be reopened; its comment is made all the same.
//
// QUIRK: renewing an open task is refused with 1048582, and so is a missing one (tasks/status/tasks-task-renew).
func (c *Client) renewed(cmd Command, err error) {
	var e *Error
	if err != nil && !(errors.As(err, &e) && e.is("1048582")) {
		c.log.Warn("portal: task not reopened", "task", cmd.Params[0].Value, "err", err)
	}
}

// XMLID returns the mark by which the task of the effect of that key is found again.
func XMLID(key string) string { return "hd-" + key }

// taskAdd returns the call that opens the effect's task.
//
// QUIRK: XML_ID is missing from the method's page, but a field of the task (tasks/fields), and taken and given back as
// it is; nothing makes it unique.
func (c *Client) taskAdd(e desk.Effect) Command {
	p := e.Post
	title := []rune(clean(p.Title))
	fields := Params{
		{"TITLE", string(title[:min(len(title), maxTitle)])},
		{"DESCRIPTION", p.Text},
		{"XML_ID", XMLID(e.Key)},
	}
	if f := p.Fields; f != nil {
		fields = append(fields, Param{"RESPONSIBLE_ID", f.Responsible})
		if f.Group != 0 {
			fields = append(fields, Param{"GROUP_ID", f.Group})
		}
		fields = appendList(fields, "AUDITORS", f.Auditors)
		fields = appendList(fields, "ACCOMPLICES", f.Accomplices)
		fields = appendList(fields, "TAGS", f.Tags)
		if level, ok := priorities[f.Priority]; ok {
			fields = append(fields, Param{"PRIORITY", level})
		}
		if f.Deadline > 0 {
			// QUIRK: a time without an offset is read in somebody's zone (tasks/tasks-task-add).
			fields = append(fields, Param{"DEADLINE", c.now().Add(f.Deadline).Format(time.RFC3339)})
		}
		fields = appendList(fields, "UF_CRM_TASK", f.CRM)
	}
	fields = appendList(fields, "UF_TASK_WEBDAV_FILES", objects(p.Files))
	return Command{"tasks.task.add", Params{{"fields", fields}}}
}

var priorities = map[string]int{"low": 0, "average": 1, "high": 2}

// appendList leaves an empty list out: a query can't tell it.
func appendList[T any](p Params, name string, list []T) Params {
	if len(list) == 0 {
		return p
	}
	return append(p, Param{name, list})
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

// commentAdd returns the call that comments the effect's task.
//
// QUIRK: the call is marked deprecated, and is the one that works on both cards with text and files: on the new one it
// writes into the task's chat (tasks/tasks-new). Its values are taken by position.
func commentAdd(e desk.Effect) Command {
	fields := appendList(Params{{"POST_MESSAGE", marked(e.Post)}}, "UF_FORUM_MESSAGE_DOC", objects(e.Post.Files))
	return Command{"task.commentitem.add", Params{{"0", e.Task}, {"1", fields}}}
}

// marked returns the text with its marker in the first line, without which it could not be looked for.
func marked(p *desk.Post) string {
	if p.Marker == "" || strings.Contains(firstLine(p.Text), p.Marker) {
		return p.Text
	}
	return p.Marker + "\n" + p.Text
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimLeft(text, " \r\n\t"), "\n")
	return line
}

func readTaskAdd(a Answer) desk.Made {
	if a.Err != nil {
		return desk.Made{Err: fmt.Errorf("open task: %w", a.Err)}
	}
	var r struct {
		Task task `json:"task"`
	}
	if err := into(a.Result, &r); err != nil || r.Task.ID == 0 {
		return desk.Made{Err: fault.New(fault.Unsure, errors.New("open task: the answer holds no task"))}
	}
	return desk.Made{Task: int64(r.Task.ID), Chat: int64(r.Task.ChatID)}
}

// QUIRK: the result is a bare number; whether the new card gives the message's is not documented
// (tasks/comment-item/task-comment-item-add).
func readCommentAdd(e desk.Effect, a Answer) desk.Made {
	if a.Err != nil {
		return desk.Made{Err: fmt.Errorf("comment task %d: %w", e.Task, a.Err)}
	}
	if s := string(a.Result); s == "" || s == "null" || s == "false" {
		err := fmt.Errorf("comment task %d: the answer is %q", e.Task, s)
		return desk.Made{Err: fault.New(fault.Unsure, err)}
	}
	var id ID
	_ = json.Unmarshal(a.Result, &id)
	return desk.Made{Task: e.Task, Comment: int64(id)}
}
