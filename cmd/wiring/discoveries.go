package wiring

import (
	"sync"
	"time"

	"helpdesk/pkg/store"
)

// discoveries is what was found out about the portal: the state's, and what this run adds.
type discoveries struct {
	s     *store.Store
	since time.Time // older ones are not believed

	mu    sync.Mutex
	fresh map[string][]byte
}

func (d *discoveries) load(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if v, ok := d.fresh[name]; ok {
		return v
	}
	v, ok := d.s.Cached(name, d.since)
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
