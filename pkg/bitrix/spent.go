package bitrix

import (
	"context"
	"fmt"
	"time"

	"helpdesk/pkg/fault"
)

// budget is the time that a method may use within ten minutes, in seconds.
//
// QUIRK: the portal reports the time used, not the budget: 480 in the cloud, 420 on self-hosted portals (limits).
const budget = 420

// used is the budget consumed by a method, according to the last response that stated it.
type used struct {
	Seconds float64   `json:"seconds"`
	Reset   time.Time `json:"reset"` // when the oldest part of it expires
}

// keepUsed records the time used according to a response. It saves only values near the limit.
func (m *meter) keepUsed(method string, s stamp) {
	if s.Reset.IsZero() {
		return
	}
	m.mu.Lock()
	m.loadSpent()
	was, known := m.spent[method]
	if one := s.Operating - was.Seconds; known && one > 0 && was.Reset.After(m.now()) {
		m.costs[method] = one
	}
	m.spent[method] = used{s.Operating, s.Reset}
	write := s.Operating > budget/2 || was.Seconds > budget/2
	kept := map[string]used{}
	for m, u := range m.spent {
		if u.Seconds > budget/2 {
			kept[m] = u
		}
	}
	m.mu.Unlock()
	if write {
		m.Remember(savedSpent, kept)
	}
}

// Used returns the part of its time budget that each method has used within ten minutes, as far as known; 1 = all.
func (m *meter) Used() map[string]float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loadSpent()
	parts := map[string]float64{}
	for method, u := range m.spent {
		if u.Reset.After(m.now()) {
			parts[method] = u.Seconds / budget
		}
	}
	return parts
}

// exhaust records that the portal refuses the method for now, so that it is not called too early.
func (m *meter) exhaust(method string) {
	rest := m.untilReset(method)
	m.keepUsed(method, stamp{Operating: budget, Reset: m.now().Add(rest)})
}

// loadSpent loads the time used by earlier runs once. The lock must be held.
func (m *meter) loadSpent() {
	if m.spent == nil {
		m.spent = map[string]used{}
		m.Recall(savedSpent, &m.spent)
	}
}

// room returns the rest of the method's budget in seconds. After its reset the whole budget is available.
func (m *meter) room(method string) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.loadSpent()
	u, ok := m.spent[method]
	if !ok || !u.Reset.After(m.now()) {
		return budget
	}
	return budget - u.Seconds
}

// cost returns the part of its budget that one call of the method uses, in seconds.
func (m *meter) cost(method string) float64 {
	takes := m.Took(method)
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(takes, m.costs[method])
}

// MayStart returns an error if the method has no budget left or ctx ends too soon for a call. A call that cannot end in
// time is not started, so that its outcome is never unknown.
func (m *meter) MayStart(ctx context.Context, method string) error {
	// by this machine's clock, like the context
	if end, ok := ctx.Deadline(); ok && time.Until(end) < seconds(m.Took(method)) {
		return fault.Away(fault.Refused,
			fmt.Errorf("%s not begun: it would not end in time: %w", method, context.DeadlineExceeded))
	}
	if m.room(method) > 0 {
		return nil
	}
	return &fault.Error{Outcome: fault.Refused, Extent: fault.Server, After: m.untilReset(method),
		Err: fmt.Errorf("%s not begun: it has used up its time on the portal, for %v", method, m.untilReset(method))}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// refusals counts the requests that the portal refused because of their rate.
type refusals struct {
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
}

func (m *meter) limited() {
	var r refusals
	m.Recall(savedRate, &r)
	m.Remember(savedRate, refusals{r.Count + 1, m.now()})
}

// Limits are the known limits of the portal, and our own.
type Limits struct {
	Burst     int     // requests before the rate limit applies
	PerSecond float64 // rate limit in requests per second

	Refused int       // requests refused because of their rate within a day
	Last    time.Time // time of the last refusal

	Resting map[string]time.Time // methods without budget, and when they may be called again
}

// Limits returns the known limits.
func (c *Client) Limits() Limits {
	var r refusals
	c.Recall(savedRate, &r)
	l := Limits{c.bucket.Burst(), float64(c.bucket.Limit()), r.Count, r.Last, map[string]time.Time{}}
	c.meter.mu.Lock()
	defer c.meter.mu.Unlock()
	c.loadSpent()
	for method, u := range c.spent {
		if u.Seconds >= budget && u.Reset.After(c.now()) {
			l.Resting[method] = u.Reset
		}
	}
	return l
}

// Pace returns the recent duration of the method in seconds, 0 if unknown, and the number of its calls that fit into
// one request.
func (c *Client) Pace(method string) (takes float64, fits int) {
	c.meter.mu.Lock()
	c.loadTimes()
	takes = c.times[method]
	c.meter.mu.Unlock()
	if takes <= 0 {
		return 0, MaxCommands
	}
	return takes, min(MaxCommands, max(1, int(c.timeout.Seconds()/2/takes)))
}
