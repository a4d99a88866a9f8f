package cmd

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"helpdesk/cmd/status"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// sales adds a first mailbox with servers of its own to the settings, and returns its relay.
func (w *guarded) sales() *mail.SMTP {
	w.t.Helper()
	box, err := mail.NewIMAP(mail.IMAPOptions{User: "sales", Password: imapSecret})
	if err != nil {
		w.t.Fatal(err)
	}
	relay, err := mail.NewSMTP(mail.SMTPOptions{User: "sales", Password: smtpSecret})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _, _ = box.Close(), relay.Close() })
	_, imapPort, _ := net.SplitHostPort(box.Addr())
	_, smtpPort, _ := net.SplitHostPort(relay.Addr())
	w.set("mailboxes:\n", `mailboxes:
  - name: sales
    from: "Sales <sales@helpdesk.example>"
    imap: {host: 127.0.0.1, port: `+imapPort+`, tls: none, user: sales, password: "${HELPDESK_IMAP_PASSWORD}"}
    smtp: {host: 127.0.0.1, port: `+smtpPort+`, tls: none, user: sales, password: "${HELPDESK_SMTP_PASSWORD}"}
`)
	_, err = box.Append("INBOX", []byte("From: Ivan <ivan@romashka.example>\r\nTo: sales@helpdesk.example\r\n"+
		"Subject: Price\r\nMessage-ID: <price@romashka.example>\r\nDate: "+w.clock.Now().Format(time.RFC1123Z)+
		"\r\n\r\nWhat does it cost?\r\n"), w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return relay
}

var refused = &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong password"}

// An alarm uses the first relay that works. It skips relays known to be broken, and tries the next one if a relay
// breaks now.
func TestAnAlarmTakesTheNextRelay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refuses func(stage, to string) bool
		portal  func(*sandbox.Call) sandbox.Fault
		want    string
	}{
		"known to be broken": {
			refuses: func(stage, to string) bool { return stage == "rcpt" && !strings.HasPrefix(to, "admin@") },
			want:    "Письма с адреса sales@helpdesk.example не уходят с 09:00: ",
		},
		"breaks just now": {
			refuses: func(stage, _ string) bool { return stage == "auth" },
			portal:  refuseAll, // so that the alarm is the only letter
			want:    "Портал Bitrix24 недоступен с 09:00: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &guarded{drive: newDrive(t, sandbox.PortalOptions{NewCard: true}, watching)}
			relay := w.sales()
			relay.Inject(func(stage, to string) error {
				if c.refuses(stage, to) {
					return refused
				}
				return nil
			})
			w.portal.Inject(c.portal)
			w.minutes(3, "poll", "notify")
			if _, letters := w.alarms(); len(letters) != 1 || !strings.Contains(letters[0], c.want) {
				t.Errorf("told by the relay that works: %q, want one with %q", letters, c.want)
			}
			for _, l := range relay.Letters() {
				t.Errorf("the relay that is broken was given a letter to %q", l.To)
			}
		})
	}
}

// Nobody is alerted while every way is broken; the first way that works again is used.
func TestAnAlarmWaitsForAWay(t *testing.T) {
	t.Parallel()
	w := &guarded{drive: newDrive(t, sandbox.PortalOptions{NewCard: true}, watching)}
	requests("before")(w)
	w.minutes(1, "poll", "notify")
	w.smtp.Inject(func(string, string) error { return refused })
	w.portal.Inject(refuseAll)
	w.minutes(5, "poll", "notify")
	w.told("while every way is broken", nothing)
	w.smtp.Inject(nil)
	w.clock.Advance(15 * time.Minute)
	w.minutes(5, "poll", "notify")
	if chat, letters := w.alarms(); len(chat) > 0 || len(letters) != 1 ||
		!strings.Contains(letters[0], "Портал Bitrix24 недоступен с 09:01: ") {
		t.Errorf("once e-mail works, told by chat %q and by e-mail %q", chat, letters)
	}
}

// If the book can't be stored, people are alerted once an hour, and cron prints the trouble once an hour.
func TestAlarmsThatCanNotBeKept(t *testing.T) {
	t.Parallel()
	w := &guarded{drive: newDrive(t, sandbox.PortalOptions{NewCard: true}, watching)}
	w.minutes(2, "poll", "notify")
	// A folder of that name prevents even root from writing the file.
	if err := os.Mkdir(status.File(filepath.Join(w.dir, "helpdesk.db"))+".new", 0o700); err != nil {
		t.Fatal(err)
	}
	w.imap.Inject(refuseLogin)
	told, printed := map[string]int{}, map[string]int{}
	for range 3 * 60 {
		now := w.clock.Now().Format("15:04")
		for _, kind := range []string{"poll", "notify"} {
			if _, _, errs := w.run(kind); errs != "" {
				printed[now]++
			}
		}
		chat, letters := w.alarms()
		if len(chat)+len(letters) > 0 {
			told[now] += len(chat) + len(letters)
		}
		w.clock.Advance(time.Minute)
	}
	want := map[string]int{"10:00": 4, "11:00": 4, "12:00": 4} // the trouble and the storing, each by two ways
	if !maps.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
	if want = map[string]int{"10:00": 1, "11:00": 1, "12:00": 1}; !maps.Equal(printed, want) {
		t.Errorf("printed %v, want %v", printed, want)
	}
}
