package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/internal/servers"
	"helpdesk/pkg/sandbox/mail"
)

// paper is a buffer that can be read during writing.
type paper struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *paper) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

// started starts the servers. It returns their variables, and a function that stops them and returns their output.
func started(t *testing.T, o options) (map[string]string, func() string) {
	t.Helper()
	o.env = filepath.Join(t.TempDir(), "env")
	ctx, cancel := context.WithCancel(context.Background())
	out, ended := &paper{}, make(chan error, 1)
	go func() { ended <- run(ctx, o, out) }()
	stop := sync.OnceValue(func() string {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		return out.String()
	})
	t.Cleanup(func() { stop() })
	for range 2400 {
		select {
		case err := <-ended:
			ended <- nil
			servers.Want(t, err)
			t.Fatal("ended at once")
		case <-time.After(50 * time.Millisecond):
		}
		raw, err := os.ReadFile(o.env)
		if err != nil {
			continue
		}
		vars := map[string]string{}
		for line := range strings.Lines(string(raw)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			vars[name] = strings.Trim(value, "'")
		}
		return vars, stop
	}
	t.Fatal("no variables were written")
	return nil, nil
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEmbeddedServers(t *testing.T) {
	t.Parallel()
	vars, stop := started(t, options{at: "2020-01-02T03:04:05Z", newCard: true})
	if got := get(t, vars["HELPDESK_WEBHOOK"]+"server.time.json"); !strings.Contains(got, "2020-01-02T") {
		t.Errorf("the portal's time is %s", got)
	}
	add := "tasks.task.add.json?fields%5BTITLE%5D=Printer&fields%5BRESPONSIBLE_ID%5D=7"
	get(t, vars["HELPDESK_WEBHOOK"]+add)
	if got := stop(); !strings.Contains(got, "Printer") {
		t.Errorf("printed %q", got)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, v := range map[string]any{"1.request.json": map[string]any{"method": "profile"},
		"1.answer.json": map[string]any{
			"status": 200,
			"kind":   "application/json",
			"body":   map[string]any{"result": map[string]any{"ID": "digits:2#1"}},
		}} {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	vars, stop := started(t, options{replay: dir})
	if got := get(t, vars["HELPDESK_WEBHOOK"]+"profile"); got != `{"result":{"ID":"11"}}` {
		t.Errorf("answered %s", got)
	}
	if got := stop(); !strings.Contains(got, "request /rest/17/replay/profile") ||
		!strings.Contains(got, "1 of 1 answers") {
		t.Errorf("printed %q", got)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "cut", "cut=x", "stall=1", "rewrite=a", "burn=1"} {
		if _, err := parseFault(wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
	for _, c := range []struct {
		fault, want string
	}{{
		"cut=4",
		"* OK",
	}, {
		"drop",
		"",
	}, {"rewrite=OK=NO", "* NO"}, {"delay=1ms", "* OK ["}, {"upload=4", "* OK ["}, {"stall=1h", "* OK ["}} {
		f, err := parseFault(c.fault)
		if err != nil {
			t.Fatal(err)
		}
		if got := greeting(t, f); !strings.HasPrefix(got, c.want) || c.fault == "cut=4" && got != c.want ||
			c.fault == "drop" && got != "" {
			t.Errorf("%s: the server greets with %q", c.fault, got)
		}
	}
}

// greeting returns the first line of an IMAP server with the fault.
func greeting(t *testing.T, f fault) string {
	t.Helper()
	imap, err := mail.NewIMAP(mail.IMAPOptions{User: user, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = imap.Close() })
	p, err := mail.NewProxy(imap.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	f(t.Context(), p)
	return firstLine(t, p.Addr())
}

func TestRealServers(t *testing.T) {
	t.Parallel()
	letter := filepath.Join(t.TempDir(), "letter.eml")
	if err := os.WriteFile(letter, []byte("From: ivan@customer.example\r\nSubject: Printer\r\n\r\nHello\r\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	vars, stop := started(t, options{real: true, database: true, letter: letter})
	if got := firstLine(t, "127.0.0.1:"+vars["HELPDESK_IMAP_PORT"]); !strings.Contains(got, "Dovecot") {
		t.Errorf("IMAP: %q", got)
	}
	if got := firstLine(t, "127.0.0.1:"+vars["HELPDESK_SMTP_PORT"]); !strings.Contains(got, "Postfix") {
		t.Errorf("SMTP: %q", got)
	}
	if !strings.HasPrefix(vars["HELPDESK_STATE"], "postgres://helpdesk:sandbox@127.0.0.1:") {
		t.Errorf("state: %q", vars["HELPDESK_STATE"])
	}
	if got := stop(); !strings.Contains(got, "0 letters were delivered") {
		t.Errorf("printed %q", got)
	}
}
