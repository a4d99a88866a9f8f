package portal

import (
	"context"
	"sort"
	"strings"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
)

// result is a comment that a specialist has marked as the outcome of his work.
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

// takeResults keeps the results of the task, the oldest first.
func (r *reading) takeResults(a bitrix.Answer) {
	r.resultErr = a.Err
	r.results = bitrix.Rows[result](a.Result)
	sort.Slice(r.results, func(a, b int) bool { return r.results[a].ID < r.results[b].ID })
}

// markResults notes of the comments which are results, and adds those results whose comments were read before: whoever
// marks a comment later means it as much.
//
// QUIRK: commentId is 0 on the new card (tasks/result/tasks-task-result-list): there author and text must tell.
func (r *reading) markResults() {
	for _, res := range r.results {
		if c := r.commentOf(res); c != nil {
			c.Result, c.ResultID = true, int64(res.ID)
		} else if int64(res.ID) > r.lastResult {
			late := desk.Comment{ID: int64(res.CommentID), Author: int64(res.CreatedBy), Name: r.names[res.CreatedBy], At: res.CreatedAt.Time,
				Text: string(res.Text), Result: true, ResultID: int64(res.ID)}
			for _, id := range res.Files {
				if f, ok := r.attached[id]; ok {
					late.Files = append(late.Files, f)
				}
			}
			r.comments = append(r.comments, late)
		}
	}
}

// commentOf returns the comment that was read now and is the result, nil = it was read before.
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

// lateResults asks who wrote the results that were marked late, and what their files are. A result names both by
// numbers alone. What can't be had is left out: a letter without the name is better than none.
//
// QUIRK: user.get knows neither bots nor guests (user/user-get), who then stay without a name, too.
func (c *Reader) lateResults(ctx context.Context, readings []*reading) error {
	p := c.Plan()
	authors := map[bitrix.ID]bool{}
	for _, r := range readings {
		r.names, r.attached = map[bitrix.ID]string{}, map[bitrix.ID]desk.File{}
		for _, res := range r.results {
			if int64(res.ID) <= r.lastResult || r.commentOf(res) != nil {
				continue
			}
			authors[res.CreatedBy] = true
			for _, id := range res.Files {
				p.Add(bitrix.Do("disk.attachedObject.get", bitrix.With("id", int64(id))), func(a bitrix.Answer) { r.takeAttached(id, a) })
			}
		}
	}
	if len(authors) == 0 {
		return nil
	}
	var ids []int64
	for id := range authors {
		ids = append(ids, int64(id))
	}
	p.Add(bitrix.Do("user.get", bitrix.With("FILTER", bitrix.With("ID", ids)).With("start", -1)), func(a bitrix.Answer) {
		for _, u := range bitrix.Rows[portalUser](a.Result) {
			for _, r := range readings {
				r.names[u.ID] = u.fullName()
			}
		}
	})
	return p.Run(ctx)
}

type portalUser struct {
	ID       bitrix.ID       `json:"ID"`
	Name     bitrix.Text     `json:"NAME"`
	LastName bitrix.Text     `json:"LAST_NAME"`
	Active   json.RawMessage `json:"ACTIVE"`
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
