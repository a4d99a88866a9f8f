package pass

import (
	"fmt"
	"slices"
	"time"

	"helpdesk/pkg/desk"
)

// tellRestored reports once that the portal was restored from a backup, after which it assigns the numbers of earlier
// comments to new ones.
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
