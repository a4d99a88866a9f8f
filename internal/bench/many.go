package main

import (
	"fmt"

	"helpdesk/pkg/sandbox/mail"
)

// mailboxes is the number of mailboxes in a pass over many.
const mailboxes = 10

// idleMany compares a pass over many mailboxes with a pass over one, all of them 20 ms away: on a server that starts
// processes for each connection, and on one that keeps them ready.
func (b *measuring) idleMany(t *table, _ *installation, _ string) error {
	if err := b.many(t, b.w.imap, "Dovecot as installed"); err != nil {
		return err
	}
	ready, err := startDovecot(readyConf)
	if err != nil {
		return err
	}
	defer ready.Stop()
	return b.many(t, ready, "its processes kept ready")
}

// many compares a pass over many mailboxes of a server with a pass over one of them.
func (b *measuring) many(t *table, server *dovecot, how string) error {
	slow, err := mail.NewProxy(server.Addr)
	if err != nil {
		return err
	}
	defer slow.Close()
	slow.Delay(roundTrip)
	folder, _, err := server.master("many", b.seed, mix{count: 100})
	if err != nil {
		return err
	}
	var users []string
	for range mailboxes {
		user, err := server.mailbox(folder, true)
		if err != nil {
			return err
		}
		users = append(users, user)
	}
	// One installation each: with other settings than in the pass before, a pass compiles everything again.
	single, err := b.p.install(b.w, users[0], slow.Addr(), b.w.smtp.Addr())
	if err != nil {
		return err
	}
	defer single.remove()
	all, err := b.p.install(b.w, users[0], slow.Addr(), b.w.smtp.Addr())
	if err != nil {
		return err
	}
	defer all.remove()
	if err := all.configure(b.w, slow.Addr(), b.w.smtp.Addr(), users...); err != nil {
		return err
	}
	ten, one, err := b.inTurn(all, single)
	if err != nil {
		return err
	}
	t.compare(fmt.Sprintf("poll, %d mailboxes, at 20 ms round trip; %s", mailboxes, how), ten, "one of them", one, 1.5)
	return nil
}
