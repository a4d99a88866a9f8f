package portal

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
)

// Changes returns the tasks that were commented or changed since then, and the portal's clock. It looks at tasks
// created or observed by any user that the webhook acts or has acted as. It takes one request, or more if more than a
// page of tasks changed. With a zero since it returns only the clock.
func (c *Reader) Changes(ctx context.Context, since time.Time) (desk.Changes, error) {
	if since.IsZero() {
		return c.portalTime(ctx)
	}
	since = since.Truncate(time.Second) // QUIRK: the portal's dates have whole seconds
	asked := c.Users()
	changes, err := c.changesOf(ctx, asked, since)
	if now := c.Users(); err == nil && !slices.Equal(asked, now) { // the request has shown another acting user
		changes, err = c.changesOf(ctx, now, since)
	}
	return changes, err
}

// portalTime asks only for the clock.
func (c *Reader) portalTime(ctx context.Context) (desk.Changes, error) {
	var at bitrix.Time
	answers, err := c.Batch(ctx, []bitrix.Command{bitrix.Do("server.time", nil)})
	if err == nil {
		err = answers[0].Err
	}
	if err != nil {
		return desk.Changes{}, fmt.Errorf("read clock: %w", err)
	}
	if _ = json.Unmarshal(answers[0].Result, &at); at.IsZero() {
		at.Time = c.Clock()
	}
	return desk.Changes{Now: at.Time}, nil
}

// changesOf reads the changes of the tasks that one of the users created or observes.
func (c *Reader) changesOf(ctx context.Context, users []int64, since time.Time) (desk.Changes, error) {
	found := map[int64]task{}
	var lists []*walk
	for _, user := range users {
		for _, part := range []string{"CREATED_BY", "AUDITOR"} {
			lists = append(lists, &walk{user, part, "ACTIVITY_DATE", (*task).activity},
				&walk{user, part, "CHANGED_DATE", (*task).changed})
		}
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
		c.authors.expect(int64(t.Responsible))
		changes.Tasks = append(changes.Tasks, t.state())
	}
	sort.Slice(changes.Tasks, func(i, j int) bool { return changes.Tasks[i].Task < changes.Tasks[j].Task })
	return changes, nil
}

// walk reads a list of tasks, newest first.
type walk struct {
	user  int64
	part  string // the user's role in the task
	field string
	at    func(*task) time.Time
}

// changesList returns the call for one page.
//
// QUIRK: the portal silently ignores an unknown filter key, and ACTIVITY_DATE is documented only as a sort key
// (tasks/tasks-task-list): so the rows are sorted newest first and reading stops at the first older row.
// QUIRK: on the new card a change of status writes a system message, which does not change ACTIVITY_DATE
// (tasks/tasks-new): so a second list is sorted by CHANGED_DATE.
// QUIRK: when somebody changes a task's creator, our user becomes an observer at best (tasks/tasks-task-update): so the
// same request also asks for the tasks that we observe.
func (c *Reader) changesList(w *walk, since time.Time, page int) bitrix.Command {
	start := -1 // no total is needed
	if page > 0 {
		start = page * pageSize
	}
	return bitrix.Do("tasks.task.list",
		bitrix.With("filter", bitrix.With(w.part, w.user).With(">="+w.field, since.Format(time.RFC3339))).
			With("order", bitrix.With(w.field, "desc")).
			With("select", stateFields).
			With("start", start))
}

// step takes a page of each list and returns the lists that have more pages.
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
