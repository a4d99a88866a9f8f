package store

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"helpdesk/internal/servers"
)

// server is the PostgreSQL server of all tests. Each test uses a schema of its own.
var (
	server  = sync.OnceValues(func() (*servers.Postgres, error) { return servers.StartPostgres(nil) })
	schemas atomic.Int64
	started atomic.Bool
)

func TestMain(m *testing.M) {
	status := m.Run()
	if started.Load() {
		if p, err := server(); err == nil {
			p.Stop()
		}
	}
	os.Exit(status)
}

// database returns the address of a state in a schema that does not exist yet.
func database(t testing.TB) string {
	t.Helper()
	started.Store(true)
	p, err := server()
	servers.Want(t, err)
	return p.Address("postgres", "", "postgres") + fmt.Sprintf("&search_path=s%d", schemas.Add(1))
}

// onBoth runs a test with each engine.
func onBoth(t *testing.T, test func(t *testing.T, fresh func(testing.TB) *Store)) {
	t.Run("bolt", func(t *testing.T) {
		test(t, func(t testing.TB) *Store {
			t.Helper()
			return open(t, filepath.Join(t.TempDir(), "state.db"), Options{})
		})
	})
	t.Run("postgres", func(t *testing.T) {
		database(t) // skips the test if there is no server
		test(t, func(t testing.TB) *Store { t.Helper(); return open(t, database(t), Options{}) })
	})
}
