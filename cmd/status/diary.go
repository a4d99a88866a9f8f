package status

import (
	"encoding/json"
	"log/slog"
	"os"
	"sync"

	"helpdesk/pkg/desk"
)

// Diary is a file beside the state that names the messages being read and judged. The process need not end well for it:
// what is written there is there, also where the system ends it for want of memory.
type Diary struct {
	path string
	log  *slog.Logger

	mu   sync.Mutex
	file *os.File // nil = nothing was noted yet, or nothing can be
	page page
}

// page is what stands in the file.
type page struct {
	Now  []desk.Place `json:"now,omitempty"`
	Died []death      `json:"died,omitempty"`
}

type death struct {
	Place desk.Place `json:"place"`
	Times int        `json:"times"`
}

// DiaryFile returns where it lies.
func DiaryFile(state string) string { return state + ".judging" }

// OpenDiary reads what the pass before left: the messages it was at when it died. It belongs to who holds the state.
func OpenDiary(state string, log *slog.Logger) *Diary {
	d := &Diary{path: DiaryFile(state), log: log}
	raw, err := os.ReadFile(d.path)
	if err != nil {
		return d
	}
	var left page
	if err := json.Unmarshal(raw, &left); err != nil {
		return d // it died in writing: nothing was begun yet
	}
	d.page.Died = left.Died
	for _, at := range left.Now {
		d.count(at)
	}
	return d
}

func (d *Diary) count(at desk.Place) {
	for i := range d.page.Died {
		if d.page.Died[i].Place == at {
			d.page.Died[i].Times++
			return
		}
	}
	d.page.Died = append(d.page.Died, death{at, 1})
}

// Begin notes that work on a message begins.
func (d *Diary) Begin(at desk.Place) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.page.Now = append(d.page.Now, at)
	d.write()
}

// End notes that it has ended.
func (d *Diary) End(at desk.Place) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, other := range d.page.Now {
		if other == at {
			d.page.Now = append(d.page.Now[:i:i], d.page.Now[i+1:]...)
			break
		}
	}
	d.write()
}

// Died returns how many passes in a row ended over a message.
func (d *Diary) Died(at desk.Place) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range d.page.Died {
		if x.Place == at {
			return x.Times
		}
	}
	return 0
}

// Forget forgets that passes ended over a message.
func (d *Diary) Forget(at desk.Place) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, x := range d.page.Died {
		if x.Place == at {
			d.page.Died = append(d.page.Died[:i:i], d.page.Died[i+1:]...)
			return
		}
	}
}

// write writes the page over the last one. It costs no more than the write: the machine need not outlive the process.
func (d *Diary) write() {
	if d.file == nil {
		file, err := os.OpenFile(d.path, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			d.log.Debug("note what is judged", "err", err)
			return
		}
		d.file = file
	}
	raw, err := json.Marshal(d.page)
	if err != nil {
		return
	}
	if len(d.page.Now)+len(d.page.Died) == 0 {
		raw = nil
	}
	// A page that is cut short is none; one that is longer than the next one is cut first.
	if err := d.file.Truncate(0); err == nil {
		_, _ = d.file.WriteAt(raw, 0)
	}
}

// Close ends a pass that did not die.
func (d *Diary) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.page.Now = nil
	if len(d.page.Died) == 0 {
		if d.file != nil {
			_ = d.file.Close()
		}
		_ = os.Remove(d.path)
		return
	}
	d.write()
	if d.file != nil {
		_ = d.file.Close()
	}
}
