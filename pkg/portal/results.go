package portal

import (
	"context"
	"sort"
	"strings"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// result is a comment that a specialist has marked as the outcome of the work.
type result struct {
	ID        bitrix.ID   `json:"id"`
	CommentID bitrix.ID   `json:"commentId"`
	CreatedBy bitrix.ID   `json:"createdBy"`
	CreatedAt bitrix.Time `json:"createdAt"`
	Text      bitrix.Text `json:"text"`
	Files     []bitrix.ID `json:"files"`
}

func (r *reading) resultList() bitrix.Command {
	return bitrix.Do("tasks.task.result.list", bitrix.With("taskId", r.task))
}

// takeResults stores the results of the task, oldest first.
func (r *reading) takeResults(a bitrix.Answer) {
	r.asked, r.resultErr = true, a.Err
	r.results = bitrix.Rows[result](a.Result)
	sort.Slice(r.results, func(a, b int) bool { return r.results[a].ID < r.results[b].ID })
}

// markResults marks the comments that are results, and adds the results whose comments were read earlier: a mark that
// was set later counts as much.
//
// QUIRK: commentId is 0 on the new card (tasks/result/tasks-task-result-list): there author and text are compared.
func (r *reading) markResults(known map[int64]author) {
	for _, res := range r.results {
		if c := r.commentOf(res); c != nil {
			c.Result, c.ResultID = true, int64(res.ID)
		} else if int64(res.ID) > r.lastResult {
			late := desk.Comment{ID: int64(res.CommentID), Author: int64(res.CreatedBy),
				Name: known[int64(res.CreatedBy)].Name, At: res.CreatedAt.Time,
				Text: string(res.Text), Result: true, ResultID: int64(res.ID), Late: true}
			for _, id := range res.Files {
				if f, ok := r.attached[id]; ok {
					late.Files = append(late.Files, f)
				}
			}
			r.unlisted[late.Author] = true
			r.comments = append(r.comments, late)
		}
	}
}

// commentOf returns the comment of the result, or nil if that comment was read earlier.
func (r *reading) commentOf(res result) *desk.Comment {
	for i := range r.comments {
		c := &r.comments[i]
		same := int64(res.CreatedBy) == c.Author && strings.TrimSpace(string(res.Text)) == strings.TrimSpace(c.Text)
		if c.ResultID == 0 && (res.CommentID != 0 && int64(res.CommentID) == c.ID || res.CommentID == 0 && same) {
			return c
		}
	}
	return nil
}

// complete looks up the authors known only by number, and the files of results that were marked later. It takes one
// request, or none if everything is known.
func (c *Reader) complete(ctx context.Context, readings []*reading) error {
	p := c.Plan()
	users := c.authors.strangers(readings)
	for _, r := range readings {
		r.attached = map[bitrix.ID]desk.File{}
		for _, res := range r.results {
			if int64(res.ID) <= r.lastResult || r.commentOf(res) != nil {
				continue
			}
			users[int64(res.CreatedBy)] = true
			for _, id := range res.Files {
				p.Add(bitrix.Do("disk.attachedObject.get", bitrix.With("id", int64(id))), func(a bitrix.Answer) {
					r.takeAttached(id, a)
				})
			}
		}
	}
	if fault.ExtentOf(c.authors.err) != fault.Setup { // otherwise user.get is not allowed
		c.authors.ask(p, c.authors.unknown(users))
	}
	if err := p.Run(ctx); err != nil {
		return err
	}
	return c.authors.fallBack(ctx, users)
}

func (u portalUser) fullName() string { return strings.TrimSpace(string(u.Name + " " + u.LastName)) }

func (r *reading) takeAttached(id bitrix.ID, a bitrix.Answer) {
	var o struct {
		Object bitrix.ID   `json:"OBJECT_ID"`
		Name   bitrix.Text `json:"NAME"`
		Size   bitrix.ID   `json:"SIZE"`
	}
	if a.Err == nil && bitrix.Into(a.Result, &o) == nil && o.Object != 0 {
		r.attached[id] = desk.File{Name: string(o.Name), Size: int64(o.Size), Attach: int64(id)}
	}
}
