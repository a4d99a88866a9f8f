package postgres

import (
	"errors"
	"testing"
	"time"

	"helpdesk/internal/servers"
	"helpdesk/pkg/store/engine"
)

// locks returns the number of locks.
func locks(t *testing.T) string {
	t.Helper()
	n, err := running(t).SQL("helpdesk", "select count(*) from pg_locks where locktype = 'advisory'")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// unconnected waits until nobody is connected. The server ends a session some time after the client has closed it.
func unconnected(t *testing.T) {
	t.Helper()
	n := ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		var err error
		n, err = running(t).SQL("helpdesk", "select count(*) from pg_stat_activity where usename = 'helpdesk'")
		if err != nil {
			t.Fatal(err)
		}
		if n == "0" {
			return
		}
	}
	t.Fatalf("%s connections are left", n)
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
	unconnected(t)
	o := twice(t)
	first := open(t, address, o)
	if err := put(first, "a", "first"); err != nil {
		t.Fatal(err)
	}
	value(t, first, "first")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if n := locks(t); n != "0" {
		t.Fatalf("in between %s locks are held", n)
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
	unconnected(t)
	if n := locks(t); n != "0" {
		t.Errorf("%s locks are left", n)
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
