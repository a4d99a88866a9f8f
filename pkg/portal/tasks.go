package portal

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

const (
	pageSize = 50   // of v2 lists, fixed
	maxPages = 1000 // of one question
)

// task is a row of tasks.task.*.
//
// QUIRK: asked for in UPPER_CASE, answered in camelCase (tasks/fields).
type task struct {
	ID           ID   `json:"id"`
	Title        Text `json:"title"`
	Status       ID   `json:"status"`
	XMLID        Text `json:"xmlId"`
	ChatID       ID   `json:"chatId"`
	ActivityDate Time `json:"activityDate"`
	ChangedDate  Time `json:"changedDate"`
	CreatedDate  Time `json:"createdDate"`
	ClosedDate   Time `json:"closedDate"`
}

// activity is when the task last stirred.
//
// QUIRK: ACTIVITY_DATE may be null, the portal then sorts by CREATED_DATE (tasks/tasks-task-list).
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

// state says how the task stands.
//
// QUIRK: 4 is "done, the creator shall look at it": the creator is the webhook's user, who never looks, so for the customer
// it is done (tasks/fields). Its closedDate may be empty.
func (t *task) state() desk.TaskState {
	s := desk.TaskState{
		Task: int64(t.ID), Status: desk.Open, Title: string(t.Title), Chat: int64(t.ChatID),
		Activity: t.activity(), Changed: t.changed(),
	}
	if t.Status == 4 || t.Status == 5 {
		s.Status, s.ClosedAt = desk.Done, t.ClosedDate.Time
		if s.ClosedAt.IsZero() {
			s.ClosedAt = s.Changed
		}
	}
	return s
}

var stateFields = []string{
	"ID", "TITLE", "STATUS", "ACTIVITY_DATE", "CHANGED_DATE", "CREATED_DATE", "CLOSED_DATE", "XML_ID", "CHAT_ID",
}

func readTasks(a Answer) ([]task, error) {
	if a.Err != nil {
		return nil, a.Err
	}
	var r struct {
		Tasks json.RawMessage `json:"tasks"`
	}
	if err := into(a.Result, &r); err != nil {
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

// States returns how the tasks stand, in one request for up to 2,500. A task that is gone, or that the webhook's user
// may no longer see, is absent.
func (c *Client) States(ctx context.Context, tasks []int64) (map[int64]desk.TaskState, error) {
	states := make(map[int64]desk.TaskState, len(tasks))
	var cmds []Command
	for len(tasks) > 0 {
		n := min(len(tasks), pageSize)
		cmds = append(cmds, Command{"tasks.task.list", Params{
			{"filter", Params{{"ID", tasks[:n]}}}, {"select", stateFields}, {"order", Params{{"ID", "asc"}}}, {"start", -1},
		}})
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

// Changes returns the tasks made by the webhook's user that somebody commented or changed since then, and the portal's
// clock: one request, more only where more than a page of them changed. A zero since asks for the clock alone.
func (c *Client) Changes(ctx context.Context, since time.Time) (desk.Changes, error) {
	if since.IsZero() {
		var at Time
		if err := c.Call(ctx, "server.time", nil, &at); err != nil {
			return desk.Changes{}, fmt.Errorf("read clock: %w", err)
		}
		if at.IsZero() {
			at.Time = c.portalClock()
		}
		return desk.Changes{Now: at.Time}, nil
	}
	since = since.Truncate(time.Second) // QUIRK: the portal's dates have whole seconds
	found := map[int64]task{}
	lists := []*walk{{field: "ACTIVITY_DATE", at: (*task).activity}, {field: "CHANGED_DATE", at: (*task).changed}}
	var changes desk.Changes
	for page := 0; len(lists) > 0 && page < maxPages; page++ {
		cmds := make([]Command, len(lists))
		for i, w := range lists {
			cmds[i] = c.changesList(w.field, since, page)
		}
		answers, err := c.Batch(ctx, cmds)
		if err != nil {
			return desk.Changes{}, fmt.Errorf("read changes: %w", err)
		}
		if page == 0 {
			changes.Now = c.portalClock()
		}
		if lists, err = step(lists, answers, since, found); err != nil {
			return desk.Changes{}, fmt.Errorf("read changes: %w", err)
		}
	}
	for _, t := range found {
		changes.Tasks = append(changes.Tasks, t.state())
	}
	sort.Slice(changes.Tasks, func(i, j int) bool { return changes.Tasks[i].Task < changes.Tasks[j].Task })
	return changes, nil
}

// walk reads a list of tasks from the newest on.
type walk struct {
	field string
	at    func(*task) time.Time
}

// changesList returns the call for one page.
//
// QUIRK: a filter key the portal does not know is ignored without a word, and that of ACTIVITY_DATE is documented for the
// order only (tasks/tasks-task-list): so the rows come newest first and reading stops at the first that is older.
// QUIRK: on the new card a change of status writes a system message, which leaves ACTIVITY_DATE alone
// (tasks/tasks-new): so the same is asked by CHANGED_DATE.
func (c *Client) changesList(field string, since time.Time, page int) Command {
	start := -1 // the portal need not count
	if page > 0 {
		start = page * pageSize
	}
	return Command{"tasks.task.list", Params{
		{"filter", Params{{"CREATED_BY", c.self}, {">=" + field, since.Format(time.RFC3339)}}},
		{"order", Params{{field, "desc"}}},
		{"select", stateFields},
		{"start", start},
	}}
}

// step takes a page of each list and returns the lists that go on.
func step(lists []*walk, answers []Answer, since time.Time, found map[int64]task) ([]*walk, error) {
	var more []*walk
	for i, w := range lists {
		rows, err := readTasks(answers[i])
		if err != nil {
			return nil, err
		}
		older := false
		for _, t := range rows {
			if older = w.at(&t).Before(since); older {
				break
			}
			found[int64(t.ID)] = t
		}
		if !older && len(rows) >= pageSize {
			more = append(more, w)
		}
	}
	return more, nil
}
