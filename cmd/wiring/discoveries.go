package wiring

import (
	"sync"
	"time"

	"helpdesk/pkg/store"
)

// discoveries is what was found out about the servers: the state's, and what this run adds.
type discoveries struct {
	now func() time.Time

	mu    sync.Mutex
	s     *store.Store      // nil = not open
	ahead map[string][]byte // was read of it for the time until it is open again
	fresh map[string][]byte
}

// leave reads what will be asked for while the state is not open, by name and age.
func (d *discoveries) leave(ages map[string]time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	since := map[string]time.Time{}
	for name, age := range ages {
		since[name] = d.now().Add(-age)
	}
	d.ahead, d.s = d.s.Recall(since), nil
}

// enter reads from the state again.
func (d *discoveries) enter(s *store.Store) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.s, d.ahead = s, nil
}

// load returns what was found out, nil where that is older; an age of 0 lets it be as old as it is.
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

// keep writes this run's discoveries into the state, if there are any.
func (d *discoveries) keep(now time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.fresh) == 0 {
		return nil
	}
	return d.s.Cache(now, d.fresh)
}
