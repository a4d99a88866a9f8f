package outbox

import (
	"fmt"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// refusal is what a relay said of a letter that it will never take.
type refusal struct {
	letter    desk.Pending
	relay, to string
	err       error
}

// note keeps a refusal until the round has ended.
func (l *letters) note(seq uint64, r refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusals[seq] = r
}

// spare gives those letters of a round another try whose recipients are not to blame: when a relay that has taken
// nothing in this pass refuses several different ones in the same words, it is us whom it refuses, whatever the words
// say.
func (l *letters) spare(results []desk.Result) {
	type group struct{ relay, gist string }
	to := map[group]map[string]bool{}
	of := func(r refusal) group { return group{r.relay, fault.Gist(r.err.Error())} }
	for _, r := range l.refusals {
		if g := of(r); l.taken[r.relay] == 0 {
			if to[g] == nil {
				to[g] = map[string]bool{}
			}
			to[g][r.to] = true
		}
	}
	for i, result := range results {
		r, refused := l.refusals[result.Seq]
		if !refused || len(to[of(r)]) < 2 {
			continue
		}
		err := fault.Misconfigured(fmt.Errorf("%w; it refuses several recipients in the same words and takes nothing, so it is not about "+
			"them: check smtp and mailboxes[].from of %s, or ask who runs the server", r.err, r.relay))
		l.tally.GiveUp(relayOf(r.relay), err)
		l.tally.Wait(1)
		results[i] = l.again(r.letter, err)
		results[i].Own = true
	}
	clear(l.refusals)
}
