package wiring

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/pkg/config"
	"helpdesk/pkg/store"
)

// gate answers log-ins only when all mailboxes are connected and so many log-ins wait that no more may come.
type gate struct {
	mu        sync.Mutex
	connected int
	waiting   []chan struct{}
	commands  []string
}

// serve is a mail server whose mailboxes are empty.
func (g *gate) serve(c net.Conn) {
	defer c.Close()
	g.mu.Lock()
	g.connected++
	g.release()
	g.mu.Unlock()
	fmt.Fprint(c, "* OK [CAPABILITY IMAP4rev1] ready\r\n")
	for in := bufio.NewScanner(c); in.Scan(); {
		tag, command, _ := strings.Cut(in.Text(), " ")
		word, _, _ := strings.Cut(strings.TrimPrefix(command, "UID "), " ")
		if word == "LOGIN" {
			<-g.enter()
		}
		g.mu.Lock()
		g.commands = append(g.commands, word)
		g.mu.Unlock()
		fmt.Fprint(c, map[string]string{
			"SELECT": "* 0 EXISTS\r\n* OK [UIDVALIDITY 1] ok\r\n",
			"SEARCH": "* SEARCH\r\n",
		}[word])
		fmt.Fprintf(c, "%s OK [CAPABILITY IMAP4rev1] done\r\n", tag)
	}
}

func (g *gate) enter() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	mine := make(chan struct{})
	g.waiting = append(g.waiting, mine)
	g.release()
	return mine
}

// release lets all in who wait, if no more can come. The lock must be held.
func (g *gate) release() {
	if g.connected < 10 || len(g.waiting) < 5 {
		return
	}
	for _, w := range g.waiting {
		close(w)
	}
	g.waiting = nil
}

// TestTenMailboxesAreSearchedTogether counts the round trips that log-ins wait for each other: ten mailboxes log in in
// two turns, and all are connected before the first is let in. Each has four commands.
func TestTenMailboxesAreSearchedTogether(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	g := &gate{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go g.serve(c)
		}
	}()
	cfg := &config.Config{}
	for i := range 10 {
		m := config.Mailbox{Name: fmt.Sprint("box", i), From: "desk@b.ru"}
		m.IMAP.Host, m.IMAP.Port, m.IMAP.TLS = "127.0.0.1", l.Addr().(*net.TCPAddr).Port, "none"
		m.IMAP.User, m.IMAP.Password = "u", "p"
		cfg.Mailboxes = append(cfg.Mailboxes, m)
	}
	s, err := store.Open(t.TempDir()+"/state.db", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	servers, ended := NewServers(cfg, s, time.Now, nil), make(chan struct{})
	go func() {
		defer close(ended)
		servers.Look(t.Context(), cfg, "", false, slog.New(slog.NewTextHandler(io.Discard, nil)))
	}()
	select {
	case <-ended:
	case <-time.After(time.Minute):
		g.mu.Lock()
		defer g.mu.Unlock()
		t.Fatalf("%d mailboxes are connected, %d log-ins wait", g.connected, len(g.waiting))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	counts := map[string]int{}
	for _, c := range g.commands {
		counts[c]++
	}
	if counts["LOGIN"] != 10 || counts["SELECT"] != 10 || counts["SEARCH"] != 10 || counts["LOGOUT"] > 10 ||
		len(counts) > 4 {
		t.Errorf("commands: %v", counts)
	}
}
