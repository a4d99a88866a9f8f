package pass

import (
	"slices"

	"helpdesk/pkg/desk"
)

// shown is what a pass has read from the portal.
type shown struct {
	states []desk.TaskState
	talks  []desk.Talk
}

// has reports whether the portal has shown in this pass what it had confirmed as made: a task with its mark, or a
// comment with its marker and as many files. Lists do not contain the files of tasks, so has returns false for a task
// with files.
func (s shown) has(u desk.Unconfirmed) bool {
	e := u.Effect
	if e.Kind == desk.OpenTask {
		return len(e.Post.Files) == 0 && slices.ContainsFunc(s.states, func(t desk.TaskState) bool {
			return t.Task == e.Task && t.Mark == desk.TaskMark(e.Key)
		})
	}
	return slices.ContainsFunc(s.talks, func(t desk.Talk) bool {
		return t.Task == e.Task && slices.ContainsFunc(t.Comments, func(c desk.Comment) bool {
			return desk.Carries(c.Text, e.Post.Marker) && len(c.Files) >= len(e.Post.Files)
		})
	})
}
