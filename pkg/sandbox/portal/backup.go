package portal

import (
	"maps"
	"slices"
)

// Backup is a copy of what a portal held.
type Backup struct {
	tasks   map[int64]*task
	serial  serial
	drive   drive
	private map[int64][]string
}

// Back takes a backup of all that people and the webhook have made.
func (a *acts) Back() Backup {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.world.settle()
	return a.world.copied(a.world.tasks, a.world.serial, *a.world.drive, a.world.private)
}

// Restore puts a backup in the place of what there is: what was made since is gone, and the numbers go on from where
// the backup ended. The clock goes on.
func (a *acts) Restore(b Backup) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.world
	b = w.copied(b.tasks, b.serial, b.drive, b.private) // it may be restored again
	w.tasks, w.serial, w.private, w.late = b.tasks, b.serial, b.private, nil
	*w.drive = b.drive
}

func (w *world) copied(tasks map[int64]*task, numbers serial, d drive, private map[int64][]string) Backup {
	b := Backup{tasks: map[int64]*task{}, serial: maps.Clone(numbers), private: map[int64][]string{}}
	for id, t := range tasks {
		b.tasks[id] = &task{
			Task:    t.snapshot(),
			w:       w,
			history: slices.Clone(t.history),
			results: slices.Clone(t.results),
			joined:  maps.Clone(t.joined),
		}
	}
	for user, said := range private {
		b.private[user] = slices.Clone(said)
	}
	b.drive = drive{w: w, objects: maps.Clone(d.objects), names: maps.Clone(d.names), attached: maps.Clone(d.attached),
		uploads: maps.Clone(d.uploads), grants: maps.Clone(d.grants)}
	return b
}
