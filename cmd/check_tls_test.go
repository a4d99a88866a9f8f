package cmd

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// Where TLS is mixed up, check and the pass end with 2 and name the key, on any port.
func TestTLSMixedUpOnAnyPort(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits for greetings that do not come")
	}
	cert, pem := certificateFor(t, 60*24*time.Hour)
	conf := &tls.Config{Certificates: []tls.Certificate{cert}}
	for name, c := range map[string]struct {
		tls      *tls.Config // of the server
		startTLS bool
		says     string // the settings
		want     string // what to set; "" = it works
	}{
		"implicit as starttls":     {conf, false, "starttls", "implicit"},
		"starttls as implicit":     {conf, true, "implicit", "starttls"},
		"implicit as none":         {conf, false, "none", "implicit"},
		"implicit as it should be": {conf, false, "implicit", ""},
		"starttls as it should be": {conf, true, "starttls", ""},
	} {
		for _, kind := range []string{"imap", "smtp"} {
			t.Run(kind+" "+name, func(t *testing.T) {
				t.Parallel()
				w := &guarded{drive: newDrive(t, sandbox.PortalOptions{NewCard: true}, "letters: {locale: en}\n")}
				w.clock.Advance(-time.Until(w.clock.Now())) // the certificate goes by the real time
				w.write("ca.pem", pem)
				box, relay := w.imap.Addr(), w.smtp.Addr()
				if kind == "imap" {
					s, err := mail.NewIMAP(mail.IMAPOptions{User: "support", Password: imapSecret, TLS: c.tls,
						StartTLS: c.startTLS})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = s.Close() })
					box = s.Addr()
				} else {
					s, err := mail.NewSMTP(mail.SMTPOptions{User: "support", Password: smtpSecret, TLS: c.tls,
						StartTLS: c.startTLS})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = s.Close() })
					relay = s.Addr()
				}
				if err := w.configure(box, relay, "letters: {locale: en}\n"); err != nil {
					t.Fatal(err)
				}
				_, port, _ := strings.Cut(map[string]string{"imap": box, "smtp": relay}[kind], ":")
				w.set("port: "+port+", tls: none", "port: "+port+", ca: ca.pem, tls: "+c.says)
				if kind == "smtp" {
					w.set("auth: none", "auth: password")
					w.letter("1@b.example", "n@b.example", "Printer", "It does not print.")
				}
				if c.want == "" {
					w.must(0, "check")
					w.must(0, "poll")
					return
				}
				want := kind + ".tls to " + c.want
				if out := w.must(exit.Wrong, "check"); !strings.Contains(out, want) {
					t.Errorf("check does not say %q:\n%s", want, out)
				}
				if status, _, errs := w.run("-v", "poll"); status != exit.Wrong || !strings.Contains(errs, want) {
					t.Errorf("poll: status %d, want %d and %q\n%s", status, exit.Wrong, want, errs)
				}
			})
		}
	}
}
