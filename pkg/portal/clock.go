package portal

import (
	"net/http"
	"time"

	json "github.com/go-json-experiment/json/v1"
)

// keepClock notes the portal's clock: of its answer, else of the HTTP header, else our own.
func (c *Client) keepClock(s stamp, date string) {
	at := s.DateStart.Time
	if at.IsZero() {
		at, _ = http.ParseTime(date)
	}
	if at.IsZero() {
		at = c.now()
	}
	c.mu.Lock()
	c.clock = at
	c.mu.Unlock()
}

// portalClock returns what the portal's clock said in its last answer.
func (c *Client) portalClock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clock
}

// untilReset returns how long the method rests after OPERATION_TIME_LIMIT: until the reset its last good answer told,
// five minutes where it told none (limits: the budget is that of ten minutes).
func (c *Client) untilReset(method string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loadSpent()
	if wait := c.spent[method].Reset.Sub(c.now()).Round(time.Second); wait > 0 && wait < 15*time.Minute {
		return wait
	}
	return 5 * time.Minute
}

// The names that what is known of the portal is saved under.
const (
	savedFolder = "portal.folder" // Drive folder for uploads
	savedNoCRM  = "portal.nocrm"  // the webhook may not read the CRM
	savedTimes  = "portal.times"  // seconds a method takes
	savedScopes = "portal.scopes"
	savedV3     = "portal.v3"          // REST v3 answers
	savedKeys   = "portal.idempotency" // it knows Idempotency-Key
	savedKept   = "portal.v3.kept"     // which related objects of a new task it keeps
	savedRate   = "portal.rate"        // the portal refused requests for their number
	savedSpent  = "portal.spent"       // time budgets of methods, as used
	savedInline = "portal.inline"      // bytes of files one batch may hold
	savedBatch  = "portal.batch"       // bytes of one batch
	savedNoDisk = "portal.nodisk"      // why the webhook has no folder for files
	savedCard   = "portal.card"
)

func (c *Client) recall(name string, v any) bool {
	b := c.load(name)
	return len(b) > 0 && json.Unmarshal(b, v) == nil
}

func (c *Client) remember(name string, v any) {
	if b, err := json.Marshal(v); err == nil {
		c.save(name, b)
	}
}

// took returns the seconds the portal needed for the method of late, 0 where that is not known.
func (c *Client) took(method string) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loadTimes()
	return c.times[method]
}

// loadTimes reads the saved times once; the lock is held.
func (c *Client) loadTimes() {
	if c.times == nil {
		c.times = map[string]float64{}
		c.recall(savedTimes, &c.times)
	}
}

// learn mixes what the commands of one batch took into what is known. It saves only what changed a lot, so that an
// ordinary pass writes nothing.
func (c *Client) learn(sums map[string]float64, counts map[string]int) {
	c.mu.Lock()
	c.loadTimes()
	changed := false
	for method, n := range counts {
		was, is := c.times[method], sums[method]/float64(n)
		if was > 0 {
			is = 0.7*is + 0.3*was
		}
		if is > 0.2 && (is > 1.5*was || is < was/2) {
			changed = true
		}
		c.times[method] = is
	}
	times := make(map[string]float64, len(c.times))
	for k, v := range c.times {
		times[k] = v
	}
	c.mu.Unlock()
	if changed {
		c.remember(savedTimes, times)
	}
}
