package cmd

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

func TestFailingPassesAreToldOnceAndRecoveryOnce(t *testing.T) {
	t.Parallel()
	p := sandbox.NewPortal(sandbox.PortalOptions{})
	webhook, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	imap, err := mail.NewIMAP(mail.IMAPOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer imap.Close()
	config := filepath.Join(t.TempDir(), "helpdesk.yaml")
	poll := func(addr string) int {
		_, port, _ := net.SplitHostPort(addr)
		text := fmt.Sprintf(`state: helpdesk.db
bitrix24: {webhook: "%s", task: {responsible: 7}}
mailboxes:
  - {name: support, from: s@helpdesk.example, imap: {host: 127.0.0.1, port: %s, tls: none, user: user, password: password},
     smtp: {host: 127.0.0.1, port: 1, tls: none, auth: none}}
monitor: {failed_passes: 3}
`, webhook, port)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		return Main([]string{"--config", config, "poll"}, strings.NewReader(""), &out, &out)
	}
	alarms := func(want ...string) {
		t.Helper()
		got := p.Private(7)
		if len(got) != len(want) {
			t.Fatalf("alarms %q", got)
		}
		for i := range want {
			if !strings.Contains(got[i], want[i]) {
				t.Errorf("alarms %q, want %q", got[i], want[i])
			}
		}
	}
	const nobody = "127.0.0.1:1"
	for range 2 {
		if code := poll(nobody); code != exit.Temporary {
			t.Fatalf("exit status %d", code)
		}
	}
	alarms()
	poll(nobody)
	alarms("poll")
	poll(nobody)
	alarms("poll") // not again
	if code := poll(imap.Addr()); code != exit.Done {
		t.Fatalf("exit status %d", code)
	}
	alarms("poll", "poll")
	poll(imap.Addr())
	alarms("poll", "poll")
}
