package portal

import (
	"maps"
	"slices"
)

// Backup is a copy of the portal's data.
type Backup struct {
	tasks   map[int64]*task
	serial  serial
	drive   drive
	private map[int64][]string
}

// Back makes a backup of everything that users and the webhook have created.
func (a *acts) Back() Backup {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.world.settle()
	return a.world.copied(a.world.tasks, a.world.serial, *a.world.drive, a.world.private)
}

// Restore replaces the data by a backup. Everything created later is lost, and its ids are used again. The clock does
// not change.
func (a *acts) Restore(b Backup) {
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.world
	b = w.copied(b.tasks, b.serial, b.drive, b.private) // copied, since the backup may be restored again
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
