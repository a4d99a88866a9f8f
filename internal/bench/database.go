package main

import (
	"fmt"
	"net"
	"net/url"
	"time"

	"helpdesk/internal/servers"
	"helpdesk/pkg/sandbox/mail"
)

// databaseTrip is the round trip to the database.
const databaseTrip = time.Millisecond

// databases is a PostgreSQL server that is reached by TLS with a round trip of databaseTrip.
type databases struct {
	*servers.Postgres
	proxy *mail.Proxy
	made  int
}

func startDatabases() (*databases, error) {
	cert, _, err := mail.Certificate()
	if err != nil {
		return nil, err
	}
	p, err := servers.StartPostgres(&cert, "fsync = on", "full_page_writes = on")
	if err != nil {
		return nil, err
	}
	d := &databases{Postgres: p}
	if d.proxy, err = mail.NewProxy(net.JoinHostPort("127.0.0.1", fmt.Sprint(p.Port))); err == nil {
		d.proxy.Delay(databaseTrip)
		_, err = p.SQL("postgres", "create role helpdesk login superuser password 'helpdesk'")
	}
	if err != nil {
		d.stop()
		return nil, err
	}
	return d, nil
}

func (d *databases) stop() {
	if d.proxy != nil {
		_ = d.proxy.Close()
	}
	d.Stop()
}

// state returns the address of a state that does not exist yet, and its schema.
func (d *databases) state() (address, schema string) {
	d.made++
	schema = fmt.Sprintf("s%d", d.made)
	u := url.URL{Scheme: "postgres", User: url.UserPassword("helpdesk", "helpdesk"), Host: d.proxy.Addr(),
		Path:     "/postgres",
		RawQuery: url.Values{"sslmode": {"require"}, "search_path": {schema}}.Encode()}
	return u.String(), schema
}

// database compares a state in PostgreSQL with one in a file.
func database(b *measuring) (*table, error) {
	d, err := startDatabases()
	if err != nil {
		return nil, err
	}
	defer d.stop()
	t := results("A state in PostgreSQL, by TLS, 1 ms away")
	for _, step := range []func(*table, *databases) error{b.databaseIdle, b.databaseBacklog, b.databaseFull,
		b.interfaceOf} {
		if err := step(t, d); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// pair installs helpdesk twice for one mailbox 20 ms away: with a state in a file, and with one in the database.
func (b *measuring) pair(d *databases, user string) (file, base *installation, schema string, err error) {
	b.w.portal.renew(0)
	if file, err = b.p.install(b.w, user, b.w.slow.Addr(), b.w.smtp.Addr()); err != nil {
		return
	}
	if base, err = b.p.install(b.w, user, b.w.slow.Addr(), b.w.smtp.Addr()); err != nil {
		return
	}
	base.database, schema = d.state()
	err = base.configure(b.w, b.w.slow.Addr(), b.w.smtp.Addr(), user)
	return
}

// inTurn runs a poll of each installation in turn.
func (b *measuring) inTurn(first, second *installation) (one, other sample, err error) {
	for _, i := range []*installation{first, second} { // creates the state
		if _, err = i.run("poll"); err != nil {
			return
		}
	}
	for range b.idles() {
		var f figures
		if f, err = first.run("poll"); err != nil {
			return
		}
		one.add(f)
		if f, err = second.run("poll"); err != nil {
			return
		}
		other.add(f)
	}
	return
}

func (b *measuring) databaseIdle(t *table, d *databases) error {
	folder, _, err := b.w.imap.master("idle", b.seed, mix{count: b.letters})
	if err != nil {
		return err
	}
	user, err := b.w.imap.mailbox(folder, true)
	if err != nil {
		return err
	}
	file, base, _, err := b.pair(d, user)
	if err != nil {
		return err
	}
	defer file.remove()
	defer base.remove()
	with, without, err := b.inTurn(base, file)
	if err != nil {
		return err
	}
	t.compare("poll, nothing new, the mailbox 20 ms away", with, "the state in a file", without, 1.5)
	return nil
}

// pairs returns how often a backlog is processed with each state: several times in a round, because the disk differs
// from time to time.
func (b *measuring) pairs() int {
	if b.brief {
		return b.rounds
	}
	return 3 * b.rounds
}

func (b *measuring) databaseBacklog(t *table, d *databases) error {
	folder, _, err := b.w.imap.master("backlog", b.seed, mix{count: b.letters})
	if err != nil {
		return err
	}
	var with, without sample
	for range b.pairs() {
		if _, err := b.polled(folder, b.w.smtp.Addr(), 0, &without); err != nil {
			return err
		}
		b.p.database, _ = d.state()
		_, err := b.polled(folder, b.w.smtp.Addr(), 0, &with)
		b.p.database = ""
		if err != nil {
			return err
		}
	}
	t.compare(fmt.Sprintf("poll, %d new letters", b.letters), with, "the state in a file", without, 1.3)
	return nil
}

// databaseFull compares a state of many records with an empty one, both in the database.
func (b *measuring) databaseFull(t *table, d *databases) error {
	first, _, err := b.w.imap.master("first", b.seed, mix{count: 1, plain: true, brief: true})
	if err != nil {
		return err
	}
	user, err := b.w.imap.mailbox(first, false)
	if err != nil {
		return err
	}
	full, empty, schema, err := b.two(d, user)
	if err != nil {
		return err
	}
	defer full.remove()
	defer empty.remove()
	if _, err := full.run("poll"); err != nil {
		return err
	}
	// Copy the entries of the one letter under new keys, once per further letter.
	_, err = d.SQL("postgres", fmt.Sprintf(`insert into %[1]s.entries select bucket, key || int4send(n), value from
		(select distinct on (bucket) * from %[1]s.entries
			where bucket in ('messages', 'seen', 'threads', 'tickets', 'tasks', 'journal')) one,
		generate_series(1, %[2]d) n`, schema, b.records))
	if err != nil {
		return err
	}
	if _, err := d.SQL("postgres", "vacuum analyze "+schema+".entries"); err != nil {
		return err
	}
	size, err := d.SQL("postgres", fmt.Sprintf("select pg_size_pretty(pg_total_relation_size('%s.entries'))", schema))
	if err != nil {
		return err
	}
	with, without, err := b.inTurn(full, empty)
	if err != nil {
		return err
	}
	t.compare(fmt.Sprintf("poll, the records of %d letters in the database (%s)", b.records, size), with,
		"an empty one", without, 1.2)
	return nil
}

// entriesRuns is how often a round writes the entries, because each run is short. Processor times are compared, since
// the disk varies more than the measured difference.
const entriesRuns = 5

// interfaceOf measures what the common interface of the two engines costs a state in a file.
func (b *measuring) interfaceOf(t *table, _ *databases) error {
	folder, _, err := b.w.imap.master("backlog", b.seed, mix{count: b.letters})
	if err != nil {
		return err
	}
	user, err := b.fresh(folder)
	if err != nil {
		return err
	}
	defer b.w.imap.forget(user)
	b.w.portal.renew(0)
	i, err := b.p.install(b.w, user, b.w.imap.Addr, b.w.smtp.Addr())
	if err != nil {
		return err
	}
	defer i.remove()
	if _, err := i.run("poll"); err != nil {
		return err
	}
	var through, direct sample
	for range b.rounds * entriesRuns {
		for way, s := range map[string]*sample{"engine": &through, "bbolt": &direct} {
			f, err := b.p.run(i.dir, nil, b.p.entries, way, i.state())
			if err != nil {
				return err
			}
			s.add(figures{Wall: f.CPU})
		}
	}
	t.compare(fmt.Sprintf("processor time to write and read what %d letters leave in a file, 5 times", b.letters),
		through, "by bbolt itself", direct, 1.05)
	return nil
}

// two installs helpdesk twice for one mailbox, each with its own state in the database.
func (b *measuring) two(d *databases, user string) (one, other *installation, schema string, err error) {
	b.w.portal.renew(0)
	for _, i := range []**installation{&one, &other} {
		if *i, err = b.p.install(b.w, user, b.w.imap.Addr, b.w.smtp.Addr()); err != nil {
			return
		}
		var of string
		(*i).database, of = d.state()
		if i == &one {
			schema = of
		}
		if err = (*i).configure(b.w, b.w.imap.Addr, b.w.smtp.Addr(), user); err != nil {
			return
		}
	}
	return
}
