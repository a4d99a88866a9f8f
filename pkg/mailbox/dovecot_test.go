package mailbox

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"helpdesk/internal/servers"
)

// dovecot is started once for all tests; each test has its own user.
var dovecot struct {
	once  sync.Once
	s     *servers.Dovecot
	err   error
	ca    []byte
	users atomic.Int32
}

// TestMain lets more tests run side by side than there are processors: they wait rather than compute. The flag -parallel
// has precedence.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", strconv.Itoa(max(6, runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	status := m.Run()
	if dovecot.s != nil {
		dovecot.s.Stop()
	}
	os.Exit(status)
}

// dovecotServer returns a Dovecot for tests, or skips the test if Dovecot is not installed.
func dovecotServer(t *testing.T) *testServer {
	t.Helper()
	dovecot.once.Do(func() {
		cert, ca := certificate(t)
		dovecot.ca = ca
		dovecot.s, dovecot.err = servers.StartDovecot(testPassword, &cert, folders+"mail_fsync = never\n")
	})
	servers.Want(t, dovecot.err)
	return &testServer{name: "dovecot", addr: dovecot.s.Addr, start: dovecot.s.Addr, tls: dovecot.s.Secure,
		ca:   dovecot.ca,
		user: fmt.Sprintf("user%d", dovecot.users.Add(1))}
}

const folders = `namespace inbox {
  mailbox Done {
    auto = create
  }
  mailbox Posted {
    auto = create
    special_use = \Sent
  }
}
`
