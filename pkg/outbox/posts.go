package outbox

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/markup"
)

// posts makes tasks and comments. Only one goroutine may use it.
type posts struct {
	*Outbox
	kit       Kit
	condemned int            // groups in this pass whose failure was not attributed to the portal
	dismissed map[int64]bool // users looked up in this pass: whether they are unknown or dismissed
}

// round makes a round of tasks and comments. It searches for those that may exist already, brings the required files
// and profiles to the portal, records the attempts and makes them. It returns the results.
func (p *posts) round(ctx context.Context, kit Kit, due []desk.Pending) ([]desk.Result, error) {
	if len(due) == 0 {
		return nil, nil
	}
	p.kit = kit
	unmade, results := p.search(ctx, due)
	if len(unmade) == 0 {
		return results, nil
	}
	s, err := p.supply(ctx, unmade)
	results = append(results, s.waiting...)
	if err != nil {
		return results, err
	}
	results = append(results, p.finish(&s)...)
	for _, group := range groups(s.ready) {
		if p.tally.Away(portal) != nil {
			p.tally.Wait(len(group))
			continue
		}
		outcomes, err := p.attempt(ctx, group, s.takeNotes())
		if results = append(results, outcomes...); err != nil {
			return results, err
		}
	}
	if notes := s.takeNotes(); len(notes.Files)+len(notes.Asked) > 0 { // nothing was attempted
		err = p.queue.Start(p.Now(), notes)
	}
	return results, err
}

// search looks for effects whose earlier attempt may have succeeded. It returns the effects to be attempted, which
// certainly do not exist yet or were never tried, and the results of the others.
func (p *posts) search(ctx context.Context, due []desk.Pending) (unmade []desk.Pending, results []desk.Result) {
	var unsure []desk.Pending
	since := p.Now()
	for _, d := range due {
		if !d.Unsure {
			unmade = append(unmade, d)
			continue
		}
		unsure = append(unsure, d)
		if d.First.Before(since) {
			since = d.First
		}
	}
	if len(unsure) == 0 {
		return unmade, nil
	}
	found, panicked, err := p.find(ctx, unsure, since)
	if err != nil {
		p.tally.GiveUp(portal, err)
		p.tally.Wait(len(due))
		return nil, nil
	}
	for i, d := range unsure {
		switch {
		case panicked[i] != nil:
			results = append(results, p.hold(d, panicked[i]))
		case found[i].Err != nil:
			results = append(results, desk.Result{
				Seq:    d.Seq,
				Again:  true,
				Unsure: true,
				Next:   p.Now().Add(p.Settle),
				Note:   found[i].Err.Error(),
			})
			p.tally.Wait(1)
		case found[i].Task != 0 || found[i].Comment != 0:
			found[i].Seen, found[i].Found = true, true
			results = append(results, p.made(d, found[i]))
		case p.Now().Sub(d.Last) < p.Settle:
			results = append(results, desk.Result{
				Seq:    d.Seq,
				Again:  true,
				Unsure: true,
				Next:   d.Last.Add(p.Settle),
				Note:   d.Note,
			})
			p.tally.Wait(1)
		default:
			unmade = append(unmade, d)
		}
	}
	return unmade, results
}

// find looks for effects in the portal. If that panics, it looks for each one alone. It returns what it has found, and
// the panics by index.
func (p *posts) find(ctx context.Context, unsure []desk.Pending,
	since time.Time) (found []desk.Made, panicked map[int]error, err error) {
	if found, err = p.portal.Find(ctx, effects(unsure), since); !Panicked(err) {
		return found, nil, err
	}
	found, panicked = make([]desk.Made, len(unsure)), map[int]error{}
	for i := range unsure {
		one, err := p.portal.Find(ctx, effects(unsure[i:i+1]), since)
		switch {
		case Panicked(err):
			panicked[i] = err
		case err != nil:
			return nil, nil, err
		default:
			found[i] = one[0]
		}
	}
	return found, panicked, nil
}

// finish completes the texts and settings of the effects with what is known only now. An effect that causes a panic is
// held.
func (p *posts) finish(s *supplies) (held []desk.Result) {
	ready := s.ready
	s.ready, s.notes.Fields = nil, map[uint64]desk.Fields{}
	for _, d := range ready {
		err := Try("finish "+string(d.Effect.Kind), func() error {
			p.renew(d, s.notes.Fields)
			p.word(&d)
			p.tellMissing(&d)
			return nil
		})
		if err != nil {
			held = append(held, p.hold(d, err))
			continue
		}
		s.ready = append(s.ready, d)
	}
	return held
}

// renew gives the current settings to a task that a person has released for a retry, and records them with the attempt.
func (p *posts) renew(d desk.Pending, notes map[uint64]desk.Fields) {
	if !d.Freed || d.Unsure || d.Effect.Kind != desk.OpenTask {
		return
	}
	if f, ok := p.kit.Rules.Renew(d.Effect.Post, p.Now()); ok {
		d.Effect.Post.Fields, notes[d.Seq] = &f, f
	}
}

// word writes the text of a remark that was added outside of a pass, where there are no templates.
func (p *posts) word(d *desk.Pending) {
	if d.Effect.Post.Form != desk.FormRemark || d.Effect.Post.Text != "" {
		return
	}
	post := *d.Effect.Post
	d.Effect.Post = &post
	Tell(p.kit.Texts(post.Mailbox, ""), &d.Effect)
}

// tellMissing adds the names of files that the portal does not get. They were not known when the text was written.
func (p *posts) tellMissing(d *desk.Pending) {
	if len(d.Effect.Post.Missing) == 0 {
		return
	}
	if words := strings.TrimSpace(p.kit.Texts(d.Effect.Post.Mailbox, "").Missing(d.Effect.Post.Form,
		d.Effect.Post.Missing)); words != "" {
		post := *d.Effect.Post
		room := utf8.RuneCountInString(words) - excess(d.Effect.Kind, post.Text+"\n\n"+words, 0)
		post.Text, post.Missing = post.Text+"\n\n"+markup.Cut(words, max(room, 1)), nil
		d.Effect.Post = &post
	}
}

// groups divides effects into groups that may be made together: those that were never tried or certainly refused, those
// with one failed attempt, and, one by one, those with more failures. One of the latter may be what makes the portal
// fail.
func groups(due []desk.Pending) (out [][]desk.Pending) {
	var fresh, second []desk.Pending
	for i, d := range due {
		switch {
		case !d.Unsure:
			fresh = append(fresh, d)
		case d.Failures == 0:
			second = append(second, d)
		default:
			out = append(out, due[i:i+1:i+1])
		}
	}
	return slices.DeleteFunc(append([][]desk.Pending{fresh, second}, out...), func(g []desk.Pending) bool {
		return len(g) == 0
	})
}

// frozen reports whether this machine was suspended after an attempt was recorded, for so long that another host may
// already have searched for its result. It uses the wall clock, because the monotonic clock stops together with the
// machine.
func (p *posts) frozen(noted time.Time) bool {
	return p.Now().Round(0).Sub(noted.Round(0)) > p.Settle/2
}

// tooLate leaves a group pending and unsure, because its attempts were recorded.
func (p *posts) tooLate(group []desk.Pending) []desk.Result {
	results := make([]desk.Result, len(group))
	for i, d := range group {
		results[i] = desk.Result{
			Seq:    d.Seq,
			Again:  true,
			Unsure: true,
			Note:   "this machine stood still before the attempt was made",
		}
	}
	return results
}

// attempt records an attempt of a group, makes the group and returns the results.
func (p *posts) attempt(ctx context.Context, group []desk.Pending, notes desk.Attempts) ([]desk.Result, error) {
	notes.Seqs = seqs(group)
	noted := p.Now()
	if err := p.queue.Start(noted, notes); err != nil {
		return nil, err
	}
	if err := p.queue.Flush(); err != nil {
		return nil, err
	}
	if err := p.Still(); err != nil {
		return nil, err
	}
	if p.frozen(noted) {
		return p.tooLate(group), nil
	}
	made := p.portal.Make(ctx, effects(group))
	p.condemn(group, made)
	p.saved(ctx, group, made)
	results := make([]desk.Result, len(made))
	for i, m := range made {
		if len(group) == 1 && Panicked(m.Err) {
			results[i] = p.hold(group[i], m.Err)
			results[i].Unsure = true
			continue
		}
		results[i] = p.outcome(ctx, group[i], m)
	}
	return results, nil
}

// saved looks for tasks and comments that failed with an error of their own: the portal may have saved them before it
// failed.
func (p *posts) saved(ctx context.Context, group []desk.Pending, made []desk.Made) {
	var at []int
	var failed []desk.Pending
	since := p.Now()
	for i, m := range made {
		d := group[i]
		if m.Err == nil || fault.ExtentOf(m.Err) != fault.One {
			continue
		}
		// the others will be searched for before the next attempt
		if fault.Of(m.Err) == fault.Never || !p.worthwhile(d, m.Err) {
			at, failed = append(at, i), append(failed, d)
			if !d.First.IsZero() && d.First.Before(since) {
				since = d.First
			}
		}
	}
	if len(at) == 0 || p.tally.Away(portal) != nil {
		return
	}
	found, err := p.portal.Find(ctx, effects(failed), since)
	if err != nil {
		p.Log.Debug("look for what was refused", "err", err)
		return
	}
	for k, f := range found {
		if f.Err == nil && f.Task != 0 {
			f.Seen, f.Found = true, true
			made[at[k]] = f
		}
	}
}

// mostCondemned is the number of groups in a pass whose failure is attributed to their effects. After that the portal
// counts as failing.
const mostCondemned = 2

// condemn attributes a failure of the whole portal to the effects of a group if they were searched for before: the
// portal had answered that request.
func (p *posts) condemn(group []desk.Pending, made []desk.Made) {
	if !group[0].Unsure || p.condemned == mostCondemned {
		return
	}
	failed := false
	for i, m := range made {
		if m.Err != nil && fault.ExtentOf(m.Err) == fault.Server && fault.Of(m.Err) == fault.Unsure {
			failed = true
			made[i].Err = fault.Vague(fault.Bare(m.Err))
		}
	}
	if failed {
		p.condemned++
	}
}

func effects(due []desk.Pending) []desk.Effect {
	out := make([]desk.Effect, len(due))
	for i, d := range due {
		out[i] = d.Effect
	}
	return out
}
