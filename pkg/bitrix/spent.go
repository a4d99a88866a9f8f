package bitrix

import (
	"context"
	"fmt"
	"time"

	"helpdesk/pkg/fault"
)

// budget is how many seconds a method may use within ten minutes.
//
// QUIRK: the portal tells what is used, not what is allowed; 480 in the cloud, 420 on portals of one's own (limits).
const budget = 420

// used is how much of its time a method has had, by the last answer that told.
type used struct {
	Seconds float64   `json:"seconds"`
	Reset   time.Time `json:"reset"` // when the oldest part of it is forgotten
}

// keepUsed notes what an answer tells of the method's time. What is far from the limit is not worth a write.
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

// Used returns, by method, what part of its operating time within ten minutes it has had, as far as answers told; 1 =
// all.
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

// exhaust notes that the portal refuses the method for now, so that nobody asks again too early.
func (m *meter) exhaust(method string) {
	rest := m.untilReset(method)
	m.keepUsed(method, stamp{Operating: budget, Reset: m.now().Add(rest)})
}

// loadSpent reads once what earlier runs have used; the lock is held.
func (m *meter) loadSpent() {
	if m.spent == nil {
		m.spent = map[string]used{}
		m.Recall(savedSpent, &m.spent)
	}
}

// room returns how many seconds the method may still use. What it has used is forgotten from the reset on.
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

// cost returns the seconds of its budget that one call of the method takes.
func (m *meter) cost(method string) float64 {
	takes := m.Took(method)
	m.mu.Lock()
	defer m.mu.Unlock()
	return max(takes, m.costs[method])
}

// MayStart reports whether the method may be called at all: within its time on the portal, and within ours. A call that
// can't end in time is not begun, so that nothing is left in doubt.
func (m *meter) MayStart(ctx context.Context, method string) error {
	// by this machine's clock, as the context
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

// refusals counts the requests that the portal refused for their number.
type refusals struct {
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
}

func (m *meter) limited() {
	var r refusals
	m.Recall(savedRate, &r)
	m.Remember(savedRate, refusals{r.Count + 1, m.now()})
}

// Limits is what is known of the portal's limits, and of ours.
type Limits struct {
	Burst     int     // requests at once before the rate holds
	PerSecond float64 // requests a second after that

	Refused int       // requests that the portal refused for their number within a day
	Last    time.Time // when it refused the last of them

	Resting map[string]time.Time // until when a method rests that has used up its time
}

// Limits returns what is known of the portal's limits.
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

// Pace returns how many seconds the portal needed for the method of late, 0 where that is not known, and how many calls
// of it fit into one request.
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
