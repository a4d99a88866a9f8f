package pass

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// letters makes a round of letters: the attempts are noted, the letters sent, several at the same time. It returns what
// became of them.
func (p *Pass) letters(ctx context.Context, due []desk.Pending) ([]desk.Result, error) {
	var (
		dropped []desk.Result
		ready   []desk.Pending
	)
	for _, d := range due {
		if d.Unsure && d.Effect.Letter.Automatic() {
			// It may have gone out: an auto-reply is sent once or not at all.
			dropped = append(dropped, desk.Result{Seq: d.Seq, Dropped: "its fate is unknown, and an auto-reply is not sent twice"})
			continue
		}
		ready = append(ready, d)
	}
	if len(ready) == 0 {
		return dropped, nil
	}
	// What the relay may have failed over goes behind the others.
	slices.SortStableFunc(ready, func(a, b desk.Pending) int { return cmp.Compare(a.Blamed, b.Blamed) })
	if err := p.Outbox.Start(p.Now(), desk.Attempts{Seqs: seqs(ready)}); err != nil {
		return nil, err
	}
	results := make([]desk.Result, len(ready))
	err := p.together(p.senders(ctx, ready, results)...)
	return append(results, dropped...), err
}

// sendersAtOnce is how many letters are on their way at the same time; a relay may take them on fewer connections.
const sendersAtOnce = 4

// senders returns functions that share out the letters among them, each of another ticket, and put down the results.
func (p *Pass) senders(ctx context.Context, ready []desk.Pending, results []desk.Result) []func() error {
	var next atomic.Int64
	fns := make([]func() error, min(sendersAtOnce, len(ready)))
	for k := range fns {
		fns[k] = func() error {
			for i := next.Add(1) - 1; i < int64(len(ready)); i = next.Add(1) - 1 {
				results[i] = p.send(ctx, ready[i])
			}
			return nil
		}
	}
	return fns
}

// send makes one letter and gives it to its relay, whatever happens in the making: the letters go out in goroutines, where
// one that panics would end every pass.
func (p *Pass) send(ctx context.Context, d desk.Pending) (result desk.Result) {
	unsure := d.Unsure
	defer func() {
		if r := recover(); r != nil {
			result = p.hold(d, fmt.Errorf("send letter: panic: %v", r))
			result.Unsure = unsure
		}
	}()
	where := "relay " + d.Effect.Letter.Mailbox
	if err := p.why(where); err != nil {
		p.add(&p.report.Waiting, 1)
		return p.untried(d, err)
	}
	b, ok := p.box(d.Effect.Letter.Mailbox)
	if !ok {
		return p.hold(d, fmt.Errorf("send letter: mailbox %s is not configured any more", d.Effect.Letter.Mailbox))
	}
	t, err := p.Tickets.Ticket(d.Effect.Ticket)
	if err != nil {
		return p.hold(d, err)
	}
	letter, err := p.letter(ctx, b, t, d)
	if fault.Known(err) && fault.Of(err) != fault.Never { // the portal does not give its files
		p.problem("portal", err)
		p.add(&p.report.Waiting, 1)
		r := p.untried(d, err)
		r.Next, r.Blamed = p.Now().Add(max(desk.Backoff(d.Blamed+1, d.Effect.Key), fault.After(err))), true
		return r
	}
	if err != nil {
		return p.hold(d, err)
	}
	relay, err := p.relay(ctx, b)
	if err != nil {
		p.gone(where, err)
		p.add(&p.report.Waiting, 1)
		return p.untried(d, err)
	}
	unsure = true
	raw, err := relay.Send(ctx, letter)
	return p.sent(ctx, b, d, t, letter, raw, err)
}

// untried is the result of an attempt that never got as far as the relay.
func (p *Pass) untried(d desk.Pending, err error) desk.Result {
	r := p.again(d, err)
	r.Unsure = d.Unsure
	return r
}

func (p *Pass) hold(d desk.Pending, err error) desk.Result {
	p.held(fmt.Sprintf("outbox entry %d", d.Seq), err)
	return desk.Result{Seq: d.Seq, Hold: true, Unsure: d.Unsure, Note: err.Error()}
}

func (p *Pass) relay(ctx context.Context, b Box) (Relay, error) {
	p.dial.Lock()
	defer p.dial.Unlock()
	if r, ok := p.relays[b.Name]; ok {
		return r, nil
	}
	r, err := b.Relay(ctx)
	if err != nil {
		return nil, err
	}
	p.relays[b.Name] = r
	return r, nil
}

func (p *Pass) sent(ctx context.Context, b Box, d desk.Pending, t desk.Ticket, l desk.Letter, raw []byte, err error) desk.Result {
	trouble := p.fortune("relay "+b.Name, err)
	if err == nil {
		p.add(&p.report.Sent, 1)
		p.Log.Info("sent", "effect", d.Effect.Letter.Kind, "ticket", t.Number, "message", l.MessageID, "try", d.Tries+1)
		p.save(ctx, b, l, raw)
		return desk.Result{Seq: d.Seq, Done: true, ID: l.MessageID}
	}
	p.Log.Warn("relay", "mailbox", b.Name, "ticket", t.Number, "try", d.Tries+1, "err", err)
	switch {
	case trouble:
		p.gone("relay "+b.Name, err)
	case fault.ExtentOf(err) == fault.Setup:
		p.problem("relay "+b.Name, err)
	}
	if fault.Of(err) != fault.Never {
		p.add(&p.report.Waiting, 1)
		r := p.again(d, err)
		if r.Blamed = true; d.Blamed > 0 && fault.ExtentOf(err) == fault.Server { // it may be this one that the server breaks off over
			r.Next = p.Now().Add(max(min(desk.Backoff(d.Blamed+1, d.Effect.Key), suspicion), fault.After(err)))
		}
		return r
	}
	if errors.Is(err, fault.ErrTooLarge) && len(l.Files) > 0 {
		return p.bare(d, err)
	}
	note := "refused: " + err.Error()
	return desk.Result{Seq: d.Seq, Dropped: note, Failed: err.Error(), Then: p.refused(b, d, t, err)}
}

// suspicion is how long a letter stands back at most over whose like the relay broke off.
const suspicion = 10 * time.Minute

// What a relay may fail over in a row before it is left alone for a pass: breaking off, and refusing us as it says.
const (
	breaks   = 2
	refusals = 10 // it may be one recipient's server that it asks
)

// fortune notes what became of a letter at a relay, and says whether that is to be left alone for this pass.
func (p *Pass) fortune(where string, err error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch extent := fault.ExtentOf(err); {
	case err == nil:
		p.luck[where] = 0
	case extent == fault.Server:
		p.luck[where]++
		return p.luck[where] >= breaks
	case extent == fault.Setup:
		p.luck[where]++
		return p.luck[where] >= refusals
	}
	return false
}

func (p *Pass) save(ctx context.Context, b Box, l desk.Letter, raw []byte) {
	if b.Save == nil {
		return
	}
	if err := b.Save(ctx, raw, l.Date); err != nil {
		p.Log.Warn("save copy of letter", "mailbox", b.Name, "err", err)
	}
}

// bare gives the place of a letter that is too large for its relay to the same letter without its files.
func (p *Pass) bare(d desk.Pending, err error) desk.Result {
	draft := *d.Effect.Letter
	draft.Bare = true
	e := d.Effect // with its key, which makes the Message-ID
	e.Letter = &draft
	p.add(&p.report.Waiting, 1)
	return desk.Result{Seq: d.Seq, Replace: &e, Note: err.Error()}
}

// refused is the comment that tells the specialists of a letter that could not be delivered.
func (p *Pass) refused(b Box, d desk.Pending, t desk.Ticket, cause error) []desk.Effect {
	key := desk.DeriveKey("refused", d.Effect.Key)
	e := desk.Effect{Kind: desk.CommentTask, Key: key, Ticket: t.Number, Post: &desk.Post{
		Form: desk.FormRefused, Marker: p.Signer.Marker(key), From: d.Effect.Letter.To, At: p.Now()}}
	m := desk.Message{From: d.Effect.Letter.To, Subject: t.Subject}
	m.Received = p.Now()
	if err := p.describe(b, &m, &e, cause.Error()); err != nil {
		p.problem("templates", err)
		return nil
	}
	return []desk.Effect{e}
}
