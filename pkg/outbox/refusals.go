package outbox

import (
	"fmt"
	"strings"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// refusal is what a relay said of a letter that it does not take.
type refusal struct {
	letter    desk.Pending
	relay, to string
	err       error
}

// gist is what it said without what differs from letter to letter.
func (r refusal) gist() string { return fault.Gist(r.err.Error()) }

// note keeps a refusal until the round has ended.
func (l *letters) note(seq uint64, r refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusals[seq] = r
}

// final reports whether a letter is given up over a refusal: at once where that tells whom it is about, else when it
// has been repeated often enough and for long enough.
func (l *letters) final(d desk.Pending, err error) bool {
	tries, over := fault.Patience(err)
	if tries == 0 {
		return fault.Of(err) == fault.Never
	}
	return d.Failures+1 >= tries && l.Now().Sub(d.First) >= over
}

// spare gives those letters of a round another try whose recipients are not to blame: when a relay refuses several
// different ones in the same words, and has taken nothing in between, it is us whom it refuses, whatever the words say.
func (l *letters) spare(results []desk.Result) error {
	defer clear(l.refusals)
	several := map[string]bool{} // relay NUL gist
	for relay := range l.refusing() {
		waiting, taken, err := l.queue.Refused(relay)
		if err != nil {
			return err
		}
		for gist, to := range l.refusedBy(relay, waiting, taken) {
			several[relay+"\x00"+gist] = len(to) > 1
		}
	}
	for i, result := range results {
		r, refused := l.refusals[result.Seq]
		if !refused || !several[r.relay+"\x00"+r.gist()] {
			continue
		}
		err := fault.Misconfigured(fmt.Errorf("%w; it refuses several recipients in the same words and takes "+
			"nothing, so it is not about "+
			"them: check smtp and mailboxes[].from of %s, or ask who runs the server", r.err, r.relay))
		l.tally.GiveUp(relayOf(r.relay), err)
		l.tally.Wait(1)
		results[i] = l.again(r.letter, err)
		results[i].Own = true
		results[i].Next = l.Now().Add(min(desk.Backoff(r.letter.Failures+1, r.letter.Effect.Key), mostSetBack))
	}
	return nil
}

// refusing returns the relays that refused letters of this round and have taken none in this pass.
func (l *letters) refusing() map[string]bool {
	relays := map[string]bool{}
	for _, r := range l.refusals {
		if l.taken[r.relay] == 0 {
			relays[r.relay] = true
		}
	}
	return relays
}

// refusedBy returns whom a relay refused by what it said, in this round and before, as far as it took nothing later
// than that.
func (l *letters) refusedBy(relay string, waiting []desk.Pending, taken time.Time) map[string]map[string]bool {
	to := map[string]map[string]bool{}
	for _, r := range l.refusals {
		if r.relay == relay && to[r.gist()] == nil {
			to[r.gist()] = map[string]bool{}
		}
		if r.relay == relay {
			to[r.gist()][r.to] = true
		}
	}
	for _, p := range waiting {
		note := fault.Gist(p.Note) // with what was added to the relay's words
		for gist := range to {
			if p.Last.After(taken) && strings.HasPrefix(note, gist) {
				to[gist][p.Effect.Letter.To.Key()] = true
			}
		}
	}
	return to
}
