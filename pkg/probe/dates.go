package probe

import (
	"context"
	"time"

	"helpdesk/pkg/bitrix"
)

// When a date changed.
const (
	atOnce = "at once"
	later  = "later"
	never  = "not at all"
)

// waits are the delays before checking again a date that has not changed.
var waits = []time.Duration{3 * time.Second, 5 * time.Second, 7 * time.Second}

// Movement describes how a step changed the two dates by which a pass finds the task.
type Movement struct {
	Step     string `json:"step"`
	Activity string `json:"activity_date"` // at once, later, not at all
	Changed  string `json:"changed_date"`
}

// moved records how a step changes the dates of the task. It waits first, until the changes by earlier steps are done.
func (r *run) moved(ctx context.Context, name string, step func()) (m Movement) {
	defer func() { r.dates = append(r.dates, m) }()
	m = Movement{name, never, never}
	_ = r.Sleep(ctx, waits[0])
	before, err := r.stand(ctx)
	step()
	if err != nil {
		return m
	}
	how := atOnce
	for i := 0; ; i++ {
		if now, err := r.stand(ctx); err == nil {
			if m.Activity == never && now.Activity.After(before.Activity.Time) {
				m.Activity = how
			}
			if m.Changed == never && now.Changed.After(before.Changed.Time) {
				m.Changed = how
			}
		}
		if m.Activity != never || i == len(waits) {
			return m
		}
		how = later
		if r.Sleep(ctx, waits[i]) != nil {
			return m
		}
	}
}

func (r *run) stand(ctx context.Context) (row, error) {
	rows, err := r.list(ctx, bitrix.With("ID", r.task))
	if err != nil || len(rows) == 0 {
		return row{}, err
	}
	return rows[0], nil
}

// askStatus closes the task and reopens it.
func (r *run) askStatus(ctx context.Context) {
	act := func(question, method string, want bitrix.ID) bool {
		err := r.call(ctx, method, bitrix.With("taskId", r.task), nil)
		if err != nil {
			r.found(question, false, codeOf(err))
			return false
		}
		now, err := r.stand(ctx)
		r.found(question, err == nil && now.Status == want, "")
		return err == nil
	}
	closed := false
	m := r.moved(ctx, "complete", func() { closed = act("complete", "tasks.task.complete", 5) })
	if !closed {
		return
	}
	r.found("closing moves ACTIVITY_DATE", m.Activity != never, m.Activity)
	r.found("closing moves CHANGED_DATE", m.Changed != never, m.Changed)
	r.moved(ctx, "renew", func() { act("renew", "tasks.task.renew", 2) })
}
