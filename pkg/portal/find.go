package portal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// overlap is added to the time span of a search, because clocks differ.
const overlap = 5 * time.Minute

// Find looks for effects whose outcome is unknown: tasks by their mark among those we created since then, comments by
// their marker in their task; a zero since is a week ago. A zero Made means not found; one with an error means that the
// search failed.
//
// Dates on the portal are by its own clock: if its clock turns out to be behind ours, Find searches again from an
// earlier time.
func (c *Maker) Find(ctx context.Context, effects []desk.Effect, since time.Time) ([]desk.Made, error) {
	if since.IsZero() {
		since = c.Now().AddDate(0, 0, -7)
	}
	behind := c.behind()
	made, err := c.find(ctx, effects, since.Add(-behind))
	if now := c.behind(); err == nil && now > behind+overlap/2 {
		made, err = c.find(ctx, effects, since.Add(-now))
	}
	return made, err
}

// behind returns how far the portal's clock is behind ours by its last answers, or 0 if it is not behind.
func (c *Maker) behind() time.Duration {
	at := c.Clock()
	if at.IsZero() {
		return 0
	}
	return max(0, c.Now().Sub(at))
}

func (c *Maker) find(ctx context.Context, effects []desk.Effect, since time.Time) ([]desk.Made, error) {
	made := make([]desk.Made, len(effects))
	since = since.Add(-overlap).Truncate(time.Second)
	marks := map[string][]int{}
	byTask := map[int64][]int{}
	for i, e := range effects {
		switch {
		case e.Kind == desk.OpenTask:
			marks[desk.TaskMark(e.Key)] = append(marks[desk.TaskMark(e.Key)], i)
		case e.Kind == desk.CommentTask && e.Post != nil && e.Post.Marker != "":
			byTask[e.Task] = append(byTask[e.Task], i)
		}
	}
	if err := c.findTasks(ctx, marks, since, made); err != nil {
		return nil, fmt.Errorf("look for tasks: %w", err)
	}
	if err := c.findComments(ctx, effects, byTask, since, made); err != nil {
		return nil, fmt.Errorf("look for comments: %w", err)
	}
	return made, nil
}

// findTasks reads the recent tasks of every user that we act or have acted as, oldest first.
//
// QUIRK: XML_ID is not a documented filter key, and an unknown key returns every task (tasks/tasks-task-list). So only
// documented keys are sent, and the mark is compared here. Of two tasks with the same mark the lower number counts.
func (c *Maker) findTasks(ctx context.Context, marks map[string][]int, since time.Time, made []desk.Made) error {
	if len(marks) == 0 {
		return nil
	}
	return c.eachTask(ctx, since, func(t task) { c.match(t, marks, made) })
}

// Doubles returns those of our tasks created since then that share a mark: their numbers by mark, lowest first. A zero
// since is a week ago.
func (c *Maker) Doubles(ctx context.Context, since time.Time) (map[string][]int64, error) {
	if since.IsZero() {
		since = c.Now().AddDate(0, 0, -7)
	}
	numbers := map[string][]int64{}
	err := c.eachTask(ctx, since.Add(-overlap-c.behind()).Truncate(time.Second), func(t task) {
		if mark := string(t.XMLID); desk.IsTaskMark(mark) && !slices.Contains(numbers[mark], int64(t.ID)) {
			numbers[mark] = append(numbers[mark], int64(t.ID))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("look for tasks made twice: %w", err)
	}
	maps.DeleteFunc(numbers, func(_ string, ids []int64) bool { slices.Sort(ids); return len(ids) < 2 })
	return numbers, nil
}

// eachTask calls take for every task created since then by one of the users that we act or have acted as.
func (c *Maker) eachTask(ctx context.Context, since time.Time, take func(task)) error {
	asked := c.Users()
	if err := c.eachTaskOf(ctx, asked, since, take); err != nil {
		return err
	}
	if now := c.Users(); !slices.Equal(asked, now) {
		return c.eachTaskOf(ctx, now, since, take)
	}
	return nil
}

func (c *Maker) eachTaskOf(ctx context.Context, users []int64, since time.Time, take func(task)) error {
	last := map[int64]int64{} // by user, the number read last
	for page := 0; len(users) > 0 && page < maxPages; page++ {
		cmds := make([]bitrix.Command, len(users))
		for i, user := range users {
			filter := bitrix.With("CREATED_BY", user).With(">=CREATED_DATE", since.Format(time.RFC3339))
			if last[user] > 0 {
				filter = filter.With(">ID", last[user])
			}
			cmds[i] = bitrix.Do("tasks.task.list", bitrix.With("filter", filter).
				With("select", []string{"ID", "XML_ID", "CHAT_ID"}).With("order",
				bitrix.With("ID", "asc")).With("start", -1))
		}
		answers, err := c.Batch(ctx, cmds)
		if err != nil {
			return err
		}
		var more []int64
		for i, user := range users {
			rows, err := readTasks(answers[i])
			if err != nil {
				return err
			}
			before := last[user]
			for _, t := range rows {
				if int64(t.ID) > before {
					take(t)
					last[user] = max(last[user], int64(t.ID))
				}
			}
			if len(rows) >= pageSize && last[user] > before {
				more = append(more, user)
			}
		}
		users = more
	}
	return nil
}

// match notes a task that carries one of the marks.
func (c *Maker) match(t task, marks map[string][]int, made []desk.Made) {
	for _, i := range marks[string(t.XMLID)] {
		switch first := made[i].Task; {
		case first == 0:
			made[i] = desk.Made{Task: int64(t.ID), Chat: int64(t.ChatID)}
		case first != int64(t.ID):
			c.log.Warn("portal: task made twice", "task", t.ID, "first", first)
		}
	}
}

// findComments reads the recent comments of the tasks, on either card.
func (c *Maker) findComments(ctx context.Context, effects []desk.Effect, byTask map[int64][]int, since time.Time,
	made []desk.Made) error {
	if len(byTask) == 0 {
		return nil
	}
	var reads []*reading
	p := c.Plan()
	for id, waiting := range byTask {
		r := &reading{task: id, chat: effects[waiting[0]].Chat, own: true, since: since}
		reads = append(reads, r)
		r.ask(p)
	}
	if err := p.Run(ctx); err != nil {
		return err
	}
	if err := c.readChats(ctx, reads); err != nil {
		return err
	}
	for _, r := range reads {
		for _, i := range byTask[r.task] {
			made[i] = r.find(effects[i].Post.Marker, c.Users())
		}
	}
	return nil
}

// find returns the comment of one of the users that carries the marker.
func (r *reading) find(marker string, users []int64) desk.Made {
	for _, m := range r.comments {
		if slices.Contains(users, m.Author) && desk.Carries(m.Text, marker) {
			return desk.Made{Task: r.task, Comment: m.ID, Chat: r.chat}
		}
	}
	if err := r.failure(); err != nil && !r.gone {
		return desk.Made{Err: &fault.Error{Outcome: fault.Unsure, Extent: fault.ExtentOf(err), After: fault.After(err),
			Err: fmt.Errorf("look for comment of task %d: %w", r.task, fault.Bare(err))}}
	}
	return desk.Made{}
}
