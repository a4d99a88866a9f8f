package main

import "fmt"

// idles returns how often each idle pass runs: several times in a round, because each is short.
func (b *measuring) idles() int {
	if b.brief {
		return b.rounds
	}
	return 5 * b.rounds
}

// idle measures a poll and a notify without anything new.
func idle(b *measuring) (*table, error) {
	i, user, err := b.installed("idle", mix{count: b.letters})
	if err != nil {
		return nil, err
	}
	defer i.remove()
	t := results("Idle passes")
	for _, step := range []func(*table, *installation, string) error{b.idlePlain, b.idleCounts, b.idleFar, b.idleMany,
		b.idleNotify, b.idleFull} {
		if err := step(t, i, user); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// installed fills a mailbox with read letters and installs helpdesk for it.
func (b *measuring) installed(name string, m mix) (i *installation, user string, err error) {
	folder, _, err := b.w.imap.master(name, b.seed, m)
	if err != nil {
		return nil, "", err
	}
	if user, err = b.w.imap.mailbox(folder, true); err != nil {
		return nil, "", err
	}
	i, err = b.settled(user)
	return i, user, err
}

// settled installs helpdesk for a mailbox, after it has processed one letter of another mailbox, so that a state
// exists.
func (b *measuring) settled(user string) (*installation, error) {
	folder, _, err := b.w.imap.master("first", b.seed, mix{count: 1, plain: true, brief: true})
	if err != nil {
		return nil, err
	}
	other, err := b.w.imap.mailbox(folder, false)
	if err != nil {
		return nil, err
	}
	b.w.portal.renew(0)
	i, err := b.p.install(b.w, other, b.w.imap.Addr, b.w.smtp.Addr())
	if err != nil {
		return nil, err
	}
	for _, command := range []string{"poll", "notify"} {
		if _, err := i.run(command); err != nil {
			return nil, err
		}
	}
	return i, i.configure(b.w, b.w.imap.Addr, b.w.smtp.Addr(), user)
}

// beside runs the floor, helpdesk and mbsync in turn on the same mailbox.
func (b *measuring) beside(i *installation, imap, user string) (floor, poll, sync sample, err error) {
	for range b.idles() {
		var f figures
		if f, err = b.p.run(i.dir, nil, b.p.floor, "idle", imap, user, password); err != nil {
			return
		}
		floor.add(f)
		if f, err = i.run("poll"); err != nil {
			return
		}
		poll.add(f)
		if b.p.mbsync == "" {
			continue
		}
		if f, err = b.p.sync(i.dir, imap, user); err != nil {
			return
		}
		sync.add(f)
	}
	return
}

func (b *measuring) idlePlain(t *table, i *installation, user string) error {
	floor, poll, sync, err := b.beside(i, b.w.imap.Addr, user)
	if err != nil {
		return err
	}
	t.compare("poll, nothing new", poll, "floor", floor, 1.3)
	if len(sync) > 0 {
		t.compare("the same", poll, "mbsync", sync, 0)
	}
	return nil
}

// idleCounts counts an idle poll's requests to the servers and writes to the state.
func (b *measuring) idleCounts(t *table, i *installation, user string) error {
	if err := i.configure(b.w, b.w.tap.ln.Addr().String(), b.w.smtp.Addr(), user); err != nil {
		return err
	}
	if _, err := i.run("poll"); err != nil { // records the changed settings once
		return err
	}
	before, size, err := i.writes()
	if err != nil {
		return err
	}
	b.w.tap.reading()
	b.w.portal.reading()
	if _, err := b.p.run(i.dir, nil, b.p.floor, "idle", b.w.tap.ln.Addr().String(), user, password); err != nil {
		return err
	}
	floor := b.w.tap.reading()
	if _, err := i.run("poll"); err != nil {
		return err
	}
	poll := b.w.tap.reading()
	hits, _ := b.w.portal.reading()
	after, grown, err := i.writes()
	if err != nil {
		return err
	}
	t.count("IMAP commands of an idle poll", poll, fmt.Sprintf("floor: %d", floor), floor)
	t.count("calls of the portal by an idle poll", hits, "", 0)
	t.count("transactions and bytes an idle poll writes to the state", after-before+int(grown-size), "", 0)
	return nil
}

func (b *measuring) idleFar(t *table, i *installation, user string) error {
	if err := i.configure(b.w, b.w.slow.Addr(), b.w.smtp.Addr(), user); err != nil {
		return err
	}
	floor, poll, _, err := b.beside(i, b.w.slow.Addr(), user)
	if err != nil {
		return err
	}
	t.compare("poll, at 20 ms round trip", poll, "floor", floor, 1.1)
	more := float64(poll.wall()-floor.wall()) / float64(roundTrip)
	t.note("At 20 ms a round trip the poll takes %.1f round trips longer than the floor, whatever they go into.", more)
	return i.configure(b.w, b.w.imap.Addr, b.w.smtp.Addr(), user)
}

func (b *measuring) idleNotify(t *table, i *installation, _ string) error {
	var notify sample
	b.w.portal.advance(hour)
	if _, err := i.run("notify"); err != nil { // reads everything up to now
		return err
	}
	before, size, err := i.writes()
	if err != nil {
		return err
	}
	b.w.portal.reading()
	for range b.rounds {
		f, err := i.run("notify")
		if err != nil {
			return err
		}
		notify.add(f)
	}
	hits, _ := b.w.portal.reading()
	after, grown, err := i.writes()
	if err != nil {
		return err
	}
	t.count(fmt.Sprintf("calls of the portal by %d idle notifies (%s each)", b.rounds, seconds(notify.wall())), hits,
		"", b.rounds)
	t.count("transactions and bytes they write to the state", after-before+int(grown-size), "", 0)
	return nil
}

// idleFull compares a state of many records with an empty one.
func (b *measuring) idleFull(t *table, full *installation, user string) error {
	empty, err := b.p.install(b.w, user, b.w.imap.Addr, b.w.smtp.Addr())
	if err != nil {
		return err
	}
	defer empty.remove()
	if _, err := empty.run("poll"); err != nil { // creates the state
		return err
	}
	if err := multiply(full.state(), b.records); err != nil {
		return fmt.Errorf("fill state: %w", err)
	}
	if _, err := full.run("poll"); err != nil {
		return err
	}
	_, size, err := full.writes()
	if err != nil {
		return err
	}
	var with, without sample
	for range b.idles() {
		for _, one := range []struct {
			i *installation
			s *sample
		}{{empty, &without}, {full, &with}} {
			f, err := one.i.run("poll")
			if err != nil {
				return err
			}
			one.s.add(f)
		}
	}
	t.compare(fmt.Sprintf("poll, the records of %d letters in the state (%s)", b.records, megabytes(size)), with,
		"an empty state", without, 1.2)
	return nil
}
