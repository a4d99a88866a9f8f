package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

// result is what a poll left behind, without its figures.
type result struct {
	figures
	tasks, letters int
	hits           int
	own            time.Duration // time of the portal itself
	transactions   int
	left           int // letters not marked
}

func (r result) String() string {
	return fmt.Sprintf("%d tasks, %d auto-replies, %d calls of the portal (%s of its own time), %d transactions, %d "+
		"letters left unmarked.",
		r.tasks, r.letters, r.hits, seconds(r.own), r.transactions, r.left)
}

// fresh creates a mailbox of the folder's letters and makes the server index it, so that no measured program has to.
func (b *measuring) fresh(folder string) (user string, err error) {
	if user, err = b.w.imap.mailbox(folder, false); err != nil {
		return "", err
	}
	_, err = b.p.run(b.p.dir, nil, b.p.floor, "idle", b.w.imap.Addr, user, password)
	return user, err
}

// fetched makes the floor fetch, discard and mark all letters.
func (b *measuring) fetched(folder string, s *sample) error {
	user, err := b.fresh(folder)
	if err != nil {
		return err
	}
	defer b.w.imap.forget(user)
	f, err := b.p.run(b.p.dir, nil, b.p.floor, "fetch", b.w.imap.Addr, user, password)
	s.add(f)
	return err
}

// synced fetches all letters with mbsync into a new Maildir; without mbsync it does nothing.
func (b *measuring) synced(folder string, s *sample) error {
	if b.p.mbsync == "" {
		return nil
	}
	user, err := b.fresh(folder)
	if err != nil {
		return err
	}
	defer b.w.imap.forget(user)
	dir, err := os.MkdirTemp(b.p.dir, "mbsync")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	f, err := b.p.sync(dir, b.w.imap.Addr, user)
	s.add(f)
	return err
}

// polled makes helpdesk process all letters, with an empty state and an empty portal that delays its answers by delay.
// env is added to its environment.
func (b *measuring) polled(folder, smtp string, delay time.Duration, s *sample, env ...string) (result, error) {
	user, err := b.fresh(folder)
	if err != nil {
		return result{}, err
	}
	defer b.w.imap.forget(user)
	i, err := b.p.install(b.w, user, b.w.imap.Addr, smtp)
	if err != nil {
		return result{}, err
	}
	defer i.remove()
	i.env = env
	b.w.portal.renew(delay)
	return b.poll(i, user, s)
}

// poll runs one poll and examines what it left behind.
func (b *measuring) poll(i *installation, user string, s *sample) (r result, err error) {
	b.w.portal.reading()
	letters := len(b.w.smtp.Letters())
	if r.figures, err = i.run("poll"); err != nil {
		return r, err
	}
	s.add(r.figures)
	r.hits, r.own = b.w.portal.reading()
	r.tasks, r.letters = len(b.w.portal.portal.Tasks()), len(b.w.smtp.Letters())-letters
	if r.transactions, _, err = i.writes(); err != nil {
		return r, err
	}
	r.left, err = b.unseen(user)
	return r, err
}

// unseen asks the server for the number of a user's unmarked letters, because Dovecot renames their files only later.
func (b *measuring) unseen(user string) (n int, err error) {
	out, err := exec.Command(b.p.floor, "idle", b.w.imap.Addr, user, password).Output()
	if err == nil {
		_, err = fmt.Sscan(string(out), &n)
	}
	return n, err
}
