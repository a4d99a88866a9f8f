package main

// backlog measures new letters.
func backlog(b *measuring) (*table, error) {
	folder, size, err := b.w.imap.master("backlog", b.seed, mix{count: b.letters})
	if err != nil {
		return nil, err
	}
	var poll, floor, sync sample
	t := &table{title: "Backlog", head: []string{"program", "wall", "CPU", "peak RSS", "to mbsync"}}
	for range b.rounds {
		if err := b.fetched(folder, &floor); err != nil {
			return nil, err
		}
		if err := b.synced(folder, &sync); err != nil {
			return nil, err
		}
		r, err := b.polled(folder, b.w.smtp.Addr(), &poll)
		if err != nil {
			return nil, err
		}
		t.notes = []string{r.String()}
	}
	t.row("floor", seconds(floor.wall()), seconds(floor.cpu()), megabytes(floor.rss()), times(floor.ratio(sync)))
	t.row("mbsync", seconds(sync.wall()), seconds(sync.cpu()), megabytes(sync.rss()), "1")
	t.row("helpdesk poll", seconds(poll.wall()), seconds(poll.cpu()), megabytes(poll.rss()), times(poll.ratio(sync)))
	t.note("%d letters, %s.", b.letters, megabytes(size))
	return t, nil
}
