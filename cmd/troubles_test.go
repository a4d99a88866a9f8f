package cmd

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"

	"helpdesk/pkg/alarm"
	"helpdesk/pkg/sandbox/auth"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// trouble is a trouble that a test causes and ends.
type trouble struct {
	name   string
	kind   alarm.Kind
	setup  func(w *guarded)
	breaks func(w *guarded)
	mends  func(w *guarded)
	after  int      // minutes until the alert; 0 = the first pass alerts
	begins string   // text of the alert; "" = no alert
	ends   string   // text of the alert at the end
	shut   []string // ways without an alert while the trouble lasts: chat, e-mail
	passes []string // kinds of passes that run meanwhile; nil = both

	unprinted bool // cron does not print it three times
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

// set replaces a text in the settings.
func (w *guarded) set(old, text string) {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.dir, "helpdesk.yaml"))
	if err != nil || !strings.Contains(string(raw), old) {
		w.t.Fatalf("the settings lack %q: %v", old, err)
	}
	w.write("helpdesk.yaml", strings.Replace(string(raw), old, text, 1))
}

// certify moves the mailbox to a server whose certificate expires in so many days.
func (w *guarded) certify(days int) {
	w.t.Helper()
	cert, pem := certificateFor(w.t, time.Duration(days)*24*time.Hour)
	w.write("ca.pem", pem)
	s, err := mail.NewIMAP(mail.IMAPOptions{
		User:     "support",
		Password: imapSecret,
		TLS:      &tls.Config{Certificates: []tls.Certificate{cert}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = s.Close() })
	if err := w.configure(s.Addr(), w.smtp.Addr(), watching); err != nil {
		w.t.Fatal(err)
	}
	w.set("tls: none", "tls: implicit, ca: ca.pem")
}

// signIn signs the mailbox in, as a person does.
func (w *guarded) signIn() {
	w.t.Helper()
	provider := w.provider.Load()
	status, told := w.login(func(page string) { back(w.t, provider, page, "support", true) })
	if status != 0 {
		w.t.Fatalf("login: status %d\n%s", status, told)
	}
}

// directory makes names come from a directory.
func directory(w *guarded) {
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		if w.wrong.Load() {
			rw.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = rw.Write([]byte(`{"value": []}`))
	}))
	w.t.Cleanup(s.Close)
	w.set("letters: ", fmt.Sprintf("contacts: {sources: [onec], onec: {url: %q, catalog: C}}\nletters: ", s.URL+"/"))
}

// panics returns a clock that panics during notify.
func panics(now func() time.Time) func() time.Time {
	return func() time.Time {
		if strings.Contains(string(debug.Stack()), "pass.(*Pass).Announce.func1(") {
			panic("the clock has stopped")
		}
		return now()
	}
}

// visitor delivers a letter from a new customer.
func visitor(w *guarded) {
	from := "n" + w.clock.Now().Format("02150405") + "@x.example"
	w.letter(from, from, "Printer", "It does not print.")
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
		kind:   alarm.Mailbox,
		breaks: func(w *guarded) { w.imap.Inject(refuseLogin) },
		mends:  func(w *guarded) { w.imap.Inject(nil) },
		begins: "Почта support@helpdesk.example не принимается с 09:02: почтовый сервер не принимает пароль. Письма " +
			"не потеряны. Проверьте imap.password, затем helpdesk check.",
		ends: "Почта снова принимается (не работала с 09:02 до ",
	},
	{
		name:   "a mailbox that is away",
		kind:   alarm.Mailbox,
		breaks: func(w *guarded) { w.imap.Inject(func(string, string) error { return mail.ErrDrop }) },
		mends:  func(w *guarded) { w.imap.Inject(nil) },
		after:  2,
		begins: "Почта support@helpdesk.example не принимается с 09:02: ",
		ends:   "Почта снова принимается (не работала с 09:02 до ",
	},
	{
		name: "a relay that lets nobody in",
		kind: alarm.Relay,
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
		ends: "Письма снова уходят (не уходили с 09:02 до ",
		shut: []string{"e-mail"},
	},
	{
		name:   "a portal that lets nobody in",
		kind:   alarm.Portal,
		breaks: func(w *guarded) { w.portal.Inject(refuseAll) },
		mends:  func(w *guarded) { w.portal.Inject(nil) },
		begins: "Портал Bitrix24 недоступен с 09:02: портал не принимает вебхук",
		ends:   "Портал Bitrix24 снова доступен (был недоступен с 09:02 до ",
		shut:   []string{"chat"},
	},
	{
		name: "copies that can't be kept",
		kind: alarm.Copies,
		setup: func(w *guarded) {
			_ = w.imap.CreateFolder("Copies", "")
			w.set("smtp: {", "smtp: {save_sent: Copies, ")
		},
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
		kind: alarm.Held,
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
		kind: alarm.Quarantine,
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
		kind:   alarm.Settings,
		setup:  func(w *guarded) { w.write("texts/ru/comment.text.tmpl", "{{.Contact}}") },
		breaks: func(w *guarded) { w.write("texts/ru/comment.text.tmpl", "{{.Kontact}}") },
		mends:  func(w *guarded) { w.write("texts/ru/comment.text.tmpl", "{{.Contact}} ") },
		begins: "Ошибка в настройках или шаблонах helpdesk: ",
		ends:   "Ошибка в настройках или шаблонах исправлена, письма снова обрабатываются (ждали с 09:02 до ",
	},
	{
		name:   "texts of alarms with a mistake",
		kind:   alarm.Settings,
		setup:  func(w *guarded) { w.write("texts/signature.html.tmpl", "<p>We</p>") },
		breaks: func(w *guarded) { w.write("texts/ru/alarms.tmpl", "{{") },
		mends:  func(w *guarded) { w.remove("texts/ru/alarms.tmpl") },
		begins: "Ошибка в настройках или шаблонах helpdesk: ",
		ends:   "Ошибка в настройках или шаблонах исправлена, письма снова обрабатываются (ждали с 09:02 до ",
	},
	{
		name: "a state that can't be opened",
		kind: alarm.State,
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
		kind:   alarm.Overdue,
		breaks: func(w *guarded) { w.clock.Advance(15 * time.Minute); w.run("poll"); w.clock.Advance(time.Minute) },
		mends:  func(w *guarded) { w.run("notify") },
		begins: "helpdesk notify не запускался с 09:01: ответы специалистов не уходят клиентам.",
		ends:   "helpdesk notify снова запускается (не запускался с 09:01 до ",
		passes: []string{"poll"}, unprinted: true,
	},
	{
		name: "a poll that does not run",
		kind: alarm.Overdue,
		breaks: func(w *guarded) {
			w.clock.Advance(15 * time.Minute)
			w.run("notify")
			w.clock.Advance(time.Minute)
		},
		mends:  func(w *guarded) { w.run("poll") },
		begins: "helpdesk poll не запускался с 09:01: новая почта не принимается.",
		ends:   "helpdesk poll снова запускается (не запускался с 09:01 до ",
		passes: []string{"notify"}, unprinted: true,
	},
	{
		name: "a relay that is away",
		kind: alarm.Relay,
		breaks: func(w *guarded) {
			w.smtp.Inject(func(string, string) error { return mail.ErrDrop })
			w.each = func(w *guarded) { requests(w.clock.Now().Format("1504"))(w) }
		},
		mends:  func(w *guarded) { w.smtp.Inject(nil) },
		after:  2,
		begins: "Письма с адреса support@helpdesk.example не уходят с 09:02: ",
		ends:   "Письма снова уходят (не уходили с 09:02 до ",
		shut:   []string{"e-mail"},
	},
	{
		name: "a portal that is away",
		kind: alarm.Portal,
		breaks: func(w *guarded) {
			w.portal.Inject(func(*sandbox.Call) sandbox.Fault { return sandbox.Fault{Kind: sandbox.Drop} })
		},
		mends:  func(w *guarded) { w.portal.Inject(nil) },
		after:  2,
		begins: "Портал Bitrix24 недоступен с 09:02: ",
		ends:   "Портал Bitrix24 снова доступен (был недоступен с 09:02 до ",
		shut:   []string{"chat"},
	},
	{
		name: "a letter that is tried again",
		kind: alarm.Waiting,
		breaks: func(w *guarded) {
			w.smtp.Inject(func(stage, to string) error {
				if stage == "rcpt" && !strings.HasPrefix(to, "admin@") {
					return &smtp.SMTPError{Code: 451, Message: "try again"}
				}
				return nil
			})
			requests("later")(w)
		},
		mends: func(w *guarded) { w.smtp.Inject(nil); w.clock.Advance(6 * time.Hour) },
	},
	{
		name: "a certificate that expires soon",
		kind: alarm.Certificate,
		setup: func(w *guarded) {
			w.clock.Advance(-time.Until(w.clock.Now())) // servers use the real time
			w.certify(60)
		},
		breaks: func(w *guarded) { w.certify(10) },
		mends:  func(w *guarded) { w.certify(90) },
		begins: "Сертификат сервера 127.0.0.1 действует до ",
		ends:   "Сертификат сервера 127.0.0.1 обновлён.",
	},
	{
		name:   "a sign-in that ends soon",
		kind:   alarm.Token,
		setup:  func(w *guarded) { w.signs(auth.Options{RefreshLife: 30 * 24 * time.Hour, Rotate: true}); w.signIn() },
		breaks: func(w *guarded) { w.clock.Advance(17 * 24 * time.Hour) },
		mends:  func(w *guarded) { w.signIn() },
		begins: "Доступ к ящику support@helpdesk.example действует до 11.04.2026. Пока всё работает. Чтобы почта " +
			"принималась и дальше, выполните helpdesk login support.",
		ends: "Доступ к ящику support@helpdesk.example продлён.",
	},
	{
		name:   "the auto-replies of a day",
		kind:   alarm.Replies,
		setup:  func(w *guarded) { w.set("timezone: UTC", "timezone: UTC, received: {limit: {per_day: 1}}") },
		breaks: func(w *guarded) { requests("first")(w); requests("second")(w) },
		mends:  func(w *guarded) { w.clock.Advance(24 * time.Hour); requests("third")(w) },
		begins: "Достигнут дневной предел автоответов: до конца суток автоответы не уходят.",
		ends:   "Автоответы снова уходят (предел действовал с 12.03 09:02 до ",
	},
	{
		name:   "a directory of names that fails",
		kind:   alarm.Names,
		setup:  directory,
		breaks: func(w *guarded) { w.wrong.Store(true); w.each = visitor },
		mends:  func(w *guarded) { w.wrong.Store(false); visitor(w) },
		after:  2,
		begins: "Справочник имён не отвечает с 09:02: ",
		ends:   "Справочник имён снова отвечает (не отвечал с 09:02 до ",
	},
	{
		name:   "a pass that ends unexpectedly",
		kind:   alarm.Failure,
		breaks: func(w *guarded) { w.now = panics(w.now) },
		mends:  func(w *guarded) { w.now = w.clock.Now },
		begins: "helpdesk notify завершается с ошибкой с 09:02: ",
		ends:   "helpdesk notify снова работает (не работал с 09:02 до ",
	},
	{
		name:   "a state that is gone",
		kind:   alarm.Notice,
		breaks: func(w *guarded) { w.remove("helpdesk.db") },
		mends:  func(*guarded) {},
		begins: "helpdesk просит обратить внимание: ", unprinted: true,
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
