package cmd

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"

	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/version"
)

// guarded is a drive whose administrator is user 9 of the portal and admin@firm.example.
type guarded struct {
	*drive
	chats, mails int // alarms returned before
}

const watching = `monitor: {tell: [9], mail: [admin@firm.example], failed_passes: 3}
letters: {timezone: UTC}
`

// alarms returns the alerts since the last call, in the chat and by e-mail.
func (w *guarded) alarms() (chat, letters []string) {
	w.t.Helper()
	said := w.portal.Private(9)
	chat, w.chats = said[w.chats:], len(said)
	all := w.mailed()
	for _, l := range all[w.mails:] {
		if slices.Equal(l.To, []string{"admin@firm.example"}) {
			if got := l.Message.Header.Get("Auto-Submitted"); got != "auto-generated" {
				w.t.Errorf("an alarm with Auto-Submitted %q", got)
			}
			letters = append(letters, strings.ReplaceAll(l.Message.Subject+"\n"+l.Message.Plain, "\r\n", "\n"))
		}
	}
	w.mails = len(all)
	return chat, letters
}

// minutes runs passes as cron does, for n minutes.
func (w *guarded) minutes(n int, kinds ...string) {
	w.t.Helper()
	for range n {
		for _, kind := range kinds {
			w.run(kind)
		}
		w.clock.Advance(time.Minute)
	}
}

// trouble is a trouble that a test causes and ends.
type trouble struct {
	name     string
	settings string
	setup    func(w *guarded)
	breaks   func(w *guarded)
	mends    func(w *guarded)
	after    int // minutes until the alert; 0 = the first pass alerts
	begins   string
	ends     string
	noChat   bool // no alert in the chat while the trouble lasts
	noMail   bool
	passes   []string
}

func refuseLogin(command, _ string) error {
	if command == "LOGIN" || command == "AUTHENTICATE" {
		return &imap.Error{
			Type: imap.StatusResponseTypeNo,
			Code: imap.ResponseCodeAuthenticationFailed,
			Text: "wrong password",
		}
	}
	return nil
}

// refuseAll is a portal that refuses the webhook, but would accept chat messages.
func refuseAll(c *sandbox.Call) sandbox.Fault {
	if c.Method == "im.message.add" || c.Method == "batch" {
		return sandbox.Fault{}
	}
	return sandbox.Fault{Kind: sandbox.ErrorAnswer, Code: "expired_token", Text: "expired", Status: 401}
}

func (w *guarded) write(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *guarded) remove(name string) {
	w.t.Helper()
	if err := os.Remove(filepath.Join(w.dir, name)); err != nil {
		w.t.Fatal(err)
	}
}

// requests delivers a letter.
func requests(id string) func(w *guarded) {
	return func(w *guarded) {
		w.letter(id+"@romashka.example", "ivan@romashka.example", "Printer "+id, "It does not print.")
	}
}

var troubles = []trouble{
	{
		name:   "a mailbox whose password is wrong",
		breaks: func(w *guarded) { w.imap.Inject(refuseLogin) },
		mends:  func(w *guarded) { w.imap.Inject(nil) },
		begins: "Почта support@helpdesk.example не принимается с 09:02: почтовый сервер не принимает пароль. Письма " +
			"не потеряны. " +
			"Проверьте imap.password, затем helpdesk check.",
		ends: "Почта снова принимается (не работала с 09:02 до ",
	},
	{
		name:   "a mailbox that is away",
		breaks: func(w *guarded) { w.imap.Inject(func(string, string) error { return mail.ErrDrop }) },
		mends:  func(w *guarded) { w.imap.Inject(nil) },
		after:  2,
		begins: "Почта support@helpdesk.example не принимается с 09:02: ",
		ends:   "Почта снова принимается (не работала с 09:02 до ",
	},
	{
		name: "a relay that lets nobody in",
		breaks: func(w *guarded) {
			w.smtp.Inject(func(stage, to string) error {
				if stage == "auth" && w.portal.Private(9) == nil ||
					stage == "rcpt" && !strings.HasPrefix(to, "admin@") {
					return &smtp.SMTPError{
						Code:         535,
						EnhancedCode: smtp.EnhancedCode{5, 7, 8},
						Message:      "wrong password",
					}
				}
				return nil
			})
			requests("relay")(w)
		},
		mends: func(w *guarded) { w.smtp.Inject(nil) },
		begins: "Письма с адреса support@helpdesk.example не уходят с 09:02: почтовый сервер не принимает пароль. " +
			"Они не потеряны",
		ends:   "Письма снова уходят (не уходили с 09:02 до ",
		noMail: true,
	},
	{
		name:   "a portal that lets nobody in",
		breaks: func(w *guarded) { w.portal.Inject(refuseAll) },
		mends:  func(w *guarded) { w.portal.Inject(nil) },
		begins: "Портал Bitrix24 недоступен с 09:02: портал не принимает вебхук",
		ends:   "Портал Bitrix24 снова доступен (был недоступен с 09:02 до ",
		noChat: true,
	},
	{
		name:     "copies that can't be kept",
		settings: "save_sent: Copies, ",
		setup:    func(w *guarded) { _ = w.imap.CreateFolder("Copies", "") },
		breaks: func(w *guarded) {
			_ = w.imap.DeleteFolder("Copies")
			requests("copies")(w)
		},
		mends: func(w *guarded) {
			_ = w.imap.CreateFolder("Copies", "")
			requests("again")(w)
		},
		begins: "Копии писем с адреса support@helpdesk.example не сохраняются с 09:02: ",
		ends:   "Копии писем снова сохраняются (не сохранялись с 09:02 до ",
	},
	{
		name: "an entry that is held",
		breaks: func(w *guarded) {
			w.portal.Inject(func(c *sandbox.Call) sandbox.Fault {
				if c.Method == "tasks.task.add" {
					return sandbox.Fault{Kind: sandbox.ErrorAnswer, Code: "ERROR_CORE", Text: "no rights"}
				}
				return sandbox.Fault{}
			})
			requests("held")(w)
			for range 2 { // together with the first try these are three tries
				w.run("poll")
				w.run("outbox", "retry", "--all")
			}
		},
		mends: func(w *guarded) {
			w.portal.Inject(nil)
			w.must(0, "outbox", "retry", "--all")
		},
		begins: "1 действие ждёт вашего решения:\n№ 1: ",
		ends:   "1 действие больше не ждёт решения: № 1 (с 09:02 до ",
	},
	{
		name: "a letter in the quarantine",
		breaks: func(w *guarded) {
			w.letter("bounce@mx.example", "MAILER-DAEMON@mx.example", "Undelivered", bounced,
				"Content-Type: multipart/report; report-type=delivery-status; boundary=b")
		},
		mends:  func(w *guarded) { w.must(0, "quarantine", "drop", "--all") },
		begins: "1 письмо не удалось обработать:\n№ 1, MAILER-DAEMON@mx.example, Undelivered: ",
		ends:   "1 письмо больше не лежит в карантине: № 1 (с 09:02 до ",
	},
	{
		name:   "a template with a mistake",
		setup:  func(w *guarded) { w.write("texts/ru/comment.text.tmpl", "{{.Contact}}") },
		breaks: func(w *guarded) { w.write("texts/ru/comment.text.tmpl", "{{.Kontact}}") },
		mends:  func(w *guarded) { w.write("texts/ru/comment.text.tmpl", "{{.Contact}} ") },
		begins: "Ошибка в настройках или шаблонах helpdesk: ",
		ends:   "Ошибка в настройках или шаблонах исправлена, письма снова обрабатываются (ждали с 09:02 до ",
	},
	{
		name:   "texts of alarms with a mistake",
		setup:  func(w *guarded) { w.write("texts/signature.html.tmpl", "<p>We</p>") },
		breaks: func(w *guarded) { w.write("texts/ru/alarms.tmpl", "{{") },
		mends:  func(w *guarded) { w.remove("texts/ru/alarms.tmpl") },
		begins: "Ошибка в настройках или шаблонах helpdesk: ",
		ends:   "Ошибка в настройках или шаблонах исправлена, письма снова обрабатываются (ждали с 09:02 до ",
	},
	{
		name: "a state that can't be opened",
		breaks: func(w *guarded) {
			_ = os.Rename(filepath.Join(w.dir, "helpdesk.db"), filepath.Join(w.dir, "good.db"))
			w.write("helpdesk.db", strings.Repeat("no state\n", 1000))
		},
		mends: func(w *guarded) {
			_ = os.Rename(filepath.Join(w.dir, "good.db"), filepath.Join(w.dir, "helpdesk.db"))
		},
		begins: "helpdesk не может открыть или записать своё состояние с 09:02: ",
		ends:   "Состояние helpdesk снова открывается и записывается (не удавалось с 09:02 до ",
	},
	{
		name:   "a pass that does not run",
		breaks: func(w *guarded) { w.clock.Advance(15 * time.Minute); w.run("poll"); w.clock.Advance(time.Minute) },
		mends:  func(w *guarded) { w.run("notify") },
		begins: "helpdesk notify не запускался с 09:01: ответы специалистов не уходят клиентам.",
		ends:   "helpdesk notify снова запускается (не запускался с 09:01 до ",
		passes: []string{"poll"},
	},
}

const bounced = `--b
Content-Type: text/plain

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; somebody@nowhere.example
Action: failed
Status: 5.1.1
--b
Content-Type: text/rfc822-headers

Message-ID: <forged@helpdesk.example>
Subject: A letter we never wrote
--b--`

// Each trouble is alerted once on each way, and so is its end. No alert goes through something that is broken.
func TestAlarms(t *testing.T) {
	t.Parallel()
	for _, c := range troubles {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			testAlarm(t, c)
		})
	}
}

// prepare writes the settings and templates that a trouble needs.
func (w *guarded) prepare(c trouble) {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.dir, "helpdesk.yaml"))
	if err != nil {
		w.t.Fatal(err)
	}
	text := strings.Replace(string(raw), "smtp: {", "smtp: {"+c.settings, 1)
	if c.setup != nil {
		c.setup(w)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "texts")); err == nil {
		text += "templates: texts\n"
	}
	w.write("helpdesk.yaml", text)
}

func testAlarm(t *testing.T, c trouble) {
	w := &guarded{drive: newDrive(t, sandbox.PortalOptions{NewCard: true}, watching)}
	w.prepare(c)
	passes := c.passes
	if passes == nil {
		passes = []string{"poll", "notify"}
	}
	w.minutes(2, "poll", "notify")
	if chat, letters := w.alarms(); len(chat)+len(letters) > 0 {
		t.Fatalf("told when all was well: %q %q", chat, letters)
	}

	c.breaks(w)
	told := func(when, begins string, noChat, noMail bool) {
		t.Helper()
		chat, letters := w.alarms()
		for _, x := range []struct {
			way string
			got []string
			no  bool
		}{{"chat", chat, noChat}, {"e-mail", letters, noMail}} {
			switch {
			case x.no && len(x.got) > 0:
				t.Errorf("%s: told by %s: %q", when, x.way, x.got)
			case !x.no && (len(x.got) != 1 || !strings.Contains(x.got[0], begins) ||
				!strings.HasSuffix(x.got[0], "\nhelpdesk "+version.Get().Version+", "+machine())):
				t.Errorf("%s: by %s %q, want one with %q", when, x.way, x.got, begins)
			}
		}
	}
	if c.after > 0 {
		w.minutes(c.after, passes...)
		told("before it has lasted", "", true, true)
	}
	w.minutes(1, passes...)
	told("at its beginning", c.begins, c.noChat, c.noMail)
	w.minutes(3, passes...)
	w.clock.Advance(2 * time.Hour)
	w.minutes(1, passes...)
	told("while it goes on", "", true, true)

	c.mends(w)
	w.clock.Advance(15 * time.Minute) // the pause after the failure has to pass
	w.minutes(3, "poll", "notify")
	told("at its end", c.ends, false, false)
	w.minutes(3, "poll", "notify")
	told("after its end", "", true, true)
}

func machine() string {
	name, _ := os.Hostname()
	return name
}

// A trouble prints a line at its beginning, every hour, and at its end. Held entries have a line of their own form.
func TestTroublesArePrintedOnceThenHourly(t *testing.T) {
	t.Parallel()
	for _, c := range troubles {
		if c.passes != nil {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := &guarded{drive: newDrive(t, sandbox.PortalOptions{NewCard: true}, watching)}
			testPrinted(t, w, c)
		})
	}
}

func testPrinted(t *testing.T, w *guarded, c trouble) {
	w.prepare(c)
	w.minutes(2, "poll", "notify")
	c.breaks(w)
	var lines []string
	listen := func(minutes int) {
		for range minutes {
			for _, kind := range []string{"poll", "notify"} {
				_, out, errs := w.run(kind)
				if out != "" {
					t.Errorf("%s printed %q", kind, out)
				}
				if errs != "" {
					lines = append(lines, w.clock.Now().Format("15:04 ")+strings.TrimSuffix(errs, "\n"))
				}
			}
			w.clock.Advance(time.Minute)
		}
	}
	listen(4)
	w.clock.Advance(50 * time.Minute)
	listen(1)
	w.clock.Advance(10 * time.Minute)
	listen(3)
	c.mends(w)
	w.clock.Advance(15 * time.Minute)
	listen(3)
	whole := strings.Join(lines, "\n")
	if n := len(lines); n != 3 || strings.Count(whole, "\n") != 2 {
		t.Fatalf("printed\n%s", whole)
	}
	if !strings.Contains(lines[0], "helpdesk: ") || !strings.Contains(lines[1], ": since ") ||
		!strings.Contains(lines[2], ": over; it lasted from ") {
		t.Errorf("printed\n%s", whole)
	}
}

// A certificate that expires soon causes an alert though everything works.
func TestCertificatesThatExpireSoon(t *testing.T) {
	t.Parallel()
	w := &guarded{drive: newDrive(t, sandbox.PortalOptions{NewCard: true}, watching)}
	w.clock.Advance(time.Until(w.clock.Now()) * -1)
	serve := func(days int) *mail.IMAP {
		cert, pem := certificateFor(t, time.Duration(days)*24*time.Hour)
		w.write("ca.pem", pem)
		s, err := mail.NewIMAP(mail.IMAPOptions{
			User:     "support",
			Password: imapSecret,
			TLS:      &tls.Config{Certificates: []tls.Certificate{cert}},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if err := w.configure(s.Addr(), w.smtp.Addr(), watching); err != nil {
			t.Fatal(err)
		}
		raw, _ := os.ReadFile(filepath.Join(w.dir, "helpdesk.yaml"))
		w.write("helpdesk.yaml", strings.Replace(string(raw), "tls: none", "tls: implicit, ca: ca.pem", 1))
		return s
	}
	for _, c := range []struct {
		days int
		want string
	}{{60, ""}, {10, "Сертификат сервера 127.0.0.1 действует до "}, {90, "Сертификат сервера 127.0.0.1 обновлён."}} {
		serve(c.days)
		w.minutes(3, "poll", "notify")
		chat, letters := w.alarms()
		for _, got := range [][]string{chat, letters} {
			if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
				t.Errorf("a certificate for %d more days: told %q, want %q", c.days, got, c.want)
			}
		}
		if c.want != "" && !strings.Contains(c.want, "обновлён") {
			if status, out, _ := w.run("status"); status != 0 || !strings.Contains(out, "expires on") {
				t.Errorf("status %d\n%s", status, out)
			}
		}
	}
}

// A directory of names that fails for long causes an alert, but delays no letter.
func TestADirectoryThatFails(t *testing.T) {
	t.Parallel()
	broken := true
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if broken {
			rw.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = rw.Write([]byte(`{"value": []}`))
	}))
	defer s.Close()
	w := &guarded{drive: newDrive(t, sandbox.PortalOptions{NewCard: true}, watching+
		fmt.Sprintf("contacts: {sources: [onec], onec: {url: %q, catalog: C}}\n", s.URL+"/"))}
	for i := range 3 {
		w.letter(fmt.Sprintf("n%d@x.example", i), fmt.Sprintf("n%d@x.example", i), "Printer", "It does not print.")
		w.minutes(1, "poll", "notify")
	}
	chat, letters := w.alarms()
	if len(chat) != 1 || len(letters) != 1 || !strings.Contains(chat[0], "Справочник имён не отвечает с 09:00: ") {
		t.Errorf("told %q %q", chat, letters)
	}
	broken = false
	w.letter("well@x.example", "well@x.example", "Printer", "It does not print.")
	w.minutes(2, "poll", "notify")
	if chat, letters = w.alarms(); len(chat) != 1 || len(letters) != 1 || !strings.Contains(chat[0], "снова отвечает") {
		t.Errorf("told of the end %q %q", chat, letters)
	}
}

// Without settings the person responsible for new tasks is alerted, and no e-mail is sent.
func TestWhoIsToldWithoutSettings(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{NewCard: true}, "")
	d.imap.Inject(refuseLogin)
	for range 3 {
		d.run("poll")
		d.clock.Advance(time.Minute)
	}
	if got := d.portal.Private(7); len(got) != 1 || !strings.Contains(got[0], "не принимается") ||
		len(d.mailed()) != 0 {
		t.Errorf("told %q, and %d letters", got, len(d.mailed()))
	}
}

// A person who can't be reached keeps nobody else from an alert, and is not tried every minute.
func TestWhoCanNotBeTold(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{NewCard: true}, "monitor: {tell: [4444, 9]}\n")
	d.imap.Inject(refuseLogin)
	for range 10 {
		d.run("poll")
		d.clock.Advance(time.Minute)
	}
	asked := 0
	for _, c := range d.portal.Calls() {
		if c.Method == "im.message.add" {
			asked++
		}
	}
	if got := d.portal.Private(9); len(got) != 1 || asked != 2 {
		t.Errorf("told %q with %d calls", got, asked)
	}
}
