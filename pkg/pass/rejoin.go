package pass

import (
	"context"

	"helpdesk/pkg/desk"
)

// rejoin has our user take part again in the tasks he was taken off, and reads their talks once more. Where he may not,
// the talk keeps its error, which is told once.
func (p *Pass) rejoin(ctx context.Context, watches []desk.Watch, talks []desk.Talk) ([]desk.Talk, error) {
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
	joined, err := p.Feed.Rejoin(ctx, barred)
	if err != nil || len(joined) == 0 {
		return talks, err
	}
	var again []desk.Watch
	for _, task := range joined {
		p.Log.Info("took part in a task again", "task", task)
		again = append(again, watches[at[task]])
	}
	read, err := p.Feed.Talks(ctx, again)
	for _, t := range read {
		talks[at[t.Task]] = t
	}
	return talks, err
}
