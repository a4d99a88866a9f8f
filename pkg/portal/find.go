package portal

import (
	"context"
	"fmt"
	"strings"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// overlap is how far before an attempt is looked, for clocks that differ.
const overlap = 5 * time.Minute

// Find looks for effects whose fate is unknown: tasks by their mark among those we made since then, comments by their marker
// among our own of the task; a zero since is a week ago. A zero Made was not found; one with an error could not be looked for.
//
// What was made since then carries the portal's time: where its clock turns out to be behind ours, it is looked for
// further back.
func (c *Client) Find(ctx context.Context, effects []desk.Effect, since time.Time) ([]desk.Made, error) {
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

// behind returns how far the portal's clock is behind ours, as far as its answers told; 0 where it is not.
func (c *Client) behind() time.Duration {
	at := c.Clock()
	if at.IsZero() {
		return 0
	}
	return max(0, c.Now().Sub(at))
}

func (c *Client) find(ctx context.Context, effects []desk.Effect, since time.Time) ([]desk.Made, error) {
	made := make([]desk.Made, len(effects))
	since = since.Add(-overlap).Truncate(time.Second)
	marks := map[string][]int{}
	byTask := map[int64][]int{}
	for i, e := range effects {
		switch {
		case e.Kind == desk.OpenTask:
			marks[XMLID(e.Key)] = append(marks[XMLID(e.Key)], i)
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

// findTasks reads our recent tasks, oldest first.
//
// QUIRK: XML_ID is no documented filter key, and an unknown key returns every task (tasks/tasks-task-list): only documented
// keys are sent, and the mark is compared here. Of two tasks with one mark the lower number counts.
func (c *Client) findTasks(ctx context.Context, marks map[string][]int, since time.Time, made []desk.Made) error {
	last := int64(0)
	for page := 0; len(marks) > 0 && page < maxPages; page++ {
		filter := bitrix.With("CREATED_BY", c.Self()).With(">=CREATED_DATE", since.Format(time.RFC3339))
		if last > 0 {
			filter = filter.With(">ID", last)
		}
		var raw json.RawMessage
		err := c.Call(ctx, "tasks.task.list", bitrix.With("filter", filter).With("select", []string{"ID", "XML_ID", "CHAT_ID"}).With("order", bitrix.With("ID", "asc")).With("start", -1), &raw)
		rows, err := readTasks(bitrix.Answer{Result: raw, Err: err})
		if err != nil {
			return err
		}
		for _, t := range rows {
			if int64(t.ID) <= last {
				continue
			}
			for _, i := range marks[string(t.XMLID)] {
				if made[i].Task == 0 {
					made[i] = desk.Made{Task: int64(t.ID), Chat: int64(t.ChatID)}
				} else {
					c.log.Warn("portal: task made twice", "task", t.ID, "first", made[i].Task)
				}
			}
		}
		if len(rows) < pageSize || int64(rows[len(rows)-1].ID) <= last {
			return nil
		}
		last = int64(rows[len(rows)-1].ID)
	}
	return nil
}

// findComments reads our recent comments of the tasks, on either card.
func (c *Client) findComments(ctx context.Context, effects []desk.Effect, byTask map[int64][]int, since time.Time,
	made []desk.Made) error {
	if len(byTask) == 0 {
		return nil
	}
	var reads []*reading
	var cmds []bitrix.Command
	for id := range byTask {
		r := &reading{task: id, own: c.Self(), since: since}
		reads = append(reads, r)
		cmds = append(cmds, r.oldCard(), r.chatOfTask(), r.chatByTask())
	}
	answers, err := c.Batch(ctx, cmds)
	if err != nil {
		return err
	}
	for i, r := range reads {
		r.takeOld(answers[3*i])
		r.takeTask(answers[3*i+1])
		r.takeChat(answers[3*i+2])
	}
	if err := c.readChats(ctx, reads); err != nil {
		return err
	}
	for _, r := range reads {
		for _, i := range byTask[r.task] {
			made[i] = r.find(effects[i].Post.Marker)
		}
	}
	return nil
}

// find returns our comment that carries the marker in its first line.
func (r *reading) find(marker string) desk.Made {
	for _, m := range r.comments {
		if m.Author == r.own && strings.Contains(firstLine(m.Text), marker) {
			return desk.Made{Task: r.task, Comment: m.ID, Chat: r.chat}
		}
	}
	if err := r.failure(); err != nil && !r.gone {
		return desk.Made{Err: &fault.Error{Outcome: fault.Unsure, Extent: fault.ExtentOf(err), After: fault.After(err),
			Err: fmt.Errorf("look for comment of task %d: %w", r.task, fault.Bare(err))}}
	}
	return desk.Made{}
}
