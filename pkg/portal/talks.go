package portal

import (
	"context"
	"fmt"
	"sort"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// Talks returns the comments newer than each watch's last, oldest first. It takes one request for up to 50 tasks whose
// chat is known or whose card is old, another one for tasks found to have a chat, and another one for unknown authors.
// The returned error concerns the whole call; each Talk has its own error.
func (c *Reader) Talks(ctx context.Context, watches []desk.Watch) ([]desk.Talk, error) {
	readings := make([]*reading, len(watches))
	for i, w := range watches {
		readings[i] = &reading{task: w.Task, chat: w.Chat, last: w.Last, lastAt: w.LastAt, readUpTo: w.Since,
			chatLast:   max(0, w.Last-1),
			lastResult: w.LastResult, unlisted: map[int64]bool{}}
	}
	talks := make([]desk.Talk, len(watches))
	if err := c.readTalks(ctx, readings); err != nil {
		return nil, fmt.Errorf("read comments: %w", err)
	}
	for i, r := range readings {
		r.markResults(c.authors.known)
		sort.SliceStable(r.comments, func(a, b int) bool { return r.comments[a].ID < r.comments[b].ID })
		talks[i] = desk.Talk{Task: r.task, Chat: r.chat, Comments: r.comments, Barred: r.barred(), Rewound: r.rewound}
		err := r.failure()
		if stranger := c.authors.judge(r); err == nil {
			err = stranger
		}
		if err != nil {
			talks[i].Err = fmt.Errorf("read comments of task %d: %w", r.task, err)
		}
	}
	return talks, nil
}

func (c *Reader) readTalks(ctx context.Context, readings []*reading) error {
	p := c.Plan()
	var unknown []*reading
	for _, r := range readings {
		if r.chat != 0 {
			p.Add(r.search(), r.takeSearch)
			continue
		}
		unknown = append(unknown, r)
		p.Add(r.forum(), r.takeOld)
	}
	if c.results {
		for _, r := range readings {
			p.Add(r.resultList(), r.takeResults)
		}
	}
	if len(unknown) > 0 {
		c.authors.ride(p)
	}
	// Commands that fit into the batch cost no request.
	probed := 0
	for ; probed < len(unknown) && bitrix.Requests(p.Len()+2) == bitrix.Requests(p.Len()); probed++ {
		probe(p, unknown[probed])
	}
	if err := p.Run(ctx); err != nil {
		return err
	}
	// QUIRK: a new card answers the old method with an error or an empty list (tasks/tasks-new), so ask a task without
	// comments for its chat.
	p = c.Plan()
	for _, r := range unknown[probed:] {
		if r.oldErr != nil || len(r.comments) == 0 {
			probe(p, r)
		}
	}
	if err := p.Run(ctx); err != nil {
		return err
	}
	if err := c.readChats(ctx, readings); err != nil {
		return err
	}
	if err := c.rewind(ctx, readings); err != nil {
		return err
	}
	return c.complete(ctx, readings)
}

// readChats reads the unread chats, and the further pages of the others.
func (c *access) readChats(ctx context.Context, readings []*reading) error {
	for page := 0; page < maxPages; page++ {
		p := c.Plan()
		for _, r := range readings {
			if r.full {
				p.Add(r.search(), r.takeSearch)
			}
		}
		if p.Len() == 0 {
			return nil
		}
		if err := p.Run(ctx); err != nil {
			return err
		}
	}
	return fault.Away(fault.Refused, fmt.Errorf("more than %d pages of messages", maxPages))
}

// probe asks for the chat of a task in both ways.
func probe(p *bitrix.Plan, r *reading) {
	p.Add(r.chatOfTask(), r.takeTask)
	p.Add(r.chatByTask(), r.takeChat)
}
