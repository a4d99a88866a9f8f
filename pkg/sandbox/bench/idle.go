package main

import (
	"fmt"
)

func scenarios() []scenario {
	return []scenario{
		{"idle", idle},
		{"backlog", backlog},
	}
}

// idle measures a poll that finds nothing new.
func idle(b *measuring) (*table, error) {
	folder, _, err := b.w.imap.master("idle", b.seed, mix{count: b.letters})
	if err != nil {
		return nil, err
	}
	user, err := b.w.imap.mailbox(folder, true)
	if err != nil {
		return nil, err
	}
	i, err := b.p.install(b.w, user, b.w.imap.addr, b.w.smtp.Addr())
	if err != nil {
		return nil, err
	}
	defer i.remove()
	if _, err := i.run("poll"); err != nil { // makes the state
		return nil, err
	}
	before, _, err := i.writes()
	if err != nil {
		return nil, err
	}
	b.w.portal.reading()
	var poll, floor, sync sample
	for range b.rounds * idleRuns {
		f, err := b.p.run(i.dir, nil, b.p.floor, "idle", b.w.imap.addr, user, password)
		if err != nil {
			return nil, err
		}
		floor.add(f)
		if f, err = i.run("poll"); err != nil {
			return nil, err
		}
		poll.add(f)
		if b.p.mbsync == "" {
			continue
		}
		if f, err = b.p.sync(i.dir, b.w.imap.addr, user); err != nil {
			return nil, err
		}
		sync.add(f)
	}
	after, _, err := i.writes()
	if err != nil {
		return nil, err
	}
	hits, _ := b.w.portal.reading()
	t := &table{title: "Idle", head: []string{"program", "wall", "CPU", "peak RSS", "to the floor"}}
	t.row("floor", seconds(floor.wall()), seconds(floor.cpu()), megabytes(floor.rss()), "1")
	t.row("helpdesk poll", seconds(poll.wall()), seconds(poll.cpu()), megabytes(poll.rss()), times(poll.ratio(floor)))
	if len(sync) > 0 {
		t.row("mbsync", seconds(sync.wall()), seconds(sync.cpu()), megabytes(sync.rss()), times(sync.ratio(floor)))
	}
	t.note("%d calls of the portal, %d transactions in %d passes.", hits, after-before, len(poll))
	return t, nil
}

// idleRuns is how many idle passes make a round: each is short.
const idleRuns = 5

var _ = fmt.Sprint
