package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"helpdesk/internal/servers"
	"helpdesk/pkg/store/engine"
)

const secret = "pa55word"

// server is the PostgreSQL server of these tests. Each test uses a schema of its own.
var (
	server  = sync.OnceValues(start)
	schemas atomic.Int64
	started atomic.Bool
)

// start starts a server with a user helpdesk, who has a password and owns a database.
func start() (*servers.Postgres, error) {
	p, err := servers.StartPostgres(nil)
	if err != nil {
		return nil, err
	}
	for _, sql := range []string{"create role helpdesk login password '" + secret + "'",
		"create database helpdesk owner helpdesk",
		"create role guest login password '" + secret + "'"} {
		if _, err := p.SQL("postgres", sql); err != nil {
			p.Stop()
			return nil, err
		}
	}
	return p, nil
}

func TestMain(m *testing.M) {
	status := m.Run()
	if started.Load() {
		if p, err := server(); err == nil {
			p.Stop()
		}
	}
	os.Exit(status)
}

func running(t testing.TB) *servers.Postgres {
	t.Helper()
	started.Store(true)
	p, err := server()
	servers.Want(t, err)
	return p
}

// fresh returns an address with an unused schema.
func fresh(t testing.TB) string {
	t.Helper()
	return running(t).Address("helpdesk", secret, "helpdesk") + fmt.Sprintf("?search_path=s%d", schemas.Add(1))
}

func open(t testing.TB, address string, o engine.Options) *DB {
	t.Helper()
	d, err := Open(t.Context(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func put(d *DB, key, value string) error {
	return d.Update(func(tx engine.Tx) error { return tx.Bucket("b").Put([]byte(key), []byte(value)) })
}

func get(d *DB, key string) (value string, err error) {
	err = d.View(func(tx engine.Tx) error {
		raw, err := tx.Bucket("b").Get([]byte(key))
		value = string(raw)
		return err
	})
	return value, err
}

// finally runs a statement at the end of a test, so that the test can run again on the same server.
func finally(t *testing.T, statement string) {
	t.Cleanup(func() {
		if _, err := running(t).SQL("helpdesk", statement); err != nil {
			t.Error(err)
		}
	})
}

// sever ends the sessions of a database's user without a notice to the clients, like a broken network.
func sever(t testing.TB, d *DB) {
	t.Helper()
	if _, err := running(t).SQL("postgres", "select pg_terminate_backend("+d.backend+")"); err != nil {
		t.Fatal(err)
	}
	ended(t, d.backend)
}

// ended waits until a process of the server has ended and released its lock.
func ended(t testing.TB, backend string) {
	t.Helper()
	for range 6000 {
		if n, _ := running(t).SQL("postgres", "select count(*) from pg_stat_activity where pid = "+backend); n == "0" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the session does not end")
}

func TestASecondRunIsRefusedAndToldWhoTheFirstIs(t *testing.T) {
	address := fresh(t)
	first := open(t, address, engine.Options{Command: "poll"})
	for _, o := range []engine.Options{{}, {Overlay: true}, {Wait: time.Second / 2}} {
		_, err := Open(t.Context(), address, o)
		var held engine.Held
		if !errors.Is(err, engine.ErrLocked) || !errors.As(err, &held) {
			t.Fatalf("%+v: %v", o, err)
		}
		host, _ := os.Hostname()
		if held.Command != "poll" || held.PID != os.Getpid() || held.Host != host ||
			time.Since(held.Since) > time.Minute {
			t.Errorf("it is %+v", held)
		}
	}
	look := open(t, address, engine.Options{Unlocked: true})
	if held, ok := look.Holder(); !ok || held.Command != "poll" {
		t.Errorf("at work: %+v, %t", held, ok)
	}
	go func() {
		time.Sleep(300 * time.Millisecond)
		_ = first.Close()
	}()
	second := open(t, address, engine.Options{Wait: time.Minute})
	if err := put(second, "a", "1"); err != nil {
		t.Error(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if _, ok := look.Holder(); ok {
		t.Error("somebody is at work")
	}
}

func TestWhoWasCutOffCannotCommit(t *testing.T) {
	address := fresh(t)
	first := open(t, address, engine.Options{})
	if err := put(first, "a", "first"); err != nil {
		t.Fatal(err)
	}
	sever(t, first)
	second := open(t, address, engine.Options{})
	if err := put(second, "a", "second"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := put(first, "a", "late"); !errors.Is(err, engine.ErrAway) {
			t.Errorf("a late commit: %v", err)
		}
	}
	if _, err := get(first, "b"); !errors.Is(err, engine.ErrAway) {
		t.Errorf("a late question: %v", err)
	}
	if got, err := get(second, "a"); err != nil || got != "second" {
		t.Errorf("%q, %v", got, err)
	}
}

// If the lock is lost but the session is not, as behind some poolers, the fence rejects the commit.
func TestTheFenceRefusesWhoLostTheLock(t *testing.T) {
	address := fresh(t)
	first := open(t, address, engine.Options{})
	if err := put(first, "a", "first"); err != nil {
		t.Fatal(err)
	}
	if _, err := first.ask("select pg_advisory_unlock_all()"); err != nil {
		t.Fatal(err)
	}
	second := open(t, address, engine.Options{})
	if err := put(second, "a", "second"); err != nil {
		t.Fatal(err)
	}
	err := put(first, "a", "late")
	if !errors.Is(err, engine.ErrAway) || !strings.Contains(err.Error(), "another run works with it") {
		t.Errorf("a late commit: %v", err)
	}
	if err := put(first, "c", "late"); !errors.Is(err, engine.ErrAway) {
		t.Errorf("a second late commit: %v", err)
	}
	if got, err := get(second, "a"); err != nil || got != "second" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestAnOverlayWritesNothing(t *testing.T) {
	address := fresh(t)
	d := open(t, address, engine.Options{})
	if err := put(d, "a", "1"); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	schema := address[strings.LastIndex(address, "=")+1:]
	dump := func() string {
		out, err := running(t).SQL("helpdesk",
			fmt.Sprintf("select xmin, * from %[1]s.entries; select xmin, * from %[1]s.counters; select xmin, * from "+
				"%[1]s.fence", schema))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := dump()
	o := open(t, address, engine.Options{Overlay: true})
	err := o.Update(func(tx engine.Tx) error {
		_, err := tx.Bucket("b").Count(3)
		return errors.Join(err, tx.Bucket("b").Put([]byte("b"), []byte("2")), tx.Bucket("b").Delete([]byte("a")))
	})
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	err = o.View(func(tx engine.Tx) error {
		if n, err := tx.Bucket("b").Count(0); err != nil || n != 3 {
			t.Errorf("counted %d, %v", n, err)
		}
		return tx.Bucket("b").Walk(nil, func(key, _ []byte) error { seen = append(seen, string(key)); return nil })
	})
	if err != nil || len(seen) != 1 || seen[0] != "b" {
		t.Errorf("the overlay shows %v, %v", seen, err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if after := dump(); after != before {
		t.Errorf("before:\n%s\nafter:\n%s", before, after)
	}
	// An overlay of a missing state does not create it.
	empty := fresh(t)
	o = open(t, empty, engine.Options{Overlay: true})
	if err := errors.Join(put(o, "a", "1"), o.Close()); err != nil {
		t.Error(err)
	}
	if n, err := running(t).SQL("helpdesk",
		"select count(*) from pg_namespace where nspname = '"+empty[strings.LastIndex(empty, "=")+1:]+"'"); n != "0" {
		t.Errorf("an overlay made the schema: %s, %v", n, err)
	}
	if _, err := Open(t.Context(), empty, engine.Options{Made: true}); !errors.Is(err, engine.ErrMissing) {
		t.Errorf("made: %v", err)
	}
}

// A walk merges the entries on the server with the changes of the transaction, in order, and reads several pages.
func TestAWalkMergesPagesAndChanges(t *testing.T) {
	address := fresh(t)
	const n = firstPage + nextPages + 10
	d := open(t, address, engine.Options{})
	err := d.Update(func(tx engine.Tx) error {
		for i := range n {
			if err := tx.Bucket("b").Put(fmt.Appendf(nil, "%05d", 2*i), make([]byte, 2000)); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	d = open(t, address, engine.Options{})
	check := func(from string, want int) {
		t.Helper()
		err := d.Update(func(tx engine.Tx) error {
			b := tx.Bucket("b")
			if err := errors.Join(b.Put([]byte("00001"), nil), b.Delete([]byte("00002")),
				b.Put([]byte("99999"), []byte("x"))); err != nil {
				return err
			}
			last, count := "", 0
			err := b.Walk([]byte(from), func(key, value []byte) error {
				if string(key) <= last || string(key) == "00002" {
					t.Errorf("%s after %s", key, last)
				}
				last = string(key)
				count++
				return nil
			})
			if err != nil || count != want || last != "99999" {
				t.Errorf("from %q: %d entries to %s, %v; want %d", from, count, last, err, want)
			}
			return errors.New("forget it")
		})
		if err == nil {
			t.Error("it was kept")
		}
	}
	check("", n+1)
	check("00002", n-1)
	if err := put(d, "small", "1"); err != nil {
		t.Fatal(err)
	}
	// A small bucket is cached completely, and the cache includes commits.
	small := func(tx engine.Tx) engine.Bucket { return tx.Bucket("small") }
	for i := range 3 {
		if err := d.Update(func(tx engine.Tx) error {
			return small(tx).Put([]byte{byte('a' + i)}, []byte{})
		}); err != nil {
			t.Fatal(err)
		}
		trips := d.About().Trips
		err := d.View(func(tx engine.Tx) error {
			count := 0
			if err := small(tx).Walk(nil, func(_, value []byte) error {
				if value == nil {
					t.Error("an empty value is none")
				}
				count++
				return nil
			}); err != nil || count != i+1 {
				t.Errorf("%d entries, %v", count, err)
			}
			return nil
		})
		if asked := d.About().Trips - trips; err != nil || asked != min(1, 1-min(i, 1)) {
			t.Errorf("round %d: %d questions, %v", i, asked, err)
		}
	}
}

func TestBadInput(t *testing.T) {
	p := running(t)
	good := p.Address("helpdesk", secret, "helpdesk")
	broken := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatal(good, from)
		}
		return strings.Replace(good, from, to, 1)
	}
	made := fresh(t)
	open(t, made, engine.Options{}).Close()
	if _, err := p.SQL("postgres", "create database readonly owner helpdesk"); err != nil {
		t.Fatal(err)
	}
	finally(t, "drop database readonly with (force)")
	if _, err := p.SQL("postgres", "alter database readonly set default_transaction_read_only = on"); err != nil {
		t.Fatal(err)
	}
	finally(t, "drop schema foreign_tables cascade")
	for _, sql := range []string{"create schema foreign_tables authorization helpdesk",
		"create table foreign_tables.entries (id bigint)"} {
		if _, err := p.SQL("helpdesk", sql); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, address string
		kind          error
		says          string
	}{
		{"wrong password", broken(secret, secret+"-wrong"), engine.ErrSetup, "check the user and the password"},
		{"odd password", broken(secret, "pa55word%zz"), engine.ErrSetup, "are written as %XX"},
		{"unescaped password", broken(secret, "pa55word/x"), engine.ErrSetup, "are written as %XX"},
		{"password with a slash after digits", broken(secret, "55/"+secret), engine.ErrSetup, "are written as %XX"},
		{"password with a slash and a question mark", broken(secret, "5/"+secret+"?x"), engine.ErrSetup, "%XX"},
		{"password with an @ and a slash", broken(secret, "1@2/"+secret), engine.ErrSetup, "are written as %XX"},
		{"password with more", broken(secret, "1@2/3?"+secret), engine.ErrSetup, "are written as %XX"},
		{"unknown setting", good + "?sslmod=disable", engine.ErrSetup, "correct the options after ?"},
		{"wrong setting", good + "?work_mem=much", engine.ErrSetup, "correct the options after ?"},
		{"reserved schema", good + "?search_path=pg_state", engine.ErrSetup, "choose another name of the schema"},
		{"another program's schema", good + "?search_path=foreign_tables", engine.ErrSetup, "choose another schema"},
		{"unknown user", broken("helpdesk:", "nobody:"), engine.ErrSetup, "check the user"},
		{"missing database", strings.TrimSuffix(good, "helpdesk") + "missing", engine.ErrSetup, "CREATE DATABASE"},
		{"no database", strings.TrimSuffix(good, "/helpdesk"), engine.ErrSetup, "its name is missing"},
		{"missing rights", broken("helpdesk:", "guest:"), engine.ErrSetup, "GRANT CREATE ON DATABASE"},
		{
			"missing rights to tables",
			strings.Replace(made, "helpdesk:", "guest:", 1),
			engine.ErrSetup,
			"must own its schema and the tables there",
		},
		{"not reachable", broken(fmt.Sprint(p.Port), "1"), engine.ErrAway, "refused"},
		{"no such host", broken("127.0.0.1", "db.invalid"), engine.ErrAway, "db.invalid"},
		{"no TLS there", good + "?sslmode=verify-full", engine.ErrSetup, "no TLS"},
		{"unknown option", good + "?sslmode=sometimes", engine.ErrSetup, "sslmode"},
		{"odd schema", good + "?search_path=a,b", engine.ErrSetup, "the name of one schema"},
		{"only reads", strings.TrimSuffix(good, "helpdesk") + "readonly", engine.ErrAway, "only reads"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Open(t.Context(), c.address, engine.Options{})
			if err == nil {
				_ = d.Close()
				t.Fatal("it opens")
			}
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v (setup %t, away %t)", err, errors.Is(err, engine.ErrSetup),
					errors.Is(err, engine.ErrAway))
			}
			if strings.Count(err.Error(), "no such host") > 1 {
				t.Errorf("it says it twice: %v", err)
			}
			if strings.Contains(err.Error(), secret) || strings.Contains(Name(c.address), secret) {
				t.Errorf("the password is told: %v, %s", err, Name(c.address))
			}
		})
	}
}

func TestTheServerStopsInTheMiddle(t *testing.T) {
	p, err := start()
	servers.Want(t, err)
	defer p.Stop()
	address := p.Address("helpdesk", secret, "helpdesk")
	for name, end := range map[string]func(){"halted": p.Halt, "killed": p.Kill} {
		t.Run(name, func(t *testing.T) {
			d := open(t, address, engine.Options{})
			if err := put(d, name, "kept"); err != nil {
				t.Fatal(err)
			}
			end()
			for range 2 {
				if err := put(d, name, "lost"); !errors.Is(err, engine.ErrAway) {
					t.Errorf("commit: %v", err)
				}
			}
			_ = d.Close()
			if _, err := Open(t.Context(), address, engine.Options{}); !errors.Is(err, engine.ErrAway) {
				t.Errorf("open: %v", err)
			}
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			if got, err := get(open(t, address, engine.Options{}), name); err != nil || got != "kept" {
				t.Errorf("then %q, %v", got, err)
			}
		})
	}
}

// If the address lists several hosts, the writable one is used, wherever it is in the list.
func TestTheHostThatWritesIsTaken(t *testing.T) {
	p, err := start()
	servers.Want(t, err)
	defer p.Stop()
	s, err := p.Standby()
	servers.Want(t, err)
	defer s.Stop()
	at := func(first, second int) string {
		return fmt.Sprintf("postgres://helpdesk:%s@127.0.0.1:%d,127.0.0.1:%d/helpdesk", secret, first, second)
	}
	d := open(t, at(s.Port, p.Port), engine.Options{})
	before := d.About().Line
	if err := errors.Join(put(d, "a", "1"), d.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), s.Address("helpdesk", secret, "helpdesk"), engine.Options{}); !errors.Is(err,
		engine.ErrAway) {
		t.Errorf("a standby alone: %v", err)
	}
	for range 3000 {
		if got, _ := s.SQL("helpdesk", "select count(*) from helpdesk.entries"); got == "1" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.Kill()
	if err := s.Promote(); err != nil {
		t.Fatal(err)
	}
	d = open(t, at(p.Port, s.Port), engine.Options{})
	if after := d.About().Line; after == before || after == "" {
		t.Errorf("the history is %q, before %q", after, before)
	}
	if got, err := get(d, "a"); err != nil || got != "1" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestInspect(t *testing.T) {
	find := func(d *DB, want string) {
		t.Helper()
		all, err := d.Inspect(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			if strings.HasPrefix(fmt.Sprint(f.Note), want) {
				return
			}
		}
		t.Errorf("nothing says %q: %+v", want, all)
	}
	address := fresh(t)
	d := open(t, address, engine.Options{Overlay: true})
	find(d, "{check.server [1")
	find(d, "{check.server.fsync ")
	find(open(t, running(t).Address("guest", secret, "helpdesk")+"?search_path=other", engine.Options{Overlay: true}),
		"{check.server.tables [guest ")
}

// Every privilege on every table is needed. A transaction that lacks one fails with advice, at the commit too.
func TestPrivilegesOnTables(t *testing.T) {
	p := running(t)
	for i, c := range []struct{ table, granted string }{{"entries", "select"}, {"entries", "select, insert, update"},
		{"fence", "select"}, {"counters", "select, insert"}} {
		schema := fmt.Sprintf("granted%d", i)
		address := p.Address("helpdesk", secret, "helpdesk") + "?search_path=" + schema
		_ = open(t, address, engine.Options{}).Close()
		for _, sql := range []string{"alter table %[1]s.%[2]s owner to postgres",
			"revoke all on %[1]s.%[2]s from helpdesk", "grant %[3]s on %[1]s.%[2]s to helpdesk"} {
			if _, err := p.SQL("helpdesk", fmt.Sprintf(sql+"%[4]s", schema, c.table, c.granted, "")); err != nil {
				t.Fatal(err)
			}
		}
		d := open(t, address, engine.Options{})
		all, err := d.Inspect(t.Context())
		if err != nil || !strings.Contains(fmt.Sprint(all), "check.server.tables [helpdesk ") {
			t.Errorf("%s on %s: %+v, %v", c.granted, c.table, all, err)
		}
		if err := put(d, "a", "1"); c.granted == "select" && !errors.Is(err, engine.ErrSetup) {
			t.Errorf("%s on %s: %v", c.granted, c.table, err)
		}
	}
}

// The server's time limits do not end a session that waits for the portal.
func TestTimeLimitsOfTheServer(t *testing.T) {
	address := fresh(t)
	if _, err := running(t).SQL("postgres", "create role hasty superuser login password '"+secret+"'"); err != nil {
		t.Fatal(err)
	}
	finally(t, "drop owned by hasty cascade; drop role hasty")
	for _, limit := range []string{"statement_timeout", "idle_session_timeout"} {
		if _, err := running(t).SQL("postgres", "alter role hasty set "+limit+" = 300"); err != nil {
			t.Fatal(err)
		}
	}
	d := open(t, strings.Replace(address, "helpdesk:", "hasty:", 1), engine.Options{})
	time.Sleep(time.Second)
	if _, err := d.ask("select pg_sleep(1)"); err != nil {
		t.Error(err)
	}
	if err := put(d, "a", "1"); err != nil {
		t.Error(err)
	}
}

func TestDurable(t *testing.T) {
	for _, c := range []struct{ commit, fsync, standbys, names, says string }{
		{"on", "on", "0", "", ""},
		{"on", "on", "1", "standby", ""},
		{"remote_apply", "on", "1", "standby", ""},
		{"off", "on", "0", "", "check.server.commit [off]"},
		{"local", "on", "1", "standby", "check.server.commit [local]"},
		{"on", "off", "0", "", "check.server.fsync"},
		{"on", "on", "1", "", "check.server.standby"},
	} {
		if got := durable(c.commit, c.fsync, c.standbys, c.names); got.OK != (c.says == "") ||
			!strings.Contains(fmt.Sprint(got.Note), c.says) {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

// Who waits for a table that an administrator has locked is told so.
func TestATableThatIsLocked(t *testing.T) {
	d := open(t, fresh(t), engine.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := d.conn.Exec(ctx, "select pg_sleep(60)").ReadAll()
	if err = d.broken(err); !errors.Is(err, engine.ErrAway) || !strings.Contains(err.Error(), "lock a table") {
		t.Error(err)
	}
}

// What the server says is UTF-8 in every encoding of the database. A name that the encoding does not have is a setting.
func TestEncodingOfTheDatabase(t *testing.T) {
	p := running(t)
	if _, err := p.SQL("postgres", "create database latin owner helpdesk template template0 encoding 'LATIN1' "+
		"lc_collate 'C' lc_ctype 'C'"); err != nil {
		t.Fatal(err)
	}
	finally(t, "drop database latin with (force)")
	address := p.Address("helpdesk", secret, "latin")
	d := open(t, address, engine.Options{})
	_, err := d.ask("do $$ begin raise exception 'n%', chr(228); end $$")
	if err == nil || !strings.Contains(err.Error(), "nä") {
		t.Errorf("%q", err)
	}
	if err := put(d, "a", "ж"); err != nil {
		t.Error(err)
	}
	if _, err = Open(t.Context(), address+"?search_path=ж", engine.Options{}); !errors.Is(err, engine.ErrSetup) ||
		!strings.Contains(err.Error(), "another name of the schema") {
		t.Error(err)
	}
}
