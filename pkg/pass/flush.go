package pass

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// flush makes what is due, in rounds, until a round finds nothing more.
func (p *Pass) flush(ctx context.Context) error {
	for ctx.Err() == nil {
		before := len(p.tried)
		if err := p.round(ctx); err != nil || len(p.tried) == before {
			return err
		}
	}
	return nil
}

// round makes one round: of each ticket the first effect that is due, tasks and comments in one batch, and at the same
// time the letters.
func (p *Pass) round(ctx context.Context) error {
	due, err := p.Outbox.Due(p.Now(), chunk, p.skip)
	if err != nil || len(due) == 0 {
		return err
	}
	posts, letters, results := p.sort(due)
	if err := p.equip(); err != nil {
		return err
	}
	var made, sent []desk.Result
	err = p.together(
		func() (err error) { made, err = p.posts(ctx, posts); return err },
		func() (err error) { sent, err = p.letters(ctx, letters); return err })
	if results = slices.Concat(results, made, sent); len(results) > 0 {
		err = errors.Join(err, p.Outbox.Finish(p.Now(), results))
	}
	return err
}

// sort tells posts and letters apart, and what can't be made: earlier versions dropped a task, and nothing behind it.
func (p *Pass) sort(due []desk.Pending) (posts, letters []desk.Pending, lost []desk.Result) {
	for _, d := range due {
		p.tried[d.Seq] = true
		switch e := d.Effect; {
		case e.Kind == desk.OpenTask || e.Kind == desk.CommentTask && e.Task != 0:
			posts = append(posts, d)
		case e.Task != 0:
			letters = append(letters, d)
		default:
			lost = append(lost, p.hold(d, fmt.Errorf("make %s: ticket %d has no task", e.Kind, e.Ticket)))
		}
	}
	return posts, letters, lost
}

// skip says whether an effect is to wait for another pass: it had its attempt in this one, or the server it needs was
// found away.
func (p *Pass) skip(d desk.Pending) bool {
	if p.tried[d.Seq] {
		return true
	}
	if d.Effect.Kind == desk.SendLetter {
		return p.isAway("relay " + d.Effect.Letter.Mailbox)
	}
	return p.isAway("portal")
}

// gone notes that a server is not to be used again in this pass.
func (p *Pass) gone(where string, err error) {
	p.mu.Lock()
	p.away[where] = err
	p.mu.Unlock()
	p.problem(where, err)
}

func (p *Pass) isAway(where string) bool { return p.why(where) != nil }

// why returns the error a server was found away by, nil where it was not.
func (p *Pass) why(where string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.away[where]
}

// again puts off an effect. A server that is away is no fault of the effect's: the next pass tries it again.
func (p *Pass) again(d desk.Pending, err error) desk.Result {
	own := fault.ExtentOf(err) == fault.One
	r := desk.Result{Seq: d.Seq, Again: true, Unsure: fault.Of(err) == fault.Unsure, Blamed: own, Note: err.Error()}
	wait := desk.Backoff(d.Blamed+1, d.Effect.Key)
	if !own {
		wait = 0
	}
	r.Next = p.Now().Add(max(wait, fault.After(err)))
	return r
}
