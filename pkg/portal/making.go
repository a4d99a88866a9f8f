package portal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// making is a batch of effects that are being made.
type making struct {
	c       *Maker
	effects []desk.Effect
	made    []desk.Made
	cmds    []bitrix.Command
	takes   []func(bitrix.Answer)
}

func (b *making) add(cmd bitrix.Command, i int) {
	b.cmds, b.takes = append(b.cmds, cmd), append(b.takes, func(a bitrix.Answer) {
		if b.effects[i].Kind == desk.OpenTask {
			b.made[i] = b.c.readTaskAdd(b.effects[i], a)
		} else {
			b.made[i] = readComment(b.effects[i], cmd.Method, a)
		}
	})
}

// run sends the added commands. Every answer has its own error; the returned error is that of the batch.
func (b *making) run(ctx context.Context) error {
	if len(b.cmds) == 0 {
		return nil
	}
	answers, err := b.c.Batch(ctx, b.cmds)
	for n, take := range b.takes {
		take(answers[n])
	}
	b.cmds, b.takes = nil, nil
	return err
}

// singles makes the effects that must be sent by themselves, one by one, until the portal refuses all or is
// unreachable.
func (b *making) singles(ctx context.Context, alone []int, err error) error {
	for _, i := range alone {
		e := b.effects[i]
		if err == nil {
			err = b.c.MayStart(ctx, b.c.command(e).Method)
		}
		if err != nil {
			b.made[i].Err = &fault.Error{Outcome: fault.Refused, Extent: fault.ExtentOf(err), After: fault.After(err),
				Err: fmt.Errorf("%s not made: %w", e.Kind, fault.Bare(err))}
			continue
		}
		done := false
		if e.Kind == desk.OpenTask {
			b.made[i], done = b.c.single(ctx, e)
		}
		if !done {
			b.add(b.c.command(e), i)
			err = b.run(ctx)
		} else if fault.ExtentOf(b.made[i].Err) != fault.One {
			err = b.made[i].Err
		}
	}
	return err
}

// rejoin makes our user an observer of the tasks whose chats are closed to them, and repeats the comments: a refused
// comment was not made.
func (b *making) rejoin(ctx context.Context, err error) {
	var tasks []int64
	for i, m := range b.made {
		if err == nil && barred(m.Err) {
			tasks = append(tasks, b.effects[i].Task)
		}
	}
	if len(tasks) == 0 {
		return
	}
	joined, err := b.c.Rejoin(ctx, tasks)
	if err != nil {
		return
	}
	for i, m := range b.made {
		if barred(m.Err) && slices.Contains(joined, b.effects[i].Task) {
			b.add(b.c.command(b.effects[i]), i)
		}
	}
	if err := b.run(ctx); err != nil {
		b.c.log.Debug("portal: comments not repeated", "err", err)
	}
}

// alone writes the texts of comments for which the chat accepted none of the files.
//
// QUIRK: in that case the portal posts nothing at all (im.disk.file.commit, SAVE_ERROR).
func (b *making) alone(ctx context.Context, err error) {
	var texts []int
	for i, m := range b.made {
		var e *bitrix.Error
		if err == nil && errors.As(m.Err, &e) && e.Method == commit && e.Coded("SAVE_ERROR", "FILES_ERROR") {
			bare := b.effects[i]
			post := *bare.Post
			post.Files, bare.Post = nil, &post
			b.add(comment(bare), i)
			texts = append(texts, i)
		}
	}
	if err := b.run(ctx); err != nil {
		return
	}
	for _, i := range texts {
		for k, f := range b.effects[i].Post.Files {
			if b.made[i].Err == nil && f.Object != 0 {
				b.made[i].Missing = append(b.made[i].Missing, k)
			}
		}
	}
}

// complete resends the files that comments lack.
func (b *making) complete(ctx context.Context) {
	for i := range b.made {
		if m := &b.made[i]; m.Err == nil && len(m.Missing) > 0 && ctx.Err() == nil {
			m.Missing = b.c.again(ctx, b.effects[i], m.Missing)
		}
	}
}

// reopen calls both methods that reopen a task, for the two statuses it may have. A query of the task after them shows
// whether it worked.
//
// QUIRK: disapprove, allowed to the creator, sends back a task awaiting control; renew reopens a completed one
// (tasks/tasks-task-disapprove). A method that does not fit the status is refused with 1048582, and so is a missing
// task (tasks/status/tasks-task-renew).
func (b *making) reopen(number int64) {
	var refused error
	note := func(a bitrix.Answer) {
		if a.Err != nil {
			refused = a.Err
		}
	}
	b.cmds = append(b.cmds, bitrix.Do("tasks.task.disapprove", bitrix.With("taskId", number)),
		bitrix.Do("tasks.task.renew", bitrix.With("taskId", number)),
		bitrix.Do("tasks.task.get", bitrix.With("taskId", number).With("select", []string{"ID", "STATUS"})))
	b.takes = append(b.takes, note, note, func(a bitrix.Answer) {
		var r struct {
			Task task `json:"task"`
		}
		if a.Err == nil && bitrix.Into(a.Result, &r) == nil && r.Task.closed() {
			b.c.log.Warn("portal: task not reopened", "task", number, "err", refused)
		}
	})
}
