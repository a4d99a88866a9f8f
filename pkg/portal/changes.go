package portal

import (
	"context"
	"fmt"
	"sort"
	"time"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
)

// Changes returns the tasks made or observed by the webhook's user that somebody commented or changed since then, and the portal's
// clock: one request, more only where more than a page of them changed. A zero since asks for the clock alone.
func (c *Client) Changes(ctx context.Context, since time.Time) (desk.Changes, error) {
	if since.IsZero() {
		var at bitrix.Time
		if err := c.Call(ctx, "server.time", nil, &at); err != nil {
			return desk.Changes{}, fmt.Errorf("read clock: %w", err)
		}
		if at.IsZero() {
			at.Time = c.Clock()
		}
		return desk.Changes{Now: at.Time}, nil
	}
	since = since.Truncate(time.Second) // QUIRK: the portal's dates have whole seconds
	found := map[int64]task{}
	var lists []*walk
	for _, part := range []string{"CREATED_BY", "AUDITOR"} {
		lists = append(lists, &walk{part, "ACTIVITY_DATE", (*task).activity}, &walk{part, "CHANGED_DATE", (*task).changed})
	}
	var changes desk.Changes
	for page := 0; len(lists) > 0 && page < maxPages; page++ {
		cmds := make([]bitrix.Command, len(lists))
		for i, w := range lists {
			cmds[i] = c.changesList(w, since, page)
		}
		answers, err := c.Batch(ctx, cmds)
		if err != nil {
			return desk.Changes{}, fmt.Errorf("read changes: %w", err)
		}
		if page == 0 {
			changes.Now = c.Clock()
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
	part  string // what the webhook's user is to the task
	field string
	at    func(*task) time.Time
}

// changesList returns the call for one page.
//
// QUIRK: a filter key the portal does not know is ignored without a word, and that of ACTIVITY_DATE is documented for the
// order only (tasks/tasks-task-list): so the rows come newest first and reading stops at the first that is older.
// QUIRK: on the new card a change of status writes a system message, which leaves ACTIVITY_DATE alone
// (tasks/tasks-new): so the same is asked by CHANGED_DATE.
// QUIRK: whoever gives a task another creator leaves ours an observer at best (tasks/tasks-task-update): so those we
// merely observe are asked for too, in the same request.
func (c *Client) changesList(w *walk, since time.Time, page int) bitrix.Command {
	start := -1 // the portal need not count
	if page > 0 {
		start = page * pageSize
	}
	return bitrix.Do("tasks.task.list", bitrix.With("filter", bitrix.With(w.part, c.Self()).With(">="+w.field, since.Format(time.RFC3339))).
		With("order", bitrix.With(w.field, "desc")).
		With("select", stateFields).
		With("start", start))
}

// step takes a page of each list and returns the lists that go on.
func step(lists []*walk, answers []bitrix.Answer, since time.Time, found map[int64]task) ([]*walk, error) {
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
