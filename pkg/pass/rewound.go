package pass

import (
	"fmt"
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// tellRestored tells once of a portal that was restored from a backup: it gives numbers to new comments that it gave to
// others before.
func (p *notifier) tellRestored(talks []desk.Talk, tickets map[int64]desk.Ticket, at time.Time, next *desk.Reading) {
	for _, talk := range talks {
		t := tickets[talk.Task]
		if !talk.Rewound || talk.Err != nil || !slices.ContainsFunc(talk.Comments, t.Renumbered) ||
			t.ReadUpTo.Before(next.Restored) {
			continue
		}
		p.tally.Hold("portal", fmt.Errorf("new comments of task %d have numbers that others had before: was the "+
			"portal restored from a backup?"+
			" What is new there goes out; 'helpdesk verify' says what it lacks", t.Task))
		next.Restored = at
		return
	}
}
