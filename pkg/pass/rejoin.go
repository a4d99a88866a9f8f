package pass

import (
	"context"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/outbox"
)

// rejoin adds our user again to tasks from which they were removed, and reads the comments of these tasks again. If
// that is not permitted, the talk keeps its error, which is reported once.
func (p *notifier) rejoin(ctx context.Context, watches []desk.Watch, talks []desk.Talk) ([]desk.Talk, error) {
	at := map[int64]int{}
	var barred []int64
	for i, t := range talks {
		if t.Barred {
			at[t.Task] = i
			barred = append(barred, t.Task)
		}
	}
	if len(barred) == 0 {
		return talks, nil
	}
	joined, err := p.feed.Rejoin(ctx, barred)
	if outbox.Panicked(err) {
		p.tally.Problem("portal", err)
		return talks, nil
	}
	if err != nil || len(joined) == 0 {
		return talks, err
	}
	var again []desk.Watch
	for _, task := range joined {
		p.Log.Info("took part in a task again", "task", task)
		again = append(again, watches[at[task]])
	}
	read, err := p.readTalks(ctx, again)
	for _, t := range read {
		talks[at[t.Task]] = t
	}
	return talks, err
}

// readTalks reads talks. If that panics, it reads each one alone, and a panic becomes the error of its talk.
func (p *notifier) readTalks(ctx context.Context, watches []desk.Watch) ([]desk.Talk, error) {
	talks, err := p.feed.Talks(ctx, watches)
	if !outbox.Panicked(err) {
		return talks, err
	}
	talks = make([]desk.Talk, len(watches))
	for i, w := range watches {
		one, err := p.feed.Talks(ctx, watches[i:i+1])
		switch {
		case outbox.Panicked(err):
			talks[i] = desk.Talk{Task: w.Task, Err: err}
		case err != nil:
			return nil, err
		default:
			talks[i] = one[0]
		}
	}
	return talks, nil
}
