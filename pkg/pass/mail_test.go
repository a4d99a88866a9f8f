package pass_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

const ivan = "Иван Петров <ivan@romashka.example>"

// bring makes a letter arrive and processes it.
func (w *world) bring(raw []byte) {
	w.t.Helper()
	w.bringTo("INBOX", raw)
	w.quiet()
}

func (w *world) bringTo(folder string, raw []byte) {
	w.t.Helper()
	if _, err := w.imap.Append(folder, raw, w.clock.Now()); err != nil {
		w.t.Fatal(err)
	}
}

// want fails unless there are this many tasks and auto-replies.
func (w *world) want(what string, tasks, replies int) {
	w.t.Helper()
	_, auto := w.letters()
	if n := len(w.portal.Tasks()); n != tasks || len(auto) != replies {
		w.t.Fatalf("%s: %d tasks and %d auto-replies, want %d and %d", what, n, len(auto), tasks, replies)
	}
}

// said returns our posts in a task's talk.
func (w *world) said(task sandbox.Task) (texts []string) {
	for _, c := range task.Comments {
		if !c.System && strings.Contains(c.Text, "hd-") {
			texts = append(texts, c.Text)
		}
	}
	return texts
}

// returned is a delivery report by Postfix for one of our letters.
func (w *world) returned(id string, of mail.Letter, status string) []byte {
	m, err := eml.Parse(bytes.NewReader(of.Raw), desk.Listing{})
	w.check(err)
	return letter(id, "Mail Delivery System <MAILER-DAEMON@mx.example>", "Undelivered Mail Returned to Sender",
		"--b\n\nI'm sorry.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; "+
			"mx.example\n\nFinal-Recipient: rfc822; "+of.To[0]+
			"\nAction: failed\nStatus: "+status+
			"\nDiagnostic-Code: smtp; 550 no such user\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <"+
			m.ID+">\nSubject: x\n\n--b--\n",
		`Content-Type: multipart/report; report-type=delivery-status; boundary="b"`, "Auto-Submitted: auto-replied",
		"Return-Path: <>")
}

// plain replaces no-break spaces by spaces.
func plain(s string) string { return strings.ReplaceAll(s, "\u00a0", " ") }

func (w *world) lastLetter() mail.Letter {
	all := w.smtp.Letters()
	return all[len(all)-1]
}

func TestOneLetterInTwoMailboxes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.boxes = []string{"support", "sales"}
	w.check(w.imap.CreateFolder("sales", ""))
	w.policy.Fields["sales"] = desk.Fields{Responsible: specialist}
	for folder, to := range map[string]string{"INBOX": "support@helpdesk.example", "sales": "sales@helpdesk.example"} {
		raw := letter("both@romashka.example", ivan, "Принтер не печатает", "Помогите.")
		w.bringTo(folder, append([]byte("Return-Path: <ivan@romashka.example>\r\nDelivered-To: "+to+
			"\r\nReceived: by mx; "+folder+"\r\n"), raw...))
	}
	w.quiet()
	w.want("one letter", 1, 1)
	if said := w.said(w.portal.Tasks()[0]); len(said) != 0 {
		t.Errorf("the second copy became a comment: %q", said)
	}
	for _, folder := range []string{"INBOX", "sales"} {
		if ms := w.imap.Messages(folder); len(ms) != 1 || !ms[0].Seen {
			t.Errorf("%s: %+v is not marked", folder, ms)
		}
	}
	w.bringTo("sales", letter("both@romashka.example", ivan, "Сканер не сканирует", "Другое письмо с тем же номером."))
	w.quiet()
	w.want("another letter under the same Message-ID", 2, 2)
}

func TestBounceOfTheAutoReply(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.bring(letter("1@romashka.example", ivan, "Принтер не печатает", "Помогите."))
	w.bring(letter("2@stroymir.example", "anna@stroymir.example", "Забыла пароль", "Помогите."))
	replies := w.smtp.Letters()
	w.bring(w.returned("dsn1@mx.example", replies[1], "5.1.1"))
	w.want("the report", 2, 2)
	tasks := w.portal.Tasks()
	if n := len(w.said(tasks[0])); n != 0 {
		t.Errorf("the other task was commented: %q", w.said(tasks[0]))
	}
	if said := w.said(tasks[1]); len(said) != 1 || !strings.Contains(said[0], "anna@stroymir.example: 5.1.1") {
		t.Errorf("the task of the letter that came back: %q", said)
	}
	w.bring(letter("3@stroymir.example", "anna@stroymir.example", "Пароль снова не подходит", "Помогите ещё раз."))
	w.want("she writes again", 3, 3)
}

// A report that names no letter of ours, or one that we never sent, makes no comment and is kept for a person.
func TestForgedBounce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.bring(letter("1@romashka.example", ivan, "Принтер не печатает", "Помогите."))
	l := w.lastLetter()
	l.Raw = []byte("Message-ID: <hd.0123456789abcdef0123456789abcdef.0123456789abcdef@helpdesk.example>\r\n\r\n")
	w.bringTo("INBOX", w.returned("dsn@mx.example", l, "5.1.1"))
	w.minutes(4, w.poll)
	for _, task := range w.portal.Tasks() {
		if strings.Contains(task.Title, "Принтер") && len(w.said(task)) > 0 {
			t.Errorf("a forged report was believed: %q", w.said(task))
		}
	}
	if _, auto := w.letters(); len(auto) != 1 {
		t.Errorf("%d auto-replies", len(auto))
	}
}

// A Reply-To address that does not exist gets no second auto-reply, until somebody writes from that address.
func TestHardBouncedAddressGetsNoAutoReply(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	n := 0
	form := func(subject string) []byte {
		n++
		return letter(fmt.Sprintf("form%d@site.example", n), "site@site.example", subject, "С сайта.",
			"Reply-To: oleg@vostok.example")
	}
	w.bring(form("Заявка на принтер"))
	w.want("a form", 1, 1)
	w.bring(w.returned("dsn@mx.example", w.lastLetter(), "5.1.1"))
	w.bring(form("Заявка на сканер"))
	w.want("the address came back", 2, 1)
	w.bring(letter("oleg@vostok.example", "oleg@vostok.example", "Почта снова работает", "Пишу сам."))
	w.want("it writes itself", 3, 2)
	w.bring(form("Заявка на монитор"))
	w.want("it has written", 4, 3)
	w.bring(w.returned("dsn2@mx.example", w.lastLetter(), "4.2.2"))
	w.bring(form("Заявка на мышь"))
	w.want("its mailbox was full, which passes", 5, 4)
}

func TestThanksDoesNotReopen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.bring(letter("1@romashka.example", ivan, "Принтер не печатает", "Помогите."))
	task := w.portal.Tasks()[0].ID
	w.portal.CloseTask(task, specialist)
	w.quiet()
	w.bring(letter("2@romashka.example", ivan, "Re: Принтер не печатает",
		"Спасибо большое!\n\n12.03.2026 12:00, Служба поддержки пишет:\n> Ваше письмо получено.\n",
		"In-Reply-To: <"+w.lastID()+">"))
	got, _ := w.portal.Task(task)
	if said := w.said(got); len(said) != 1 || !strings.Contains(said[0], "Спасибо большое!") || got.Status != 5 {
		t.Errorf("after a thank-you: status %v, %q", got.Status, said)
	}
	w.bring(letter("3@romashka.example", ivan, "Re: Принтер не печатает", "Спасибо, но опять не печатает.",
		"In-Reply-To: <1@romashka.example>"))
	if got, _ = w.portal.Task(task); got.Status == 5 || len(w.said(got)) != 2 {
		t.Errorf("after a question: status %v, %q", got.Status, w.said(got))
	}
	w.want("all of it is one request", 1, 1)
}

func TestLongClosedAndDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.bring(letter("1@romashka.example", ivan, "Принтер не печатает", "Помогите."))
	old := w.portal.Tasks()[0].ID
	w.portal.CloseTask(old, specialist)
	w.quiet()
	w.clock.Advance(40 * 24 * time.Hour)
	w.bring(letter("2@romashka.example", ivan, "Re: Принтер не печатает", "Снова то же.",
		"In-Reply-To: <1@romashka.example>"))
	w.want("long closed", 2, 2)
	if next := w.portal.Tasks()[1]; !strings.Contains(plain(next.Description), fmt.Sprintf("задача № %d", old)) {
		t.Errorf("the new task does not name the old one:\n%s", next.Description)
	}
	next := w.portal.Tasks()[1].ID
	w.portal.DeleteTask(next)
	w.quiet()
	w.bring(letter("3@romashka.example", ivan, "Re: Принтер не печатает", "Что нового?",
		"In-Reply-To: <2@romashka.example>"))
	tasks := w.portal.Tasks()
	last := tasks[len(tasks)-1]
	if want := fmt.Sprintf("Прежняя задача № %d удалена", next); last.ID == old ||
		!strings.Contains(plain(last.Description), want) {
		t.Errorf("%q is missing in\n%s", want, last.Description)
	}
	w.bring(letter("4@romashka.example", ivan, "Re: Принтер не печатает", "Ау?", "In-Reply-To: <2@romashka.example>"))
	if got, _ := w.portal.Task(last.ID); len(w.said(got)) != 1 {
		t.Errorf("the old id does not lead to the task made instead: %q", w.said(got))
	}
}

// pictured is an HTML letter with a logo below its text.
func pictured(id, subject, text, logo string, header ...string) []byte {
	return letter(id, ivan, subject, "--b\nContent-Type: text/html; charset=utf-8\n\n<p>"+text+
		"</p><div class=\"gmail_signature\">Иван <img src=\"cid:logo\"></div>\n"+
		"--b\nContent-Type: image/png; name=\"logo.png\"\nContent-ID: <logo>\nContent-Disposition: inline; "+
		"filename=\"logo.png\"\nContent-Transfer-Encoding: base64\n\n"+
		base64.StdEncoding.EncodeToString([]byte(logo))+"\n--b--\n",
		append(header, `Content-Type: multipart/related; boundary="b"`)...)
}

func TestSignaturePicturesAreUploadedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	uploads := func(what string, task int, want ...string) {
		t.Helper()
		var names []string
		got := w.portal.Tasks()[task]
		for _, f := range got.Files {
			names = append(names, again.ReplaceAllString(f.Name, "."))
		}
		for _, c := range got.Comments {
			for _, f := range c.Files {
				names = append(names, f.Name)
			}
		}
		if strings.Join(names, " ") != strings.Join(want, " ") {
			t.Errorf("%s: files %q, want %q", what, names, want)
		}
	}
	w.bring(pictured("1@romashka.example", "Принтер не печатает", "Помогите", "LOGO"))
	uploads("the first letter", 0, "logo.png")
	w.bring(pictured("2@romashka.example", "Сканер не сканирует", "Помогите", "LOGO"))
	uploads("the second, in the signature", 1)
	w.bring(pictured("3@romashka.example", "Монитор мигает", "Помогите", "NEW LOGO"))
	uploads("another picture", 2, "logo.png")
	file := withFile("4@romashka.example", ivan, "Снимок экрана", "Смотрите.", "logo.png", "LOGO")
	w.bring(bytes.Replace(file, []byte("application/octet-stream"), []byte("image/png"), 1))
	uploads("as an attachment, for the third time", 3)
	if text := w.portal.Tasks()[3].Description; !strings.Contains(text, "не приложены: logo.png") {
		t.Errorf("nobody is told:\n%s", text)
	}
	other := bytes.ReplaceAll(pictured("5@stroymir.example", "Принтер не печатает", "Помогите", "LOGO"),
		[]byte("ivan@romashka"), []byte("anna@stroymir"))
	w.bring(other)
	uploads("of another sender", 4, "logo.png")
}

func TestForwardNamesTheOriginalSender(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	w.bring(letter("1@romashka.example", ivan, "FW: Счёт",
		"Посмотрите.\n\nОт: Пётр Клиент <petr@client.example>\nОтправлено: 12 марта 2026 г. 10:00\nКому: Иван\nТема: "+
			"Счёт\n\nГде наш счёт?"))
	text := w.portal.Tasks()[0].Description
	for _, want := range []string{"первоначальный отправитель: Пётр Клиент", "petr@client.example", "Где наш счёт?"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if l := w.lastLetter(); len(l.To) != 1 || l.To[0] != "ivan@romashka.example" {
		t.Errorf("the answer goes to %v", l.To)
	}
}

// A comment waits for its task, and its message is still at hand then, so its files are not fetched again.
func TestFilesOfARepeatContactAreFetchedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{NewCard: true})
	for i := range 60 {
		from, subject := fmt.Sprintf("n%d@b%d.example", i, i), fmt.Sprintf("Printer on floor %d is broken", i)
		w.arrive(letter(fmt.Sprintf("1-%d@b.example", i), from, subject, "How?"))
		w.arrive(withFile(fmt.Sprintf("2-%d@b.example", i), from, "Re: "+subject, "See the file.", "scan.txt",
			fmt.Sprint("scan ", i)))
	}
	w.imap.ResetCounts()
	if r, _ := w.poll(); r.Opened != 60 || r.Commented != 60 {
		t.Fatalf("%d tasks, %d comments, %v", r.Opened, r.Commented, r.Problems)
	}
	if n := w.imap.Commands()["LOGIN"]; n != 1 {
		t.Errorf("%d connections", n)
	}
	for _, task := range w.portal.Tasks() {
		if len(task.Comments) == 0 || len(task.Comments[len(task.Comments)-1].Files) != 1 {
			t.Errorf("task %d: %+v", task.ID, task.Comments)
		}
	}
}
