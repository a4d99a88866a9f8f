package probe

import (
	"time"

	"helpdesk/pkg/bitrix"
)

// How a date moved.
const (
	atOnce = "at once"
	later  = "later"
	never  = "not at all"
)

// waits are the times after which a date that has not moved is looked at again.
var waits = []time.Duration{3 * time.Second, 5 * time.Second}

// movement is how the two dates of the task moved.
type movement struct{ activity, changed string }

// moved says how a step moves the dates of the task. It waits first until what earlier steps have moved is written.
func (r *run) moved(step func()) movement {
	_ = r.Sleep(r.ctx, waits[0])
	before, err := r.dates()
	if err != nil {
		step()
		return movement{never, never}
	}
	step()
	m := movement{never, never}
	how := atOnce
	for i := 0; ; i++ {
		if now, err := r.dates(); err == nil {
			if m.activity == never && now.Activity.After(before.Activity.Time) {
				m.activity = how
			}
			if m.changed == never && now.Changed.After(before.Changed.Time) {
				m.changed = how
			}
		}
		if m.activity != never || i == len(waits) {
			return m
		}
		how = later
		if r.Sleep(r.ctx, waits[i]) != nil {
			return m
		}
	}
}

func (r *run) dates() (row, error) {
	rows, err := r.list(bitrix.With("ID", r.task))
	if err != nil || len(rows) == 0 {
		return row{}, err
	}
	return rows[0], nil
}

// askStatus closes the task and opens it again.
func (r *run) askStatus() {
	act := func(question, method string, want bitrix.ID) bool {
		err := r.call(method, bitrix.With("taskId", r.task), nil)
		if err != nil {
			r.found(question, false, codeOf(err))
			return false
		}
		now, err := r.dates()
		r.found(question, err == nil && now.Status == want, "")
		return err == nil
	}
	closed := false
	m := r.moved(func() { closed = act("complete", "tasks.task.complete", 5) })
	if !closed {
		return
	}
	r.found("closing moves ACTIVITY_DATE", m.activity != never, m.activity)
	r.found("closing moves CHANGED_DATE", m.changed != never, m.changed)
	act("renew", "tasks.task.renew", 2)
}
