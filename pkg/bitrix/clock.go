package bitrix

import (
	"net/http"
	"sync"
	"time"

	json "github.com/go-json-experiment/json/v1"
)

// meter keeps the portal's clock, the time its methods take, and the time they have left. It saves what the next
// process needs.
type meter struct {
	load func(string, time.Duration) []byte
	save func(string, []byte)
	now  func() time.Time

	mu    sync.Mutex
	clock time.Time          // the portal's, of its last answer
	times map[string]float64 // seconds a method takes, by method
	spent map[string]used    // of a method's time budget, by method
	costs map[string]float64 // what a call takes of it

	estimates map[string]float64 // seconds a method takes, as long as nothing is known
}

func newMeter(load func(string, time.Duration) []byte, save func(string, []byte), now func() time.Time,
	estimates map[string]float64) *meter {
	m := &meter{load: load, save: save, now: now, costs: map[string]float64{}, estimates: estimates}
	if load == nil {
		m.load = func(string, time.Duration) []byte { return nil }
	}
	if save == nil {
		m.save = func(string, []byte) {}
	}
	if now == nil {
		m.now = time.Now
	}
	return m
}

// Now returns our own time.
func (m *meter) Now() time.Time { return m.now() }

// keepClock notes the portal's clock: of its answer, else of the HTTP header, else our own.
func (m *meter) keepClock(s stamp, date string) {
	at := s.DateStart.Time
	if at.IsZero() {
		at, _ = http.ParseTime(date)
	}
	if at.IsZero() {
		at = m.now()
	}
	m.mu.Lock()
	m.clock = at
	m.mu.Unlock()
}

// Clock returns what the portal's clock said in its last answer.
func (m *meter) Clock() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clock
}

// untilReset returns how long the method rests after OPERATION_TIME_LIMIT: until the reset time in its last good
// answer, or five minutes without one (limits: the budget is that of ten minutes).
func (m *meter) untilReset(method string) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loadSpent()
	if wait := m.spent[method].Reset.Sub(m.now()).Round(time.Second); wait > 0 && wait < 15*time.Minute {
		return wait
	}
	return 5 * time.Minute
}

// The names that what is known of the portal is saved under.
const (
	savedTimes = "portal.times" // seconds a method takes
	savedRate  = "portal.rate"  // the portal refused requests for their number
	savedSpent = "portal.spent" // time budgets of methods, as used
	savedBatch = "portal.batch" // bytes of one batch
)

// fresh is how long what was found out about a portal is believed.
const fresh = 24 * time.Hour

// Recall reads into v what was remembered under the name within the last day, and reports whether there was anything.
func (m *meter) Recall(name string, v any) bool { return read(m.load(name, fresh), v) }

// RecallEver is Recall of what is remembered for good.
func (m *meter) RecallEver(name string, v any) bool { return read(m.load(name, 0), v) }

func read(b []byte, v any) bool { return len(b) > 0 && json.Unmarshal(b, v) == nil }

// Forget drops what was remembered under the name.
func (m *meter) Forget(name string) { m.save(name, nil) }

// Remember keeps what was found out about the portal.
func (m *meter) Remember(name string, v any) {
	if b, err := json.Marshal(v); err == nil {
		m.save(name, b)
	}
}

// Took returns the seconds the portal needed for the method of late, an estimate where that is not known.
func (m *meter) Took(method string) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loadTimes()
	if takes, known := m.times[method]; known {
		return takes
	}
	return m.estimates[method]
}

// measured reports whether the portal has told what the method takes, or nothing is estimated of it.
func (m *meter) measured(method string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loadTimes()
	_, known := m.times[method]
	return known || m.estimates[method] == 0
}

// loadTimes reads the saved times once; the lock is held.
func (m *meter) loadTimes() {
	if m.times == nil {
		m.times = map[string]float64{}
		m.Recall(savedTimes, &m.times)
	}
}

// learn mixes what the commands of one batch took into what is known. It saves only what changed a lot, so that an
// ordinary pass writes nothing.
func (m *meter) learn(sums map[string]float64, counts map[string]int) {
	m.mu.Lock()
	m.loadTimes()
	changed := false
	for method, n := range counts {
		was, is := m.times[method], sums[method]/float64(n)
		if was > 0 {
			is = 0.7*is + 0.3*was
		}
		if is > 0.2 && (is > 1.5*was || is < was/2) {
			changed = true
		}
		m.times[method] = is
	}
	times := make(map[string]float64, len(m.times))
	for k, v := range m.times {
		times[k] = v
	}
	m.mu.Unlock()
	if changed {
		m.Remember(savedTimes, times)
	}
}
