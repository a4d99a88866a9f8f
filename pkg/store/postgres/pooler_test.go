package postgres

import (
	"errors"
	"strings"
	"testing"

	"helpdesk/internal/servers"
	"helpdesk/pkg/store/engine"
)

// A pooler in transaction or statement mode is rejected before anything is written. One in session mode works like the
// server itself.
func TestPoolers(t *testing.T) {
	p := running(t)
	made := fresh(t)
	open(t, made, engine.Options{}).Close()
	schema := made[strings.LastIndex(made, "?"):]
	for _, mode := range []string{"session", "transaction", "statement"} {
		t.Run(mode, func(t *testing.T) {
			b, err := p.StartPooler(mode, "helpdesk", secret)
			servers.Want(t, err)
			t.Cleanup(b.Stop)
			for name, address := range map[string]string{"made": b.Address("helpdesk", secret, "helpdesk") + schema,
				"new": b.Address("helpdesk", secret, "helpdesk") + "?search_path=behind_" + mode} {
				d, err := Open(t.Context(), address, engine.Options{})
				if mode != "session" {
					if !errors.Is(err, engine.ErrSetup) || !strings.Contains(err.Error(), "port in session mode") {
						t.Errorf("%s: %v", name, err)
					}
					continue
				}
				if err != nil {
					t.Fatal(name, err)
				}
				if err := errors.Join(put(d, "a", "1"), d.Still(), d.Close()); err != nil {
					t.Error(name, err)
				}
			}
		})
	}
	if n, err := p.SQL("helpdesk", "select count(*) from pg_namespace where nspname in "+
		"('behind_transaction', 'behind_statement')"); n != "0" {
		t.Errorf("%s schemas were made behind the pooler that was refused: %v", n, err)
	}
	if n, err := p.SQL("helpdesk", "select count(*) from pg_locks where locktype = 'advisory'"); n != "0" {
		t.Errorf("%s locks are left: %v", n, err)
	}
}

// A pooler says in its own way what is wrong with an address.
func TestWhatAPoolerRejects(t *testing.T) {
	b, err := running(t).StartPooler("session", "helpdesk", secret)
	servers.Want(t, err)
	t.Cleanup(b.Stop)
	for says, address := range map[string]string{
		"check the user and the password": b.Address("helpdesk", secret+"x", "helpdesk"),
		"CREATE DATABASE":                 b.Address("helpdesk", secret, "absent"),
		"correct the options":             b.Address("helpdesk", secret, "helpdesk") + "?work_mem=64kB",
	} {
		_, err := Open(t.Context(), address, engine.Options{})
		if !errors.Is(err, engine.ErrSetup) || !strings.Contains(err.Error(), says) {
			t.Errorf("want %s: %v", says, err)
		}
	}
}
