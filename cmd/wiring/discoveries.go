package wiring

import (
	"sync"
	"time"

	"helpdesk/pkg/store"
)

// discoveries are facts found out about the servers, from the state and from this run.
type discoveries struct {
	now func() time.Time

	mu    sync.Mutex
	s     *store.Store      // nil = not open
	ahead map[string][]byte // read from the state before it was closed
	fresh map[string][]byte
}

// leave reads the facts that are needed while the state is closed, by name and maximum age.
func (d *discoveries) leave(ages map[string]time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	since := map[string]time.Time{}
	for name, age := range ages {
		since[name] = d.now().Add(-age)
	}
	d.ahead, d.s = d.s.Recall(since), nil
}

// enter uses the state again after it is opened.
func (d *discoveries) enter(s *store.Store) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.s, d.ahead = s, nil
}

// load returns a fact, or nil if it is missing or older than age; age 0 means any age.
func (d *discoveries) load(name string, age time.Duration) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if v, ok := d.fresh[name]; ok {
		return v
	}
	if d.s == nil {
		return d.ahead[name]
	}
	var since time.Time
	if age > 0 {
		since = d.now().Add(-age)
	}
	v, ok := d.s.Cached(name, since)
	if !ok {
		return nil
	}
	return v
}

func (d *discoveries) save(name string, value []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fresh[name] = value
}

// keep writes the facts of this run into the state.
func (d *discoveries) keep(now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.fresh) == 0 {
		return nil
	}
	return d.s.Cache(now, d.fresh)
}
