package store

import (
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// arrived is the record of letters from an address or a domain.
type arrived struct {
	Times  []int64   `json:"times"`            // Unix seconds
	Ticket uint64    `json:"ticket,omitempty"` // ticket that collects the letters beyond the limit
	Since  time.Time `json:"since,omitzero"`
}

const (
	arrivedMost   = 2000 // times kept per key
	arrivedWithin = 24 * time.Hour
)

// arrivalKey returns the key of arrivals. They share a bucket with the auto-replies.
func arrivalKey(key string) []byte { return []byte("in " + key) }

func arrivalKeys(q desk.Questions) [][]byte {
	var keys [][]byte
	for _, key := range q.Arrivals {
		keys = append(keys, arrivalKey(key))
	}
	return keys
}

// cameIn returns the recent arrivals under the keys that the questions name.
func cameIn(tx txn, q desk.Questions, now time.Time) ([]desk.Arrivals, error) {
	var all []desk.Arrivals
	for _, key := range q.Arrivals {
		a, err := arrivalsOf(tx, key, now)
		if err != nil {
			return nil, err
		}
		if len(a.Times) > 0 || a.Ticket != 0 {
			all = append(all, desk.Arrivals{Key: key, Times: a.Times, Ticket: a.Ticket, Since: a.Since})
		}
	}
	return all, nil
}

// arrivalsOf returns what is stored under a key, without entries older than a day.
func arrivalsOf(tx txn, key string, now time.Time) (a arrived, err error) {
	if _, err := get(tx, bReplies, arrivalKey(key), &a); err != nil {
		return a, err
	}
	since := now.Add(-arrivedWithin)
	a.Times = slices.DeleteFunc(a.Times, func(at int64) bool { return at <= since.Unix() })
	if a.Since.Before(since) {
		a.Ticket, a.Since = 0, time.Time{}
	}
	return a, nil
}

// countArrival counts a letter that opened a task, or records the ticket that collects the letters beyond the limit.
func countArrival(tx txn, now time.Time, d desk.Decision, ticket uint64) error {
	keys := d.Counted
	if d.Gathers != "" {
		keys = []string{d.Gathers}
	}
	for _, key := range keys {
		a, err := arrivalsOf(tx, key, now)
		if err != nil {
			return err
		}
		if d.Gathers != "" {
			a.Ticket, a.Since = ticket, now
		} else {
			a.Times = append(a.Times, now.Unix())
			a.Times = a.Times[max(0, len(a.Times)-arrivedMost):]
		}
		if err := put(tx, bReplies, arrivalKey(key), a); err != nil {
			return err
		}
	}
	return nil
}
