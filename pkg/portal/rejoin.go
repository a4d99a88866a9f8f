package portal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"helpdesk/pkg/bitrix"
)

// barred reports whether the task exists but its chat is closed to the webhook's user, because somebody removed that
// user from the task.
//
// QUIRK: a chat is open to the participants of its task only, and an administrator is not one automatically
// (chats/messages/im-dialog-messages-search, 403 ACCESS_ERROR).
func (r *reading) barred() bool {
	var e *bitrix.Error
	return r.chat != 0 && errors.As(r.chatErr, &e) && e.Coded("ACCESS_ERROR", "ACCESS_DENIED")
}

// Rejoin makes the webhook's user an observer of the tasks, if allowed, and returns the tasks for which this worked. It
// takes two requests for up to 50 tasks. It is the only change of a task that nobody has asked for; without it the
// task's comments could not be read.
//
// QUIRK: an update replaces the whole list, so it must include the present observers (tasks/tasks-task-update).
func (c *access) Rejoin(ctx context.Context, tasks []int64) ([]int64, error) {
	type seen struct {
		Auditors []bitrix.ID `json:"auditors"`
	}
	look, join := c.Plan(), c.Plan()
	var done []int64
	for _, id := range tasks {
		look.Add(bitrix.Do("tasks.task.get", bitrix.With("taskId", id).With("select", []string{"ID", "AUDITORS"})),
			func(a bitrix.Answer) {
				var r struct {
					Task *seen `json:"task"`
				}
				if a.Err != nil || bitrix.Into(a.Result, &r) != nil || r.Task == nil {
					return
				}
				if slices.Contains(r.Task.Auditors, bitrix.ID(c.Self())) {
					return // the cause is something else
				}
				observers := []int64{c.Self()}
				for _, user := range r.Task.Auditors {
					if !slices.Contains(observers, int64(user)) {
						observers = append(observers, int64(user))
					}
				}
				join.Add(bitrix.Do("tasks.task.update",
					bitrix.With("taskId", id).With("fields", bitrix.With("AUDITORS", observers))),
					func(a bitrix.Answer) {
						if a.Err == nil {
							done = append(done, id)
						}
					})
			})
	}
	for _, p := range []*bitrix.Plan{look, join} {
		if err := p.Run(ctx); err != nil {
			return done, fmt.Errorf("rejoin tasks: %w", err)
		}
	}
	return done, nil
}
