package pass

import (
	"time"

	"helpdesk/pkg/desk"
)

// results is the value of notify.send with which comments go out that are marked as results.
const results = "results"

// resultsFor is how long after the last comment of a task its results are still asked for.
const resultsFor = 72 * time.Hour

// withResults adds to the tasks to be read those commented of late whose results are due to be asked for again.
//
// QUIRK: to mark a comment as a result moves no date that the portal documents (tasks/result), so a task that was read
// may have one since. It is asked again each time as long has passed as lay between its comment and the last reading:
// a dozen times in three days.
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
