package pass_test

import (
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"

	"helpdesk/internal/servers"
)

// TestMain makes the collector work less often than in the program: the tests make many worlds and throw each away. A
// test of memory sets the collector itself.
func TestMain(m *testing.M) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(900 << 20) // where the collector works as often as in the program
	}
	status := m.Run()
	if p := running.Load(); p != nil {
		p.Stop()
	}
	os.Exit(status)
}

// The server that the tests of two hosts share, one after the other, each with schemas of its own.
var (
	sharedServer = sync.OnceValues(func() (*servers.Postgres, error) {
		p, err := servers.StartPostgres(nil, "autovacuum_naptime = 60", "wal_level = minimal", "max_wal_senders = 0")
		if err == nil {
			running.Store(p)
			_, err = p.SQL("postgres", clockOfTheServer)
		}
		return p, err
	})
	running atomic.Pointer[servers.Postgres]
)

// database returns the shared server and starts it at the first call.
func database(t testing.TB) *servers.Postgres {
	t.Helper()
	p, err := sharedServer()
	servers.Want(t, err)
	return p
}

// memory returns a folder for a state, removed at the end of the test. It is in memory where the machine has that,
// since no test here cuts the power, and each pass waits for the disk several times.
func memory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "pass-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
