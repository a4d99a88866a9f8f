package portal

import (
	"context"
	"fmt"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

const (
	pageSize = 50   // rows of a v2 list; fixed by the portal
	maxPages = 1000 // pages read for one question
)

// task is a row of tasks.task.*.
//
// QUIRK: fields are asked for in UPPER_CASE and returned in camelCase (tasks/fields).
type task struct {
	ID           bitrix.ID   `json:"id"`
	Title        bitrix.Text `json:"title"`
	Status       bitrix.ID   `json:"status"`
	XMLID        bitrix.Text `json:"xmlId"`
	ChatID       bitrix.ID   `json:"chatId"`
	Responsible  bitrix.ID   `json:"responsibleId"`
	ActivityDate bitrix.Time `json:"activityDate"`
	ChangedDate  bitrix.Time `json:"changedDate"`
	CreatedDate  bitrix.Time `json:"createdDate"`
	ClosedDate   bitrix.Time `json:"closedDate"`
}

// activity is the moment of the last change or comment in the task.
//
// QUIRK: ACTIVITY_DATE may be null; the portal then sorts by CREATED_DATE (tasks/tasks-task-list).
func (t *task) activity() time.Time {
	if t.ActivityDate.IsZero() {
		return t.CreatedDate.Time
	}
	return t.ActivityDate.Time
}

func (t *task) changed() time.Time {
	if t.ChangedDate.IsZero() {
		return t.CreatedDate.Time
	}
	return t.ChangedDate.Time
}

// state returns the state of the task.
//
// QUIRK: 4 means "done, awaiting the creator's control". The creator is the webhook's user, who never checks, so for
// the customer the task is done (tasks/fields). Its closedDate may be empty.
func (t *task) state() desk.TaskState {
	s := desk.TaskState{
		Task: int64(t.ID), Status: desk.Open, Title: string(t.Title), Mark: string(t.XMLID), Chat: int64(t.ChatID),
		Activity: t.activity(), Changed: t.changed(),
	}
	if t.closed() {
		s.Status, s.ClosedAt = desk.Done, t.ClosedDate.Time
		if s.ClosedAt.IsZero() {
			s.ClosedAt = s.Changed
		}
	}
	return s
}

// closed reports whether the task counts as done.
func (t *task) closed() bool { return t.Status == 4 || t.Status == 5 }

var stateFields = []string{
	"ID", "TITLE", "STATUS", "ACTIVITY_DATE", "CHANGED_DATE", "CREATED_DATE", "CLOSED_DATE", "XML_ID", "CHAT_ID",
	"RESPONSIBLE_ID",
}

func readTasks(a bitrix.Answer) ([]task, error) {
	if a.Err != nil {
		return nil, a.Err
	}
	var r struct {
		Tasks json.RawMessage `json:"tasks"`
	}
	if err := bitrix.Into(a.Result, &r); err != nil {
		return nil, fault.Away(fault.Unsure, fmt.Errorf("read tasks: %w", err))
	}
	var list []task
	if len(r.Tasks) == 0 || r.Tasks[0] != '[' {
		return nil, fault.Away(fault.Unsure, fmt.Errorf("read tasks: the answer holds no list"))
	}
	if err := json.Unmarshal(r.Tasks, &list); err != nil {
		return nil, fault.Away(fault.Unsure, fmt.Errorf("read tasks: %w", err))
	}
	return list, nil
}

// States returns the states of the tasks, with one request for up to 2,500. A task that is gone, or that the webhook's
// user may not see, is absent.
func (c *access) States(ctx context.Context, tasks []int64) (map[int64]desk.TaskState, error) {
	states := make(map[int64]desk.TaskState, len(tasks))
	var cmds []bitrix.Command
	for len(tasks) > 0 {
		n := min(len(tasks), pageSize)
		cmds = append(cmds, bitrix.Do("tasks.task.list",
			bitrix.With("filter", bitrix.With("ID", tasks[:n])).With("select", stateFields).With("order",
				bitrix.With("ID", "asc")).With("start", -1)))
		tasks = tasks[n:]
	}
	answers, err := c.Batch(ctx, cmds)
	if err != nil {
		return nil, fmt.Errorf("read states: %w", err)
	}
	for _, a := range answers {
		rows, err := readTasks(a)
		if err != nil {
			return nil, fmt.Errorf("read states: %w", err)
		}
		for _, t := range rows {
			states[int64(t.ID)] = t.state()
		}
	}
	return states, nil
}
