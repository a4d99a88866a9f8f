package pass_test

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/jackc/pgx/v5/pgproto3"

	"helpdesk/internal/servers"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// A whole pass over 50 letters, with opening and closing, asks a database mostRequests times at most: everything that
// they need is read and written together, whether the letters are new or replies, with the auto-replies to them, and
// whether they are answers of specialists. Each further 50 letters take fewer requests than that.
func TestFiftyLettersTakeFewRequestsToADatabase(t *testing.T) {
	t.Parallel()
	const mostRequests = 20
	counted := countRequests(t, database(t))
	w := warm(t, sandbox.PortalOptions{NewCard: true})
	w.state = fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable&search_path=trips", counted.Addr())
	w.sources = []string{"directory", "bitrix24"}
	passes := func(letters int, bring func(i int) []byte) int {
		t.Helper()
		for i := range letters {
			w.arrive(bring(i))
		}
		w.clock.Advance(time.Minute)
		before := counted.requests.Load()
		if r, _ := w.poll(); r.Opened+r.Commented != letters {
			t.Fatalf("%d tasks, %d comments, %v", r.Opened, r.Commented, r.Problems)
		}
		return int(counted.requests.Load() - before)
	}
	people := 0
	anew := func(int) []byte {
		people++
		return letter(fmt.Sprintf("m%d@b.example", people), fmt.Sprintf("n%d@b%d.example", people, people),
			fmt.Sprint("Question ", people), "How?")
	}
	replies := 0
	again := func(i int) []byte {
		replies++
		return letter(fmt.Sprintf("r%d@b.example", replies), fmt.Sprintf("n%d@b%d.example", i+1, i+1), "Re: Question",
			"And it blinks.", fmt.Sprintf("In-Reply-To: <m%d@b.example>", i+1))
	}
	passes(1, anew)
	one, fifty, hundred := passes(1, anew), passes(50, anew), passes(100, anew)
	t.Logf("new letters: %d requests for one, %d for 50, %d for 100", one, fifty, hundred)
	late := func(n int) int { // auto-replies of an earlier pass
		t.Helper()
		away := true
		w.smtp.Inject(func(string, string) error {
			if away {
				return &smtp.SMTPError{Code: 421, Message: "later"}
			}
			return nil
		})
		passes(n, anew)
		away = false
		w.clock.Advance(time.Hour)
		sent, before := len(w.smtp.Letters()), counted.requests.Load()
		if w.poll(); len(w.smtp.Letters())-sent != n {
			t.Fatalf("%d auto-replies are late", len(w.smtp.Letters())-sent)
		}
		return int(counted.requests.Load() - before)
	}
	later, later50 := late(1), late(50)
	t.Logf("late auto-replies: %d requests for one, %d for 50", later, later50)
	reply, replies50 := passes(1, again), passes(50, again)
	t.Logf("replies: %d requests for one, %d for 50", reply, replies50)
	answers := func(n int) int {
		t.Helper()
		for _, task := range w.portal.Tasks()[:n] {
			w.portal.Say(task.ID, specialist, "Please restart it.")
		}
		w.clock.Advance(time.Minute)
		before := counted.requests.Load()
		if r, _ := w.notify(); r.Sent != n {
			t.Fatalf("%d letters, %v", r.Sent, r.Problems)
		}
		return int(counted.requests.Load() - before)
	}
	answers(1)
	answer, answers50 := answers(1), answers(50)
	t.Logf("answers: %d requests for one, %d for 50", answer, answers50)
	if max(one, fifty, hundred-fifty, later, later50, reply, replies50, answer, answers50) > mostRequests {
		t.Errorf("more than %d requests", mostRequests)
	}
}

// counter forwards connections to a PostgreSQL server, and counts the requests that wait for an answer.
type counter struct {
	net.Listener
	requests atomic.Int64
}

// countRequests listens on a port of the loopback address for as long as the test runs.
func countRequests(t *testing.T, p *servers.Postgres) *counter {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	c := &counter{Listener: ln}
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", filepath.Join(p.Dir, ".s.PGSQL."+strconv.Itoa(p.Port)))
			if err != nil {
				_ = client.Close()
				return
			}
			go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
			go func() { c.count(io.TeeReader(client, server)); _ = server.Close() }()
		}
	}()
	return c
}

// count reads what a client says, until it says no more.
func (c *counter) count(client io.Reader) {
	b := pgproto3.NewBackend(client, io.Discard)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	for {
		said, err := b.Receive()
		if err != nil {
			return
		}
		switch said.(type) {
		case *pgproto3.Query, *pgproto3.Sync:
			c.requests.Add(1)
		}
	}
}
