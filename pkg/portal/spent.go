package portal

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
func (c *Client) keepUsed(method string, s stamp) {
	if s.Reset.IsZero() {
		return
	}
	c.mu.Lock()
	c.loadSpent()
	was, known := c.spent[method]
	if one := s.Operating - was.Seconds; known && one > 0 && was.Reset.After(c.now()) {
		c.costs[method] = one
	}
	c.spent[method] = used{s.Operating, s.Reset}
	write := s.Operating > budget/2 || was.Seconds > budget/2
	kept := map[string]used{}
	for m, u := range c.spent {
		if u.Seconds > budget/2 {
			kept[m] = u
		}
	}
	c.mu.Unlock()
	if write {
		c.remember(savedSpent, kept)
	}
}

// Used returns, by method, what part of its operating time within ten minutes it has had, as far as answers told; 1 = all.
func (c *Client) Used() map[string]float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loadSpent()
	parts := map[string]float64{}
	for method, u := range c.spent {
		if u.Reset.After(c.now()) {
			parts[method] = u.Seconds / budget
		}
	}
	return parts
}

// exhaust notes that the portal runs the method no more, so that nobody asks again before it would.
func (c *Client) exhaust(method string) {
	rest := c.untilReset(method)
	c.keepUsed(method, stamp{Operating: budget, Reset: c.now().Add(rest)})
}

// loadSpent reads once what earlier runs have used; the lock is held.
func (c *Client) loadSpent() {
	if c.spent == nil {
		c.spent = map[string]used{}
		c.recall(savedSpent, &c.spent)
	}
}

// room returns how many seconds the method may still use. What it has used is forgotten from the reset on.
func (c *Client) room(method string) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loadSpent()
	u, ok := c.spent[method]
	if !ok || !u.Reset.After(c.now()) {
		return budget
	}
	return budget - u.Seconds
}

// cost returns the seconds of its budget that one call of the method takes.
func (c *Client) cost(method string) float64 {
	takes := c.took(method)
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(takes, c.costs[method])
}

// mayStart says whether the method may be called at all: within its time on the portal, and within ours. A call that can't
// end in time is not begun, so that nothing is left in doubt.
func (c *Client) mayStart(ctx context.Context, method string) error {
	if end, ok := ctx.Deadline(); ok && c.now().Add(seconds(c.took(method))).After(end) {
		return fault.Away(fault.Refused, fmt.Errorf("%s not begun: it would not end in time: %w", method, context.DeadlineExceeded))
	}
	if c.room(method) > 0 {
		return nil
	}
	return &fault.Error{Outcome: fault.Refused, Extent: fault.Server, After: c.untilReset(method),
		Err: fmt.Errorf("%s not begun: it has used up its time on the portal, for %v", method, c.untilReset(method))}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// refusals counts the requests that the portal refused for their number.
type refusals struct {
	Count int       `json:"count"`
	Last  time.Time `json:"last"`
}

func (c *Client) limited() {
	var r refusals
	c.recall(savedRate, &r)
	c.remember(savedRate, refusals{r.Count + 1, c.now()})
}
