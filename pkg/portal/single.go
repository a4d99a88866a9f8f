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

// single makes a task that travels by itself through REST v3 under the effect's key, so that the portal itself keeps a
// repeat within a day from being a second one. It says false where that can't be had: the effect was not made then, and
// goes the other way.
func (c *Maker) single(ctx context.Context, e desk.Effect) (desk.Made, bool) {
	if !c.keyed(e) || c.unmet() { // REST v3 wants to be told who makes the task
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

// keyed reports whether the effect can travel by REST v3, as far as is known before it is tried. What is made a second
// time can't: the answer to the first would be given again.
//
// QUIRK: a new task of REST v3 takes no files: what it gets as fileIds becomes UF_TASK_WEBDAV_FILES as it stands, where
// a number without its prefix is an attachment's, and the files are lost (tasks, V2 OrmTaskMapper;
// tasks.task.file.attach sets the prefix). Another call could be lost, too.
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

// custom reports whether the task has fields of the portal's own.
//
// QUIRK: REST v3 knows none (tasks/tasks-task-add-rest-v3 lists no UF_ fields).
func custom(f *desk.Fields) bool { return f != nil && len(f.Custom) > 0 }

// elsewhere reports whether REST v3 refused to run the call at all, and keeps what that tells of the portal.
//
// QUIRK: with the old card REST v3 refuses to write, with ACCESSDENIEDEXCEPTION (tasks/tasks-new); a task from before
// the new card has no chat to write to. Both leave the other way.
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

// taskAddV3 is taskAdd in the words of REST v3. Its body must come out the same at every attempt.
//
// QUIRK: the creator must be given (tasks/tasks-task-add-rest-v3).
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
