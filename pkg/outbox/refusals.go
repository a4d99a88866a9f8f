package outbox

import (
	"fmt"
	"strings"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// refusal is a relay's refusal of a letter.
type refusal struct {
	letter    desk.Pending
	relay, to string
	err       error
}

// gist returns the words of the refusal without the parts that differ from letter to letter.
func (r refusal) gist() string { return fault.Gist(r.err.Error()) }

// note keeps a refusal until the round has ended.
func (l *letters) note(seq uint64, r refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusals[seq] = r
}

// final reports whether to give up a letter after a refusal: immediately if the refusal is definite, otherwise
// after enough repetitions over enough time.
func (l *letters) final(d desk.Pending, err error) bool {
	tries, over := fault.Patience(err)
	if tries == 0 {
		return fault.Of(err) == fault.Never
	}
	return d.Failures+1 >= tries && l.Now().Sub(d.First) >= over
}

// spare schedules a retry of letters that were refused through no fault of their recipients. If a relay refuses several
// recipients in the same words and has accepted no letter in between, it refuses us, whatever the words say.
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

// refusing returns the relays that refused letters in this round and have accepted none in this pass.
func (l *letters) refusing() map[string]bool {
	relays := map[string]bool{}
	for _, r := range l.refusals {
		if l.taken[r.relay] == 0 {
			relays[r.relay] = true
		}
	}
	return relays
}

// refusedBy returns, by the words of the refusal, the recipients that a relay has refused in this round and before. It
// ignores refusals from before the last accepted letter.
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
		note := fault.Gist(p.Note) // the note begins with the relay's words
		for gist := range to {
			if p.Last.After(taken) && strings.HasPrefix(note, gist) {
				to[gist][p.Effect.Letter.To.Key()] = true
			}
		}
	}
	return to
}
