package bitrix

import (
	"net/http"
	"sync"
	"time"

	json "github.com/go-json-experiment/json/v1"
)

// meter tracks the portal's clock, the duration of its methods, and their time budgets. It saves what the next process
// needs.
type meter struct {
	load func(string, time.Duration) []byte
	save func(string, []byte)
	now  func() time.Time

	mu    sync.Mutex
	clock time.Time          // the portal's time in its last response
	times map[string]float64 // seconds per call, by method
	spent map[string]used    // time budget used, by method
	costs map[string]float64 // part of the budget per call, by method

	estimates map[string]float64 // seconds per call, used until measured
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

// Now returns the time of this machine.
func (m *meter) Now() time.Time { return m.now() }

// keepClock records the portal's time: from its response, else from the HTTP header, else this machine's.
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

// Clock returns the portal's time in its last response.
func (m *meter) Clock() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.clock
}

// untilReset returns how long a method is blocked after OPERATION_TIME_LIMIT: until the reset time in its last good
// response, or five minutes if unknown (limits: the budget covers ten minutes).
func (m *meter) untilReset(method string) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loadSpent()
	if wait := m.spent[method].Reset.Sub(m.now()).Round(time.Second); wait > 0 && wait < 15*time.Minute {
		return wait
	}
	return 5 * time.Minute
}

// The names under which facts about the portal are saved.
const (
	savedTimes = "portal.times" // seconds per call, by method
	savedRate  = "portal.rate"  // requests that the portal refused because of their rate
	savedSpent = "portal.spent" // time budgets used, by method
	savedBatch = "portal.batch" // greatest size of a batch, in bytes
)

// fresh is the time for which a saved fact about the portal is used.
const fresh = 24 * time.Hour

// Recall decodes the value saved under the name within the last day into v, and reports whether there is one.
func (m *meter) Recall(name string, v any) bool { return read(m.load(name, fresh), v) }

// RecallEver is Recall for a value of any age.
func (m *meter) RecallEver(name string, v any) bool { return read(m.load(name, 0), v) }

func read(b []byte, v any) bool { return len(b) > 0 && json.Unmarshal(b, v) == nil }

// Forget deletes the value saved under the name.
func (m *meter) Forget(name string) { m.save(name, nil) }

// Remember saves a value.
func (m *meter) Remember(name string, v any) {
	if b, err := json.Marshal(v); err == nil {
		m.save(name, b)
	}
}

// Took returns the recent duration of the method on the portal in seconds, or an estimate if unknown.
func (m *meter) Took(method string) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loadTimes()
	if takes, known := m.times[method]; known {
		return takes
	}
	return m.estimates[method]
}

// measured reports whether the duration of the method was measured, or has no estimate.
func (m *meter) measured(method string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loadTimes()
	_, known := m.times[method]
	return known || m.estimates[method] == 0
}

// loadTimes loads the saved durations once. The lock must be held.
func (m *meter) loadTimes() {
	if m.times == nil {
		m.times = map[string]float64{}
		m.Recall(savedTimes, &m.times)
	}
}

// learn updates the average durations with the commands of one batch. It saves only large changes, so that an ordinary
// pass writes nothing.
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
