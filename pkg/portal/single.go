package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// single makes a task by REST v3 with the effect's key, by which the portal recognises a repeat within a day and does
// not make a second task. It returns false if this is impossible: then nothing was made, and the caller uses REST v2.
func (c *Maker) single(ctx context.Context, e desk.Effect) (desk.Made, bool) {
	if !c.keyed(e) || c.unmet() { // REST v3 requires the creator
		return desk.Made{}, false
	}
	result, echoed, err := c.CallKeyed(ctx, "tasks.task.add", c.taskAddV3(e), desk.TaskMark(e.Key))
	if err != nil {
		c.doubt(e, err)
		if c.elsewhere(e, err) {
			return desk.Made{}, false
		}
		return desk.Made{Err: fmt.Errorf("%s by REST v3: %w", e.Kind, err)}, true
	}
	c.Remember(savedV3, true)
	c.Remember(savedKeys, echoed)
	made := readItem(e, result)
	c.confirm(ctx, e, made.Task)
	return made, true
}

// keyed reports whether the effect can be sent by REST v3, as far as is known beforehand. A task that is made anew
// cannot: the portal would repeat its first answer.
//
// QUIRK: REST v3 loses the files of a new task. It stores fileIds unchanged in UF_TASK_WEBDAV_FILES, where a number
// without the prefix means an attachment (tasks, V2 OrmTaskMapper; tasks.task.file.attach adds the prefix). A second
// call for the files could be lost, too.
func (c *Maker) keyed(e desk.Effect) bool {
	v3, keys := true, true
	c.Recall(savedV3, &v3)
	c.Recall(savedKeys, &keys)
	if f := e.Post.Fields; f != nil && f.Deadline > 0 && f.Due.IsZero() {
		return false // each attempt would have another deadline
	}
	return v3 && keys && e.Key != "" && !e.Detour && len(objects(e.Post.Files)) == 0 && !custom(e.Post.Fields) &&
		!c.loses(e)
}

// custom reports whether the task has custom fields.
//
// QUIRK: REST v3 does not support them (tasks/tasks-task-add-rest-v3 lists no UF_ fields).
func custom(f *desk.Fields) bool { return f != nil && len(f.Custom) > 0 }

// elsewhere reports whether REST v3 refused to run the call at all, and remembers what the refusal says about the
// portal.
//
// QUIRK: on the old card REST v3 refuses to write, with ACCESSDENIEDEXCEPTION (tasks/tasks-new); a task older than the
// new card has no chat to write to. In both cases REST v2 works.
func (c *Maker) elsewhere(e desk.Effect, err error) bool {
	var refusal *bitrix.Error
	if !errors.As(err, &refusal) || refusal.Code == "" || refusal.Status < 400 || refusal.Status >= 500 ||
		refusal.Status == http.StatusTooManyRequests ||
		refusal.Status == http.StatusUnauthorized ||
		refusal.Coded("RATELIMITEXCEPTION", "IDEMPOTENCYKEYREUSEDEXCEPTION") {
		return false
	}
	switch {
	case refusal.Coded("ERROR_METHOD_NOT_FOUND", "METHODNOTFOUNDEXCEPTION", "INSUFFICIENTSCOPEEXCEPTION",
		"insufficient_scope"):
		c.Remember(savedV3, false)
	case refusal.Coded("ACCESSDENIEDEXCEPTION") && e.Kind == desk.OpenTask:
		c.Remember(savedKeys, false)
	}
	c.log.Debug("portal: REST v3 not used", "method", refusal.Method, "err", err)
	return true
}

// taskAddV3 returns the parameters of taskAdd in the form of REST v3. They must be identical in every attempt.
//
// QUIRK: the creator is required (tasks/tasks-task-add-rest-v3).
func (c *Maker) taskAddV3(e desk.Effect) bitrix.Params {
	p := e.Post
	fields := bitrix.With("title", cutTitle(p.Title)).With("description", p.Text).With("creatorId",
		c.Self()).With("xmlId", desk.TaskMark(e.Key))
	if f := p.Fields; f != nil {
		fields = fields.With("responsibleId", f.Responsible)
		if f.Group != 0 {
			fields = fields.With("groupId", f.Group)
		}
		fields = append(fields, related(f)...)
		if _, ok := priorities[f.Priority]; ok {
			fields = fields.With("priority", f.Priority)
		}
		if !f.Due.IsZero() {
			fields = fields.With("deadline", f.Due.UTC().Format(time.RFC3339))
		}
		fields = appendList(fields, "crmItemIds", f.CRM)
	}
	return bitrix.With("fields", fields)
}

func readItem(e desk.Effect, raw json.RawMessage) desk.Made {
	var r struct {
		Item struct {
			ID     bitrix.ID   `json:"id"`
			ChatID bitrix.ID   `json:"chatId"`
			XMLID  bitrix.Text `json:"xmlId"`
		} `json:"item"`
	}
	if err := bitrix.Into(raw, &r); err != nil || r.Item.ID == 0 {
		return desk.Made{Err: fault.New(fault.Unsure, errors.New("open task by REST v3: the answer holds no task"))}
	}
	return desk.Made{
		Task: int64(r.Item.ID),
		Chat: int64(r.Item.ChatID),
		Seen: string(r.Item.XMLID) == desk.TaskMark(e.Key),
	}
}
