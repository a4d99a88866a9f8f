package portal

import (
	"context"
	"fmt"
	"sort"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// Talks returns the comments newer than each watch's last, oldest first: one request for up to 50 tasks whose card is
// known or old, another for those found to have a chat. The error is of the whole; each Talk tells its own besides.
func (c *Client) Talks(ctx context.Context, watches []desk.Watch) ([]desk.Talk, error) {
	readings := make([]*reading, len(watches))
	for i, w := range watches {
		readings[i] = &reading{task: w.Task, chat: w.Chat, last: w.Last, chatLast: w.Last, lastResult: w.LastResult}
	}
	talks := make([]desk.Talk, len(watches))
	if err := c.readTalks(ctx, readings); err != nil {
		return nil, fmt.Errorf("read comments: %w", err)
	}
	for i, r := range readings {
		r.markResults()
		sort.SliceStable(r.comments, func(a, b int) bool { return r.comments[a].ID < r.comments[b].ID })
		talks[i] = desk.Talk{Task: r.task, Chat: r.chat, Comments: r.comments, Barred: r.barred()}
		if err := r.failure(); err != nil {
			talks[i].Err = fmt.Errorf("read comments of task %d: %w", r.task, err)
		}
	}
	return talks, nil
}

func (c *Client) readTalks(ctx context.Context, readings []*reading) error {
	p := &plan{c: c}
	var unknown []*reading
	for _, r := range readings {
		if r.chat != 0 {
			p.add(r.search(), r.takeSearch)
			continue
		}
		unknown = append(unknown, r)
		p.add(r.oldCard(), r.takeOld)
	}
	if c.results {
		for _, r := range readings {
			p.add(r.resultList(), r.takeResults)
		}
	}
	// Commands that fit into the batch cost no request.
	probed := 0
	for ; probed < len(unknown) && requests(len(p.cmds)+2) == requests(len(p.cmds)); probed++ {
		p.probe(unknown[probed])
	}
	if err := p.run(ctx); err != nil {
		return err
	}
	// QUIRK: a new card answers the old method with an error or with an empty list (tasks/tasks-new), so where nothing
	// came the task must be asked for a chat.
	p = &plan{c: c}
	for _, r := range unknown[probed:] {
		if r.oldErr != nil || len(r.comments) == 0 {
			p.probe(r)
		}
	}
	if err := p.run(ctx); err != nil {
		return err
	}
	if err := c.readChats(ctx, readings); err != nil {
		return err
	}
	return c.lateResults(ctx, readings)
}

func requests(commands int) int { return (commands + maxCommands - 1) / maxCommands }

// readChats reads the chats not read so far, and what did not fit into their first page.
func (c *Client) readChats(ctx context.Context, readings []*reading) error {
	for page := 0; page < maxPages; page++ {
		p := &plan{c: c}
		for _, r := range readings {
			if r.full {
				p.add(r.search(), r.takeSearch)
			}
		}
		if len(p.cmds) == 0 {
			return nil
		}
		if err := p.run(ctx); err != nil {
			return err
		}
	}
	return fault.Away(fault.Refused, fmt.Errorf("more than %d pages of messages", maxPages))
}

// plan is a batch and who takes its answers.
type plan struct {
	c     *Client
	cmds  []Command
	takes []func(Answer)
}

func (p *plan) add(cmd Command, take func(Answer)) {
	p.cmds, p.takes = append(p.cmds, cmd), append(p.takes, take)
}

// probe asks for the chat of a task, both ways.
func (p *plan) probe(r *reading) {
	p.add(r.chatOfTask(), r.takeTask)
	p.add(r.chatByTask(), r.takeChat)
}

func (p *plan) run(ctx context.Context) error {
	if len(p.cmds) == 0 {
		return nil
	}
	answers, err := p.c.Batch(ctx, p.cmds)
	if err != nil {
		return err
	}
	for i, take := range p.takes {
		take(answers[i])
	}
	return nil
}
