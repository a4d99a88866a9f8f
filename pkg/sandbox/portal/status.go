package portal

import "slices"

// errNotAllowed returns the refusal of an action, also for a task that is missing or not accessible.
func errNotAllowed() error { return refuse("1048582", "Action on the task is not allowed") }

// transition is an action that changes the status.
type transition struct {
	from   []int
	to     int
	phrase string
	owner  bool   // only for the creator or an administrator
	code   string // error code of the refusal
}

// QUIRK: complete uses the error code 0 where similar methods use 1048582 (docs of tasks/status).
var transitions = map[string]transition{
	"renew":      {[]int{4, 5, 6, 7}, 2, "renewed", false, "1048582"},
	"complete":   {[]int{2, 3, 6}, 5, "completed", false, "0"},
	"start":      {[]int{2, 6}, 3, "started", false, "1048582"},
	"pause":      {[]int{3}, 2, "paused", false, "1048582"},
	"defer":      {[]int{2, 3}, 6, "deferred", false, "1048582"},
	"approve":    {[]int{4}, 5, "completed", true, "1048582"},
	"disapprove": {[]int{4}, 2, "returned", true, "1048582"},
}

func (t *task) allows(tr transition) bool {
	me := t.w.me
	if tr.owner && t.Creator != me && !t.w.users[me].Admin {
		return false
	}
	return slices.Contains(tr.from, t.Status)
}

// tasksAction implements tasks.task.renew and similar methods.
func tasksAction(name string) func(*world, *execution) (any, error) {
	tr := transitions[name]
	return func(w *world, x *execution) (any, error) {
		id, err := taskID(x)
		if err != nil {
			return nil, err
		}
		t := w.visible(id)
		if t == nil || !t.allows(tr) {
			return nil, refuse(tr.code, "Action on the task is not allowed")
		}
		if name == "complete" {
			t.complete(w.me)
		} else {
			t.setStatus(w.me, tr.to, tr.phrase)
		}
		return object{"task": t.full()}, nil
	}
}

// actions returns the actions allowed to the webhook's user.
func (t *task) actions() object {
	a := object{"edit": true, "remove": true, "accept": false, "decline": false}
	for name, tr := range transitions {
		a[name] = t.allows(tr)
	}
	return a
}
