package pass_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain makes the collector work less often than in the program: the tests make many worlds and throw each away. A
// test of memory sets the collector itself.
func TestMain(m *testing.M) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	os.Exit(m.Run())
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
