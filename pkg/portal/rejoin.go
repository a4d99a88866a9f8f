package portal

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// barred says whether the task is there, but its chat is closed to the webhook's user: somebody took him off the task.
//
// QUIRK: a chat is for those who take part in its task, and an administrator does not by that alone
// (chats/messages/im-dialog-messages-search, 403 ACCESS_ERROR).
func (r *reading) barred() bool {
	var e *Error
	return r.chat != 0 && errors.As(r.chatErr, &e) && e.is("ACCESS_ERROR", "ACCESS_DENIED")
}

// Rejoin makes the webhook's user an observer of the tasks, where he may, and returns those where it worked: two requests
// for up to 50 tasks. It is the one change of a task that we make unasked, without which its comments stay unread.
//
// QUIRK: an update replaces the whole list, so those who observe already must be named again (tasks/tasks-task-update).
func (c *Client) Rejoin(ctx context.Context, tasks []int64) ([]int64, error) {
	type seen struct {
		Auditors []ID `json:"auditors"`
	}
	look, join := &plan{c: c}, &plan{c: c}
	var done []int64
	for _, id := range tasks {
		look.add(Do("tasks.task.get", With("taskId", id).With("select", []string{"ID", "AUDITORS"})), func(a Answer) {
			var r struct {
				Task *seen `json:"task"`
			}
			if a.Err != nil || into(a.Result, &r) != nil || r.Task == nil {
				return
			}
			if slices.Contains(r.Task.Auditors, ID(c.self)) {
				return // it is not that
			}
			observers := []int64{c.self}
			for _, user := range r.Task.Auditors {
				if !slices.Contains(observers, int64(user)) {
					observers = append(observers, int64(user))
				}
			}
			join.add(Do("tasks.task.update", With("taskId", id).With("fields", With("AUDITORS", observers))), func(a Answer) {
				if a.Err == nil {
					done = append(done, id)
				}
			})
		})
	}
	for _, p := range []*plan{look, join} {
		if err := p.run(ctx); err != nil {
			return done, fmt.Errorf("rejoin tasks: %w", err)
		}
	}
	return done, nil
}
