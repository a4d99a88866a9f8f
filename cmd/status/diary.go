package status

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"

	"helpdesk/pkg/desk"
)

// Diary is a file beside the state that names the messages being read and judged. The process need not end well for it:
// what is written there is there, also where the system ends it for want of memory.
//
// Each line is a fact; a line that is no whole one, be it that the process or the machine died in writing it, is
// skipped, and the others count. What has become too long is written anew aside, which takes the file's name when it is
// whole.
type Diary struct {
	path string
	log  *slog.Logger

	mu     sync.Mutex
	file   *os.File // nil = nothing was noted yet, or nothing can be
	size   int
	closed bool
	silent bool          // that nothing can be noted was told
	now    map[which]int // how often work on it is under way
	died   map[which]int // passes in a row
}

// which is a message: what lies at its place, by its server's word.
type which struct {
	Place desk.Place `json:"place"`
	Stamp string     `json:"stamp,omitempty"`
}

// line is what stands in a line of the file.
type line struct {
	What  string `json:"what"` // one of the constants below
	Times int    `json:"times,omitempty"`
	which
}

const (
	began  = "began"
	ended  = "ended"
	died   = "died" // so many passes
	forgot = "forgot"
)

// mostDiary is how long the file may be, in bytes, before it is written anew.
const mostDiary = 256 << 10

// DiaryFile returns where it lies.
func DiaryFile(state string) string { return state + ".judging" }

// OpenDiary reads what the pass before left: the messages it was at when it died. It belongs to who holds the state.
func OpenDiary(state string, log *slog.Logger) *Diary {
	d := &Diary{path: DiaryFile(state), log: log, now: map[which]int{}, died: map[which]int{}}
	raw, err := os.ReadFile(d.path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			d.complain(err)
		}
		return d
	}
	for _, one := range bytes.Split(raw, []byte("\n")) {
		var l line
		if json.Unmarshal(one, &l) == nil {
			d.take(l)
		}
	}
	for at := range d.now {
		d.died[at]++
	}
	clear(d.now)
	d.renew() // a death that is read twice must not count twice
	return d
}

// take brings what is known up to date with a line.
func (d *Diary) take(l line) {
	switch l.What {
	case began:
		d.now[l.which]++
	case ended:
		if d.now[l.which]--; d.now[l.which] <= 0 {
			delete(d.now, l.which)
		}
	case died:
		d.died[l.which] = l.Times
	case forgot:
		delete(d.died, l.which)
	}
}

// Begin notes that work on a message begins.
func (d *Diary) Begin(l desk.Listing) { d.note(line{What: began, which: whichOf(l)}) }

// End notes that it has ended.
func (d *Diary) End(l desk.Listing) { d.note(line{What: ended, which: whichOf(l)}) }

// Died returns how many passes in a row ended over a message.
func (d *Diary) Died(l desk.Listing) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.died[whichOf(l)]
}

// Forget forgets that passes ended over a message.
func (d *Diary) Forget(l desk.Listing) {
	d.mu.Lock()
	_, known := d.died[whichOf(l)]
	d.mu.Unlock()
	if known {
		d.note(line{What: forgot, which: whichOf(l)})
	}
}

func whichOf(l desk.Listing) which { return which{l.Place, l.Stamp} }

// note writes a line. It costs no more than the write: the machine need not outlive the process.
func (d *Diary) note(l line) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed { // work that was left behind goes on
		return
	}
	d.take(l)
	if d.size > mostDiary {
		d.renew()
		return
	}
	if err := d.write(l); err != nil {
		d.complain(err)
	}
}

func (d *Diary) write(l line) (err error) {
	if d.file == nil {
		d.file, err = os.OpenFile(d.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return err
		}
	}
	raw, err := json.Marshal(l)
	if err != nil {
		return err
	}
	// What stands before it may be half a line: this one begins anew.
	n, err := d.file.Write(append(append([]byte("\n"), raw...), '\n'))
	d.size += n
	return err
}

// renew writes the file anew with no more than what counts, or removes it where nothing does. Where it can't be written
// the old one stays.
func (d *Diary) renew() {
	var b bytes.Buffer
	for at, times := range d.died {
		_ = json.NewEncoder(&b).Encode(line{What: died, Times: times, which: at})
	}
	for at, times := range d.now {
		for range times {
			_ = json.NewEncoder(&b).Encode(line{What: began, which: at})
		}
	}
	var err error
	if d.file != nil {
		err, d.file = d.file.Close(), nil
	}
	if b.Len() == 0 {
		if err := os.Remove(d.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			d.complain(err)
		}
		d.size = 0
		return
	}
	aside := d.path + ".new"
	if err == nil {
		err = os.WriteFile(aside, b.Bytes(), 0o600)
	}
	if err == nil {
		err = os.Rename(aside, d.path)
	}
	if err != nil {
		_ = os.Remove(aside)
		d.complain(err)
	}
	d.size = b.Len()
}

// complain tells once that what is judged can't be noted: all goes on without.
func (d *Diary) complain(err error) {
	if !d.silent {
		d.silent = true
		d.log.Info("note what is judged", "err", fmt.Errorf("%s: %w", d.path, err))
	}
}

// Close ends a pass that did not die. Work that is left behind ends with it.
func (d *Diary) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.now)
	d.renew()
	d.closed = true
}
