package cmd

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdesk/internal/servers"
	"helpdesk/internal/terminal"
	"helpdesk/pkg/sandbox/auth"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// session is a program on a terminal, and a script that types the answers.
type session struct {
	*terminal.Session
	t *testing.T
}

// expects waits until the text appears on the terminal, after the text expected before.
func (s *session) expects(text string) {
	s.t.Helper()
	if err := s.Expect(text, time.Minute); err != nil {
		s.t.Fatalf("%v:\n%s", err, s.Seen())
	}
}

func (s *session) types(line string) {
	s.t.Helper()
	if err := s.Type(line); err != nil {
		s.t.Fatal(err)
	}
}

// onTerminal starts helpdesk on a terminal.
func onTerminal(t *testing.T, dir string, env []string, args ...string) *session {
	t.Helper()
	return programOnTerminal(t, dir, env, "helpdesk", args...)
}

func programOnTerminal(t *testing.T, dir string, env []string, name string, args ...string) *session {
	t.Helper()
	program, person, err := terminal.Open(80)
	if err != nil {
		t.Skip(err)
	}
	_, _ = program.Close(), person.Close()
	c := exec.Command(name, args...)
	c.Dir, c.Env = dir, env
	s, err := terminal.Start(c)
	if err != nil {
		t.Fatal(err)
	}
	return &session{s, t}
}

// TestInitOnATerminal goes from a mail address to a first poll, with one wrong answer to each question.
func TestInitOnATerminal(t *testing.T) {
	t.Parallel()
	for _, language := range []string{"ru_RU.UTF-8", "en_GB.UTF-8"} {
		t.Run(language, func(t *testing.T) {
			r, err := newRigFor(t.TempDir(), "support@helpdesk.invalid", sandbox.PortalOptions{NewCard: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(r.close)
			raw := "From: Ivan <ivan@customer.example>\nTo: support@helpdesk.invalid\nSubject: Printer\nMessage-ID: " +
				"<1@customer.example>\nDate: @DATE@\n\nIt does not print.\n"
			if _, err := r.arrive([]byte(raw), time.Now()); err != nil {
				t.Fatal(err)
			}
			dir := filepath.Join(r.dir, "new")
			s := onTerminal(t, r.dir, []string{"LANG=" + language, "TZ=UTC"}, "init", dir)
			s.expects(": ")
			s.types("support")
			s.expects(`"support"`)
			s.expects(": ")
			s.types("support@helpdesk.invalid") // no such domain exists (RFC 2606)
			s.expects("helpdesk.invalid")
			s.expects("IMAP")
			s.types(r.imap.Addr())
			s.expects("SMTP")
			s.types(closed(t))
			s.expects("SMTP")
			s.types(r.smtp.Addr())
			s.expects("Enter")
			s.types("wr0ng-pa55word")
			s.expects("log in")
			s.expects("Enter")
			s.types(imapSecret)
			s.expects("Bitrix24")
			s.types("http://portal.invalid/")
			s.expects("Bitrix24")
			s.types(r.webhook)
			s.expects("17")
			s.expects("[7]")
			s.types("404")
			s.expects("404")
			s.expects("[7]")
			s.types("")
			s.expects("[0]")
			s.types("nowhere")
			s.expects(`"nowhere"`)
			s.expects("[0]")
			s.types("supp")
			s.expects("Support")
			s.expects("helpdesk check:")
			s.expects("poll --dry-run")
			s.expects("Printer")
			s.expects("schedule systemd | sh")
			if err := s.Wait(); err != nil {
				t.Fatalf("%v\n%s", err, s.Seen())
			}
			for _, secret := range []string{imapSecret, portalSecret, "wr0ng-pa55word", "\nFAILED "} {
				// the webhook is echoed, but only where it was typed
				if text := strings.Replace(s.Seen(), r.webhook, "", 1); strings.Contains(text, secret) {
					t.Errorf("%s stands on the terminal:\n%s", secret, text)
				}
			}
			for _, name := range []string{"helpdesk.yaml", "helpdesk.env"} {
				if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v, %v", name, st, err)
				}
			}
			if tasks := r.portal.Tasks(); len(tasks) != 0 {
				t.Errorf("the dry run made %d tasks", len(tasks))
			}
			c := exec.Command("helpdesk", "--config", filepath.Join(dir, "helpdesk.yaml"), "poll")
			c.Env = []string{"TZ=UTC"}
			if out, err := c.CombinedOutput(); err != nil || len(r.portal.Tasks()) != 1 {
				t.Errorf("the first poll: %v, %d tasks\n%s", err, len(r.portal.Tasks()), out)
			} else if task := r.portal.Tasks()[0]; task.Group != 3 {
				t.Errorf("the task is in group %d", task.Group)
			}
		})
	}
}

// closed returns an address on which nothing listens.
func closed(t *testing.T) string {
	t.Helper()
	port, err := servers.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint("127.0.0.1:", port)
}

// If the person leaves before the end, nothing is written.
func TestInitIsLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := onTerminal(t, dir, []string{"LANG=C"}, "init", "--address", "a@yandex.ru")
	s.expects("Found: Yandex 360")
	s.expects("App password of a@yandex.ru")
	s.types("")
	s.expects("webhook")
	s.types("\x04") // Ctrl-D
	if err := s.Wait(); err == nil {
		t.Error("it ends well")
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "*")); len(found) > 0 {
		t.Errorf("there lies %v", found)
	}
}

// If the provider accepts no password, init has the person sign in. After a refusal it asks again. A person who
// postpones the sign-in gets the configuration and the reason.
func TestInitSignsIn(t *testing.T) {
	t.Parallel()
	for name, allows := range map[string][]bool{"at once": {true}, "then": {false, true}, "never": {false}} {
		t.Run(name, func(t *testing.T) {
			r, env := signingIn(t)
			dir := filepath.Join(r.dir, "new")
			s := programOnTerminal(t, r.dir, env, "helpdesk-built", "init", dir)
			for _, step := range [][2]string{
				{
					"Address of the support mailbox",
					"support",
				}, {"Address of the support mailbox", "support@firm.example"},
				{"(client) ID", "app"}, {"Its secret", oauthSecret}, {"webhook", r.webhook}, {"[7]", ""}, {"[0]", ""},
			} {
				s.expects(step[0])
				s.types(step[1])
			}
			s.expects("Written: ")
			well := false
			for n, allow := range allows {
				if n > 0 {
					s.types("")
				}
				r.consents(s, allow)
				well = allow
			}
			if !well {
				s.types("n")
			}
			s.expects("helpdesk check:")
			s.expects("schedule systemd | sh")
			if err := s.Wait(); (err == nil) != well {
				t.Errorf("%v\n%s", err, s.Seen())
			}
			if text := s.Seen(); strings.Contains(text, oauthSecret) || strings.Contains(text, "FAILED ") == well {
				t.Error(text)
			}
			c := exec.Command("helpdesk-built", "--config", filepath.Join(dir, "helpdesk.yaml"), "poll")
			c.Env = env
			if out, err := c.CombinedOutput(); (err == nil) != well {
				t.Errorf("poll: %v\n%s", err, out)
			}
		})
	}
}

// consents waits for the code on the terminal, and types it on the provider's page.
func (r *rig) consents(s *session, allow bool) {
	s.t.Helper()
	s.expects("sign in as support@firm.example and type the code")
	p := r.provider.Load()
	for len(p.Codes()) == 0 {
		time.Sleep(10 * time.Millisecond)
	}
	code := p.Codes()[0]
	s.expects(code)
	p.Type(code, "support@firm.example", allow)
	if allow {
		s.expects("has signed in")
		return
	}
	s.expects("The sign-in failed: login support: ")
	s.expects("n for later")
}

// signingIn starts servers whose mailbox accepts only tokens, and returns the environment in which helpdesk-built knows
// the provider.
func signingIn(t *testing.T) (*rig, []string) {
	t.Helper()
	r, err := newRigFor(t.TempDir(), "support@firm.example", sandbox.PortalOptions{NewCard: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	p := auth.New(auth.Options{Secret: oauthSecret, Interval: time.Second, Rotate: true})
	at, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	r.provider.Store(p)
	server := func(addr string) string {
		host, port, _ := net.SplitHostPort(addr)
		return "{host: " + host + ", port: " + port + ", tls: none}"
	}
	known := "- name: Firm Mail\n  domains: [firm.example]\n  password: oauth2\n  imap: " + server(r.imap.Addr()) +
		"\n  smtp: " + server(r.smtp.Addr()) + "\n  oauth: {id: google, page_url: \"" + at +
		"/authorize\", token_url: \"" +
		at + "/token\", device_url: \"" + at + "/device\", scopes: [mail]}\n"
	built := t.TempDir()
	if err := os.WriteFile(filepath.Join(built, "providers.yaml"), []byte(known), 0o600); err != nil {
		t.Fatal(err)
	}
	return r, []string{"LANG=C", "TZ=UTC", "BUILT=" + built}
}

// The configuration is looked for only once: root starts in a folder that the user it then acts as may not read.
func TestConfigurationIsFoundOnce(t *testing.T) {
	d := newDrive(t, sandbox.PortalOptions{}, "")
	t.Chdir(filepath.Dir(d.args()[1]))
	p := place{env: func(string) (string, bool) { return "", false }}
	first, err := p.findConfig()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if again, err := p.findConfig(); again != first || err != nil {
		t.Errorf("%q, %v; want %q", again, err, first)
	}
}
