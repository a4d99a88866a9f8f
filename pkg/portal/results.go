package portal

import (
	"strings"

	"helpdesk/pkg/desk"
)

// takeResults keeps the results of the task.
//
// QUIRK: commentId is 0 on the new card (tasks/result/tasks-task-result-list): there author and text must tell.
func (r *reading) takeResults(a Answer) {
	type result struct {
		CommentID ID   `json:"commentId"`
		CreatedBy ID   `json:"createdBy"`
		Text      Text `json:"text"`
	}
	r.resultErr = a.Err
	for _, res := range rows[result](a.Result) {
		r.results = append(r.results, desk.Comment{ID: int64(res.CommentID), Author: int64(res.CreatedBy), Text: string(res.Text)})
	}
}

// markResults sets Result of the comments that are results.
func (r *reading) markResults() {
	for i := range r.comments {
		c := &r.comments[i]
		for _, res := range r.results {
			same := res.Author == c.Author && strings.TrimSpace(res.Text) == strings.TrimSpace(c.Text)
			if res.ID == c.ID || res.ID == 0 && same {
				c.Result = true
			}
		}
	}
}
