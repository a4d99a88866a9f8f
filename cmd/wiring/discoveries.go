package wiring

import (
	"sync"
	"time"

	"helpdesk/pkg/store"
)

// discoveries is what was found out about the portal: the state's, and what this run adds.
type discoveries struct {
	s   *store.Store
	now func() time.Time

	mu    sync.Mutex
	fresh map[string][]byte
}

func (d *discoveries) load(name string, age time.Duration) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if v, ok := d.fresh[name]; ok {
		return v
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
