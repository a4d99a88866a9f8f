package status

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/desk"
)

// Diary is a file next to the state that names the messages being read and judged. It survives a process that is
// killed, for example for lack of memory.
//
// Each line is one event. A line cut off by a crash is skipped; the other lines count. A file that has grown too long
// is rewritten under another name, then renamed.
type Diary struct {
	path string
	log  *slog.Logger

	mu     sync.Mutex
	file   *os.File // nil = nothing was written yet, or writing failed
	size   int
	closed bool
	silent bool          // the failure was logged
	now    map[which]int // for each message, how many times work on it is in progress
	died   map[which]int // number of passes in a row that died on each message
}

// which identifies a message: its place, and the server's stamp of the message there.
type which struct {
	Place desk.Place `json:"place"`
	Stamp string     `json:"stamp,omitempty"`
}

// line is one line of the file.
type line struct {
	What  string `json:"what"` // one of the constants below
	Times int    `json:"times,omitempty"`
	which
}

const (
	began  = "began"
	ended  = "ended"
	died   = "died" // in Times passes in a row
	forgot = "forgot"
)

// mostDiary is the length in bytes from which the file is rewritten.
const mostDiary = 256 << 10

// DiaryFile returns the path of the diary of a state.
func DiaryFile(state string) string { return state + ".judging" }

// OpenDiary reads the messages on which the previous pass died. Only the process that has the state open may call it.
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
	d.renew() // otherwise the next pass would count the death again
	return d
}

// take applies a line to the maps.
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

// Begin records that work on a message begins.
func (d *Diary) Begin(l desk.Listing) { d.note(line{What: began, which: whichOf(l)}) }

// End records that work on a message has ended.
func (d *Diary) End(l desk.Listing) { d.note(line{What: ended, which: whichOf(l)}) }

// Died returns how many passes in a row died on a message.
func (d *Diary) Died(l desk.Listing) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.died[whichOf(l)]
}

// Forget forgets the passes that died on a message.
func (d *Diary) Forget(l desk.Listing) {
	d.mu.Lock()
	_, known := d.died[whichOf(l)]
	d.mu.Unlock()
	if known {
		d.note(line{What: forgot, which: whichOf(l)})
	}
}

func whichOf(l desk.Listing) which { return which{l.Place, l.Stamp} }

// note writes a line. It does not sync the file: the diary must survive the process, not the machine.
func (d *Diary) note(l line) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed { // abandoned work may still be running
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
	// The text before may be an incomplete line, so this one begins with a newline.
	n, err := d.file.Write(append(append([]byte("\n"), raw...), '\n'))
	d.size += n
	return err
}

// renew rewrites the file with the current facts, or removes it if there are none. If that fails the old file stays.
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

// complain logs once that the diary can't be written; the pass continues without it.
func (d *Diary) complain(err error) {
	if !d.silent {
		d.silent = true
		d.log.Info("note what is judged", "err", fmt.Errorf("%s: %w", d.path, err))
	}
}

// Close ends a pass that did not die. Abandoned work counts as ended.
func (d *Diary) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.now)
	d.renew()
	d.closed = true
}
