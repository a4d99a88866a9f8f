package outbox

import (
	"errors"
	"log/slog"
	"sync"

	"helpdesk/pkg/fault"
)

// Counts contains the numbers of things that a pass did.
type Counts struct {
	Opened     int `json:"opened"`      // tasks made
	Commented  int `json:"commented"`   // comments made
	Sent       int `json:"sent"`        // letters sent
	Marked     int `json:"marked"`      // messages marked on their server
	Waiting    int `json:"waiting"`     // effects to be retried
	Held       int `json:"held"`        // effects that this pass held for a person
	Quarantine int `json:"quarantined"` // messages that this pass put into the quarantine
}

// Problem is an error with the place where it occurred.
type Problem struct {
	Where   string `json:"where"` // for example: mailbox support, portal, relay support
	Message string `json:"error"`
	Setup   bool   `json:"setup"` // a person must change a setting
	Held    bool   `json:"held"`  // a person must decide about one thing; the rest is done
	Err     error  `json:"-"`

	Harmless bool `json:"harmless,omitempty"` // nothing was left undone because of it
}

// Tally collects the results of one pass: what it did, what went wrong, and which servers it no longer uses. All
// goroutines of a pass write to it.
type Tally struct {
	log *slog.Logger

	mu       sync.Mutex
	counts   Counts
	problems []Problem
	away     map[string]error
}

// NewTally returns an empty tally.
func NewTally(log *slog.Logger) *Tally { return &Tally{log: log, away: map[string]error{}} }

// Count calls fn to change the counts.
func (t *Tally) Count(fn func(c *Counts)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fn(&t.counts)
}

// Wait counts effects or messages that the next pass will retry.
func (t *Tally) Wait(n int) { t.Count(func(c *Counts) { c.Waiting += n }) }

// Result returns the counts and the problems.
func (t *Tally) Result() (Counts, []Problem) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts, t.problems
}

// Problem adds a problem, unless the same one is there already. where is the name of a server as in Away, the state or
// the templates.
func (t *Tally) Problem(where string, err error) {
	if err != nil {
		t.note(where, err, Problem{})
	}
}

// Mention adds a failure because of which nothing was left undone.
func (t *Tally) Mention(where string, err error) { t.note(where, err, Problem{Harmless: true}) }

// Hold adds a problem with something that is held for a person, because another run would fail as well.
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

// GiveUp records that a server is not used again in this pass, and adds the reason to the problems.
func (t *Tally) GiveUp(where string, err error) {
	t.Shun(where, err)
	t.Problem(where, err)
}

// Shun records that a server is not used again in this pass, without adding a problem.
func (t *Tally) Shun(where string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.away[where] = err
}

// Away returns the reason why a server is not used again in this pass; nil = it is used. Names of servers are "portal",
// "relay NAME" and "marks of NAME", with the name of the mailbox.
func (t *Tally) Away(where string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.away[where]
}
