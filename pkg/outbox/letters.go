package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// letters sends letters with several goroutines.
type letters struct {
	*Outbox
	kit Kit

	dial   sync.Mutex // only one connection to a relay is opened at a time
	relays map[string]Relay

	mu     sync.Mutex
	failed map[string]int // by mailbox: letters in a row over which its relay failed
	taken  map[string]int // by mailbox: letters accepted by its relay in this pass

	refusals map[uint64]refusal // of this round, by number of the queue entry
	written  func() error       // waits until the attempts of this round are written
}

// round makes a round of letters: it records the attempts and sends the letters, several at a time. It returns their
// results.
func (l *letters) round(ctx context.Context, kit Kit, due []desk.Pending) ([]desk.Result, error) {
	var (
		dropped []desk.Result
		ready   []desk.Pending
	)
	for _, d := range due {
		if d.Unsure && d.Effect.Letter.Once() {
			// The letter may have been sent already, and an auto-reply must not be sent twice.
			dropped = append(dropped, desk.Result{
				Seq:     d.Seq,
				Dropped: "its fate is unknown, and an auto-reply is not sent twice",
			})
			continue
		}
		ready = append(ready, d)
	}
	if len(ready) == 0 {
		return dropped, nil
	}
	l.kit = kit
	// Letters over which the relay may have failed go last.
	slices.SortStableFunc(ready, func(a, b desk.Pending) int { return cmp.Compare(a.Failures, b.Failures) })
	if err := l.queue.Start(l.Now(), desk.Attempts{Seqs: seqs(ready)}); err != nil {
		return nil, err
	}
	l.written = sync.OnceValue(l.queue.Flush)
	results := make([]desk.Result, len(ready))
	err := l.AtOnce(l.senders(ctx, ready, results)...)
	if err == nil {
		err = l.spare(results)
	}
	l.delays(ready, results)
	return append(results, dropped...), err
}

// sendersAtOnce is the number of letters sent at the same time. A relay may use fewer connections.
const sendersAtOnce = 4

// senders returns functions that divide the letters among them and store the results. Each letter belongs to a
// different ticket.
func (l *letters) senders(ctx context.Context, ready []desk.Pending, results []desk.Result) []func() error {
	var next atomic.Int64
	fns := make([]func() error, min(sendersAtOnce, len(ready)))
	for k := range fns {
		fns[k] = func() error {
			for i := next.Add(1) - 1; i < int64(len(ready)); i = next.Add(1) - 1 {
				results[i] = l.send(ctx, ready[i])
			}
			return nil
		}
	}
	return fns
}

// send sends one letter through its relay. A letter that causes a panic is held.
func (l *letters) send(ctx context.Context, d desk.Pending) (result desk.Result) {
	if err := Try("send letter", func() error { result = l.sendOne(ctx, d); return nil }); err != nil {
		return l.hold(d, err)
	}
	return result
}

func (l *letters) sendOne(ctx context.Context, d desk.Pending) desk.Result {
	if d.Effect.Letter.As != "" && d.Effect.Letter.Only.Addr == "" {
		return desk.Result{Seq: d.Seq, Dropped: "whom it was for was erased"}
	}
	where := relayOf(d.Effect.Letter.Mailbox)
	if err := l.tally.Away(where); err != nil {
		l.tally.Wait(1)
		return l.untried(d, err)
	}
	s, ok := l.sender(d.Effect.Letter.Mailbox)
	if !ok {
		return l.hold(d, fmt.Errorf("send letter: mailbox %s is not configured any more", d.Effect.Letter.Mailbox))
	}
	t, err := l.tickets.Ticket(d.Effect.Ticket)
	if err != nil {
		return l.hold(d, err)
	}
	letter, left, err := l.letter(ctx, s, t, d)
	if fault.Known(err) && fault.Of(err) != fault.Never { // the portal does not deliver its files
		l.tally.Problem(portal, err)
		l.tally.Wait(1)
		r := l.untried(d, err)
		r.Next, r.Own = l.Now().Add(max(desk.Backoff(d.Failures+1, d.Effect.Key), fault.After(err))), true
		return r
	}
	if err != nil {
		return l.hold(d, err)
	}
	relay, err := l.relay(ctx, s)
	if err != nil {
		l.tally.GiveUp(where, err)
		l.tally.Wait(1)
		return l.untried(d, err)
	}
	if err = l.written(); err == nil {
		err = l.Still()
	}
	if err != nil {
		return late(d, err)
	}
	got, err := relay.Send(ctx, letter)
	switch {
	case err == nil:
		return l.sent(ctx, s, d, letter, got, left)
	case Panicked(err):
		r := l.hold(d, err)
		r.Unsure = true
		return r
	}
	return l.unsent(s, d, t, letter, err)
}

// untried returns the result of an attempt that failed before the relay was used.
func (l *letters) untried(d desk.Pending, err error) desk.Result {
	r := l.again(d, err)
	r.Unsure = d.Unsure
	return r
}

// relay returns the connection to a relay. All letters of a pass share it.
func (l *letters) relay(ctx context.Context, s Sender) (Relay, error) {
	l.dial.Lock()
	defer l.dial.Unlock()
	if r, ok := l.relays[s.Name]; ok {
		return r, nil
	}
	r, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	l.relays[s.Name] = r
	return r, nil
}

// close closes the connections to the relays.
func (l *letters) close() {
	for name, r := range l.relays {
		if err := r.Close(); err != nil {
			l.Log.Debug("close relay", "mailbox", name, "err", err)
		}
	}
	l.relays = nil
}

// sent returns the result of a letter that the relay has accepted.
func (l *letters) sent(ctx context.Context, s Sender, d desk.Pending, letter desk.Letter, got desk.Sent,
	left []string) desk.Result {
	l.takes(s)
	l.Log.Info("sent", "effect", d.Effect.Letter.Kind, "ticket", d.Effect.Ticket, "message", letter.MessageID, "try",
		d.Tries+1)
	r := desk.Result{Seq: d.Seq, Done: true, ID: letter.MessageID}
	if d.Effect.Letter.Only.Addr != "" { // the other recipients have got it before
		r.Then = lateCopy{l}.went(d)
		return r
	}
	l.tally.Count(func(c *Counts) { c.Sent++ })
	absent := got.Absent
	if letter.Only.Addr != "" {
		absent = letter.Cc
	}
	for _, a := range letter.Cc {
		if !slices.Contains(absent, a) {
			r.Cc = append(r.Cc, a.Addr)
		}
	}
	r.Sent, r.Then = letter.Text, slices.Concat(l.afterwards(ctx, d, r.Cc, left), apart(d, absent))
	if comments := d.Effect.Letter.Comments; len(comments) > 0 {
		r.Words = comments[0].Name
	}
	if s.Copies {
		r.Copy = got.Raw
	}
	return r
}

// unsent returns the result of a letter that the relay did not accept, or may not have accepted.
func (l *letters) unsent(s Sender, d desk.Pending, t desk.Ticket, letter desk.Letter, err error) desk.Result {
	l.Log.Info("relay", "mailbox", s.Name, "ticket", t.Number, "try", d.Tries+1, "err", err)
	switch {
	case l.fails(s, letter, err):
		l.tally.GiveUp(relayOf(s.Name), err)
	case fault.ExtentOf(err) == fault.Setup:
		l.tally.Problem(relayOf(s.Name), err)
	}
	large := errors.Is(err, fault.ErrTooLarge) && len(letter.Files) > 0
	if tries, _ := fault.Patience(err); !large && (tries > 0 || fault.Of(err) == fault.Never) {
		l.note(d.Seq, refusal{letter: d, relay: s.Name, to: d.Effect.Letter.Recipient().Key(), err: err})
	}
	if !l.final(d, err) {
		l.tally.Wait(1)
		r := l.again(d, err)
		// the server may drop the connection because of this letter
		if r.Own = true; d.Failures > 0 && fault.ExtentOf(err) == fault.Server {
			r.Next = l.Now().Add(max(min(desk.Backoff(d.Failures+1, d.Effect.Key), mostSetBack), fault.After(err)))
		}
		return r
	}
	if large {
		return l.bare(d, err)
	}
	r := desk.Result{Seq: d.Seq, Dropped: "refused: " + err.Error()}
	if only := d.Effect.Letter.Only; only.Addr != "" {
		r.Return, r.Then = only.Addr, lateCopy{l}.lost(d, err)
		return r
	}
	// Those in copy still get the letter.
	r.Failed, r.Then = err.Error(), append(l.refused(s, d, t, err), apart(d, d.Effect.Letter.Cc)...)
	return r
}

// mostSetBack bounds the delay of a letter after the relay dropped the connection on it or refused several recipients
// in the same words.
const mostSetBack = 10 * time.Minute

// Failures in a row after which a relay is not used again in this pass: dropped connections, and refusals to serve us.
const (
	breaks   = 2
	refusals = 10 // more, because the refusal may come from one recipient's server
)

// takes records that a relay has accepted a letter.
func (l *letters) takes(s Sender) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed[s.Name] = 0
	l.taken[s.Name]++
}

// fails records that a relay failed over a letter, and reports whether to stop using the relay in this pass. Refusals
// of the envelope sender of auto-replies do not count, because other letters have a different one.
func (l *letters) fails(s Sender, letter desk.Letter, err error) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch extent := fault.ExtentOf(err); {
	case extent == fault.Server:
		l.failed[s.Name]++
		return l.failed[s.Name] >= breaks
	case extent == fault.Setup && letter.EnvelopeFrom == "":
		l.failed[s.Name]++
		return l.failed[s.Name] >= refusals
	}
	return false
}

// bare replaces a letter that is too large for its relay by the same letter without files.
func (l *letters) bare(d desk.Pending, err error) desk.Result {
	draft := *d.Effect.Letter
	draft.Bare = true
	e := d.Effect // the same key, so that the Message-ID stays the same
	e.Letter = &draft
	l.tally.Wait(1)
	return desk.Result{Seq: d.Seq, Replace: &e, Note: err.Error()}
}

// refused returns a comment that informs the specialists of a letter that could not be delivered.
func (l *letters) refused(s Sender, d desk.Pending, t desk.Ticket, cause error) []desk.Effect {
	key := desk.DeriveKey("refused", d.Effect.Key)
	e := desk.Effect{Kind: desk.CommentTask, Key: key, Ticket: t.Number, Post: &desk.Post{
		Form: desk.FormRefused, Marker: l.Signer.Marker(key), From: d.Effect.Letter.To, At: l.Now()}}
	m := desk.Message{From: d.Effect.Letter.To, Subject: t.Subject}
	m.Received = l.Now()
	if err := Describe(l.kit.Texts(s.Name, ""), s.Zone, &m, &e, cause.Error()); err != nil {
		l.tally.Problem("templates", err)
		return nil
	}
	return []desk.Effect{e}
}
