package main

import (
	"fmt"
	"time"
)

const (
	hour        = time.Hour
	portalDelay = 300 * time.Millisecond
	smallMemory = 64 << 20
	largeMemory = 64 << 20
	pagesMemory = 80 << 20
	manyMemory  = 80 << 20
	pageSize    = 1_000_000
	pagesCPU    = 1.1
)

// backlog measures new letters, compared with mbsync, which only fetches them.
func backlog(b *measuring) (*table, error) {
	t := results(fmt.Sprintf("A backlog of %d new letters", b.letters))
	return t, b.besideSync(t, "backlog", mix{count: b.letters}, b.rounds, smallMemory)
}

// large measures letters with large files, and one of the largest size that a mailbox accepts.
func large(b *measuring) (*table, error) {
	t := results(fmt.Sprintf("%d letters with files of 10 kB to 5 MB", b.letters))
	if err := b.besideSync(t, "large", mix{
		count:    b.letters,
		smallest: 10_000,
		largest:  5_000_000,
	}, min(b.rounds, 3), 0); err != nil {
		return nil, err
	}
	folder, size, err := b.w.imap.master("huge", b.seed, mix{
		count:    1,
		smallest: 36_000_000,
		largest:  36_000_000,
		plain:    true,
	})
	if err != nil {
		return nil, err
	}
	var poll sample
	for range b.rounds {
		r, err := b.polled(folder, b.w.smtp.Addr(), 0, &poll)
		if err != nil {
			return nil, err
		}
		if r.left+1 != r.tasks {
			return nil, fmt.Errorf("the letter of %s: %s", megabytes(size), r)
		}
	}
	t.weight(fmt.Sprintf("peak RSS of a poll with one letter of %s (%s)", megabytes(size), seconds(poll.wall())), poll,
		largeMemory)
	return t, nil
}

// pages measures letters of one large page each, with and without a limit of memory.
func pages(b *measuring) (*table, error) {
	m := mix{count: 50, page: pageSize, plain: true}
	folder, size, err := b.w.imap.master("pages", b.seed, m)
	if err != nil {
		return nil, err
	}
	var limited, free sample
	var last result
	for range min(b.rounds, 3) {
		if last, err = b.polled(folder, b.w.smtp.Addr(), 0, &limited); err != nil {
			return nil, err
		}
		if _, err := b.polled(folder, b.w.smtp.Addr(), 0, &free, "GOMEMLIMIT=off"); err != nil {
			return nil, err
		}
	}
	t := results(fmt.Sprintf("%d letters that are a page of %s each", m.count, megabytes(pageSize)))
	t.compareCPU("processor time of a poll", limited, "with GOMEMLIMIT=off", free, pagesCPU)
	t.weight("peak RSS", limited, pagesMemory)
	t.note("%d letters, %s; peak RSS with GOMEMLIMIT=off: %s. Of a poll: %s", m.count, megabytes(size),
		megabytes(free.rss()), last)
	return t, nil
}

// besideSync runs the floor, mbsync and helpdesk in turn, each on its own mailbox with the same letters.
func (b *measuring) besideSync(t *table, name string, m mix, rounds int, memory int64) error {
	folder, size, err := b.w.imap.master(name, b.seed, m)
	if err != nil {
		return err
	}
	var poll, floor, sync sample
	var last result
	for range rounds {
		if err := b.fetched(folder, &floor); err != nil {
			return err
		}
		if err := b.synced(folder, &sync); err != nil {
			return err
		}
		if last, err = b.polled(folder, b.w.smtp.Addr(), 0, &poll); err != nil {
			return err
		}
	}
	t.compare("poll: the whole job", poll, "mbsync: fetching alone", sync, 1.5)
	t.compare("the same", poll, "floor: fetched, thrown away, marked", floor, 0)
	t.weight("peak RSS", poll, memory)
	t.note("%d letters, %s; of a poll: %s", m.count, megabytes(size), last)
	return nil
}

// far measures a backlog with a slow portal and a slow relay, which should then account for the time of a poll.
func far(b *measuring) (*table, error) {
	folder, _, err := b.w.imap.master("far", b.seed, mix{count: b.letters})
	if err != nil {
		return nil, err
	}
	var poll, portal sample
	var last result
	for range min(b.rounds, 3) {
		if last, err = b.polled(folder, b.w.far.Addr(), portalDelay, &poll); err != nil {
			return nil, err
		}
		portal.add(figures{Wall: last.own})
	}
	t := results(fmt.Sprintf("%d new letters, the portal answering in 300 ms, the relay 20 ms away", b.letters))
	t.compare("poll", poll, "the portal's own time, added up", portal, 1.1)
	t.note("Of a poll: %s", last)
	return t, nil
}

// growth measures whether ten times the work takes ten times as long.
func growth(b *measuring) (*table, error) {
	few, _, err := b.w.imap.master("few", b.seed, mix{count: b.letters})
	if err != nil {
		return nil, err
	}
	many, _, err := b.w.imap.master("many", b.seed, mix{count: 10 * b.letters})
	if err != nil {
		return nil, err
	}
	var small, big sample
	var last result
	for range min(b.rounds, 3) {
		if _, err := b.polled(few, b.w.smtp.Addr(), 0, &small); err != nil {
			return nil, err
		}
		if last, err = b.polled(many, b.w.smtp.Addr(), 0, &big); err != nil {
			return nil, err
		}
	}
	t := results("Cost grows with the work: letters")
	tenfold, once := fmt.Sprintf("poll, %d letters", 10*b.letters), fmt.Sprintf("%d letters", b.letters)
	t.compare(tenfold, big, once, small, 0)
	t.compareCPU("its processor time", big, once, small, 10.5)
	t.weight("its peak RSS", big, manyMemory)
	t.note("Of the large one: %s", last)
	return t, nil
}
