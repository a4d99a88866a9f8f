package outbox

import (
	"errors"
	"log/slog"
	"sync"

	"helpdesk/pkg/fault"
)

// Counts says how much of what a pass did.
type Counts struct {
	Opened     int `json:"opened"`      // tasks made
	Commented  int `json:"commented"`   // comments made
	Sent       int `json:"sent"`        // letters sent
	Marked     int `json:"marked"`      // messages marked on their server
	Waiting    int `json:"waiting"`     // effects that are to be tried again
	Held       int `json:"held"`        // effects held for a person by this pass
	Quarantine int `json:"quarantined"` // messages put into the quarantine by this pass
}

// Problem is something that went wrong and what it was about.
type Problem struct {
	Where   string `json:"where"` // mailbox support, portal, relay support
	Message string `json:"error"`
	Setup   bool   `json:"setup"` // a person must change a setting
	Held    bool   `json:"held"`  // a person must decide what becomes of one thing; the rest is done
	Err     error  `json:"-"`

	Harmless bool `json:"harmless,omitempty"` // nothing was left undone for it
}

// Tally is what one pass has come to so far: what it did, what went wrong, and which servers it asks no more. All
// goroutines of a pass write to it.
type Tally struct {
	log *slog.Logger

	mu       sync.Mutex
	counts   Counts
	problems []Problem
	away     map[string]error
}

// NewTally returns the tally of a pass that has done nothing yet.
func NewTally(log *slog.Logger) *Tally { return &Tally{log: log, away: map[string]error{}} }

// Count lets fn change the counts.
func (t *Tally) Count(fn func(c *Counts)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fn(&t.counts)
}

// Wait counts effects or messages that the next pass tries again.
func (t *Tally) Wait(n int) { t.Count(func(c *Counts) { c.Waiting += n }) }

// Result returns the counts and the problems.
func (t *Tally) Result() (Counts, []Problem) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts, t.problems
}

// Problem adds a problem, once. Where says what it is about: a server as Away names it, the state, the templates.
func (t *Tally) Problem(where string, err error) {
	if err != nil {
		t.note(where, err, Problem{})
	}
}

// Mention notes something that fails, and for which nothing is left undone.
func (t *Tally) Mention(where string, err error) { t.note(where, err, Problem{Harmless: true}) }

// Hold notes something that is kept for a person: a next run would not do better.
func (t *Tally) Hold(where string, err error) {
	t.Count(func(c *Counts) { c.Held++ })
	t.note(where, err, Problem{Held: true})
}

func (t *Tally) note(where string, err error, as Problem) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, old := range t.problems {
		if old.Where == where && old.Message == err.Error() {
			return
		}
	}
	t.log.Info(where, "err", err)
	if p := (*Panic)(nil); errors.As(err, &p) {
		t.log.Debug(where, "stack", string(p.Stack))
	}
	as.Where, as.Message, as.Setup, as.Err = where, err.Error(), fault.ExtentOf(err) == fault.Setup, err
	t.problems = append(t.problems, as)
}

// GiveUp notes that a server is not asked again in this pass, and adds the reason to the problems.
func (t *Tally) GiveUp(where string, err error) {
	t.Shun(where, err)
	t.Problem(where, err)
}

// Shun notes that a server is not asked again in this pass.
func (t *Tally) Shun(where string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.away[where] = err
}

// Away returns why a server is not asked again in this pass; nil = it is asked. Servers are named "portal", "relay
// NAME" and "marks of NAME" by their mailbox.
func (t *Tally) Away(where string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.away[where]
}
