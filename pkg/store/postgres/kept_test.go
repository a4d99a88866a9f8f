package postgres

import (
	"errors"
	"testing"

	"helpdesk/internal/servers"
	"helpdesk/pkg/store/engine"
)

// sessions returns the number of connections to the server and the number of locks.
func sessions(t *testing.T) (connections, locks string) {
	t.Helper()
	connections, err := running(t).SQL("helpdesk", "select count(*) from pg_stat_activity where usename = 'helpdesk'")
	locks, lerr := running(t).SQL("helpdesk", "select count(*) from pg_locks where locktype = 'advisory'")
	if err := errors.Join(err, lerr); err != nil {
		t.Fatal(err)
	}
	return connections, locks
}

// twice returns options for a run that opens its state twice.
func twice(t *testing.T) engine.Options {
	k := &engine.Kept{}
	t.Cleanup(func() { _ = k.Close() })
	return engine.Options{Command: "poll", Kept: k}
}

func value(t *testing.T, d *DB, want string) {
	t.Helper()
	if got, err := get(d, "a"); err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

// The second opening in a run uses the connection of the first. There is no lock in between: another run writes, and
// the second opening reads what it wrote, also in a dry run.
func TestTheSecondOpeningNeedsNoConnection(t *testing.T) {
	address := fresh(t)
	before, _ := sessions(t)
	o := twice(t)
	first := open(t, address, o)
	if err := put(first, "a", "first"); err != nil {
		t.Fatal(err)
	}
	value(t, first, "first")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, locks := sessions(t); locks != "0" {
		t.Fatalf("in between %s locks are held", locks)
	}
	other := open(t, address, engine.Options{Command: "notify"})
	if err := put(other, "a", "other"); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), address, o)
	var held engine.Held
	if !errors.As(err, &held) || held.Command != "notify" {
		t.Errorf("while another run has the state: %v", err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}

	first = open(t, address, o)
	backend := first.backend
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	other = open(t, address, engine.Options{})
	if err := errors.Join(put(other, "a", "more"), other.Close()); err != nil {
		t.Fatal(err)
	}
	trial := o
	trial.Overlay = true
	dry := open(t, address, trial)
	value(t, dry, "more")
	if err := errors.Join(put(dry, "a", "dry"), dry.Close()); err != nil {
		t.Fatal(err)
	}
	second := open(t, address, o)
	if dry.backend != backend || second.backend != backend {
		t.Errorf("processes of the server: %s, %s, %s", backend, dry.backend, second.backend)
	}
	value(t, second, "more")
	if err := errors.Join(put(second, "a", "second"), second.Still(), first.Close()); err != nil {
		t.Error(err)
	}
	if err := put(first, "a", "late"); err == nil {
		t.Error("the first one writes over the connection of the second")
	}
	if _, err := Open(t.Context(), address, engine.Options{}); !errors.Is(err, engine.ErrLocked) {
		t.Errorf("the second opening has no lock: %v", err)
	}
	if err := errors.Join(second.Close(), o.Kept.Close()); err != nil {
		t.Error(err)
	}
	ended(t, backend)
	if after, locks := sessions(t); after != before || locks != "0" {
		t.Errorf("%s connections, before %s; %s locks", after, before, locks)
	}
}

// A run connects anew if its connection was cut in between or the server was restarted.
func TestAKeptConnectionDies(t *testing.T) {
	address := fresh(t)
	o := twice(t)
	first := open(t, address, o)
	if err := errors.Join(put(first, "a", "1"), first.Close()); err != nil {
		t.Fatal(err)
	}
	sever(t, first)
	second := open(t, address, o)
	if second.backend == first.backend {
		t.Error("the process of the server is the one that ended")
	}
	value(t, second, "1")
	if err := put(second, "a", "2"); err != nil {
		t.Error(err)
	}

	// A connection that breaks while it is used is not kept.
	sever(t, second)
	if err := put(second, "a", "late"); !errors.Is(err, engine.ErrAway) {
		t.Errorf("a late commit: %v", err)
	}
	_ = second.Close()
	if conn := o.Kept.Take(second.way); conn != nil {
		t.Error("a broken connection is kept")
	}

	p, err := start()
	servers.Want(t, err)
	defer p.Stop()
	address = p.Address("helpdesk", secret, "helpdesk")
	first = open(t, address, o)
	if err := errors.Join(put(first, "a", "1"), first.Close()); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	if _, err := Open(t.Context(), address, o); !errors.Is(err, engine.ErrAway) {
		t.Errorf("while the server is away: %v", err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	value(t, open(t, address, o), "1")
}

// A connection kept for one state is not used for another one.
func TestAKeptConnectionToAnotherStateIsNotUsed(t *testing.T) {
	o := twice(t)
	one, other := open(t, fresh(t), o), fresh(t)
	if err := errors.Join(put(one, "a", "1"), one.Close()); err != nil {
		t.Fatal(err)
	}
	d := open(t, other, o)
	value(t, d, "")
	if d.backend == one.backend {
		t.Error("one connection for two states")
	}
}
