package pass

import (
	"time"

	"helpdesk/pkg/desk"
)

// results is the value of notify.send with which only comments marked as results are sent.
const results = "results"

// resultsFor is how long after the last comment of a task its results are still looked for.
const resultsFor = 72 * time.Hour

// withResults adds recently commented tasks whose results are due for another look.
//
// QUIRK: marking a comment as a result changes no date that the portal documents (tasks/result), so a task may have got
// a result after it was read. It is read again as soon as the time since the last reading is as long as the time from
// its last comment to that reading: a dozen times in three days.
func (p *notifier) withResults(toRead []desk.TaskState, tickets map[int64]desk.Ticket,
	at time.Time) ([]desk.TaskState, error) {
	if at.IsZero() {
		return toRead, nil
	}
	listed := map[int64]bool{}
	for _, s := range toRead {
		listed[s.Task] = true
	}
	all, err := p.tickets.Active(at.Add(-resultsFor))
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		waited := max(t.ReadAt.Sub(t.Activity), time.Minute)
		if listed[t.Task] || t.ReadAt.IsZero() || at.Sub(t.ReadAt) < waited {
			continue
		}
		tickets[t.Task] = t
		toRead = append(toRead, desk.TaskState{
			Task:     t.Task,
			Status:   t.Status,
			Activity: t.Activity,
			Chat:     t.Chat,
			ClosedAt: t.ClosedAt,
			Mark:     t.Mark,
		})
	}
	return toRead, nil
}
