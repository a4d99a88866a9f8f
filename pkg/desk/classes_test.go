package desk

import (
	"slices"
	"testing"
	"time"
)

// TestHeaderVectors checks that automatic mail gets no auto-reply, and that people do.
func TestHeaderVectors(t *testing.T) {
	const silent, answered = false, true
	vectors := []struct {
		line  string
		reply bool
	}{
		{"Auto-Submitted: auto-replied", silent},
		{"Auto-Submitted: auto-generated", silent},
		{`Auto-Submitted: auto-notified; owner-email="a@b.ru"`, silent},
		{"Auto-Submitted: AUTO-REPLIED (vacation)", silent},
		{`Auto-Submitted: auto-replied; owner-email="a@b.ru"`, silent},
		{"Auto-Submitted: no", answered},
		{"Auto-Submitted: No (user sent)", answered},
		{"X-Auto-Response-Suppress: All", silent},
		{"X-Auto-Response-Suppress: OOF, AutoReply", silent},
		{"X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply", silent},
		{"X-Auto-Response-Suppress: None", answered},
		{"X-Auto-Response-Suppress: DR, RN, NRN", answered},
		{"Precedence: bulk", silent},
		{"Precedence: BULK", silent},
		{"Precedence: auto_reply", silent},
		{"Precedence: first-class", answered},
		{"X-Precedence: list", silent},
		{"List-Id: news <news.example.com>", silent},
		{"List-Unsubscribe: <mailto:u@example.com>", silent},
		{"X-Autoreply: yes", silent},
		{"X-Autorespond: Re: hello", silent},
		{"Return-Path: <>", silent},
		{"X-Loop: support@other.example", silent},
		{"X-MS-Exchange-Inbox-Rules-Loop: a@b.ru", silent},
		{"From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>", silent},
		{"From: postmaster@example.com", silent},
		{"From: Shop <no-reply@example.com>", silent},
		{"From: GitHub <gmail-noreply@example.com>", silent},
		{"Subject: Автоответ: отпуск", silent},
		{"Subject: Out of Office: Re: printer", silent},
		{"Subject: Auto insurance claim", answered},
		{"X-Mailer: Outlook", answered},
		{"Content-Type: multipart/report; report-type=delivery-status; boundary=x", silent},
		{"Content-Type: multipart/report; report-type=disposition-notification; boundary=x", silent},
	}
	if len(vectors) != 34 {
		t.Fatalf("%d vectors", len(vectors))
	}
	r := compile(t, testPolicy(t))
	for _, v := range vectors {
		d := r.Decide(letter(v.line), facts())
		if d.AutoReply != v.reply || (find(d, SendLetter) != nil) != v.reply {
			t.Errorf("%s: auto-reply %v, rules %v", v.line, d.AutoReply, hits(d))
		}
	}
}

// TestClasses contains a hit and a near miss for every rule of the class.
func TestClasses(t *testing.T) {
	own := testSigner.MessageID(DeriveKey("x"), "example.ru")
	cases := []struct {
		lines []string
		rule  string
		class string
	}{
		{[]string{LoopHeader + ": " + testInstance}, "own", classOurs},
		{[]string{LoopHeader + ": another"}, "human", classHuman},
		{[]string{"Message-ID: <" + own + ">"}, "own", classOurs},
		{[]string{"From: SUPPORT@Example.RU"}, "own", classOurs},
		{[]string{"From: boss@x.example", "Sender: support@example.ru"}, "own", classOurs},
		{[]string{"From: support@example.ru.attacker.example"}, "human", classHuman},
		{[]string{"From: a@mail.spam.example"}, "ignored", classExcluded},
		{[]string{"From: a@spam.example"}, "human", classHuman},
		{[]string{"Reply-To: a@x.spam.example"}, "ignored", classExcluded},
		{[]string{"Return-Path: <a@x.spam.example>"}, "ignored", classExcluded},
		{[]string{"From: oleg@firma.example"}, "staff", classStaff},
		{[]string{"From: anna@partner.example"}, "staff", classStaff},
		{[]string{"From: boris@partner.example"}, "human", classHuman},
		{[]string{"X-Failed-Recipients: a@b.ru"}, "dsn", classBounce},
		{
			[]string{`Content-Type: multipart/report; boundary="b"; report-type="delivery-status"`,
				"Auto-Submitted: auto-replied"},
			"dsn",
			classBounce,
		},
		{[]string{"Content-Type: multipart/report; report-type=feedback-report; boundary=x"}, "human", classHuman},
		{
			[]string{"Content-Type: multipart/report (delivery) ; REPORT-TYPE=Disposition-Notification"},
			"mdn",
			classReceipt,
		},
		{[]string{"Received: x", "return-path: < >"}, "null-path", classLike},
		{[]string{"Return-Path: <ivan@example.org>"}, "human", classHuman},
		{[]string{"From: owner-news@x.example"}, "system", classSystem},
		{[]string{"From: news-owner@x.example"}, "system", classSystem},
		{[]string{"From: news-request@x.example"}, "system", classSystem},
		{[]string{"From: news-bounces@x.example"}, "system", classSystem},
		{[]string{"From: MAILER-DAEMON"}, "system", classSystem},
		{[]string{"From: requests@x.example"}, "human", classHuman},
		{[]string{"From: owner@x.example"}, "human", classHuman},
		{[]string{"Auto-Submitted:  auto-generated (rejected)"}, "auto-submitted", classAutomatic},
		{[]string{"Auto-Submitted:"}, "human", classHuman},
		{[]string{"X-FC-MachineGenerated: true"}, "auto-header", classAutomatic},
		{[]string{"Delivered-To: Autoresponder"}, "auto-header", classAutomatic},
		{[]string{"X-Autoresponse-Wanted: no"}, "human", classHuman},
		{[]string{"Precedence: junk"}, "precedence", classBulk},
		{[]string{"Precedence: special-delivery"}, "human", classHuman},
		{[]string{"Feedback-ID: 1:2:3"}, "list", classBulk},
		{[]string{"Mailing-List: contact x"}, "list", classBulk},
		{[]string{"X-Loop: " + testInstance}, "human", classHuman},
		{[]string{"X-List: x"}, "human", classHuman},
		{[]string{"X-Auto-Response-Suppress: all"}, "suppress", classHuman},
		{[]string{"From: donotreply@x.example"}, "robot", classRobot},
		{[]string{"From: do_not-reply@x.example"}, "robot", classRobot},
		{[]string{"From: root@x.example"}, "robot", classRobot},
		{[]string{"From: abuse@x.example"}, "robot", classRobot},
		{[]string{"From: elnoreply@x.example"}, "human", classHuman},
		{[]string{"From: rooty@x.example"}, "human", classHuman},
		{[]string{"Subject: Я в отпуске с 1 по 14 июля"}, "ooo-subject", classAway},
		{[]string{"Subject: ОТСУТСТВУЮ НА РАБОЧЕМ МЕСТЕ"}, "ooo-subject", classAway},
		{[]string{"Subject: Abwesenheitsnotiz: Urlaub"}, "ooo-subject", classAway},
		{[]string{"Subject: Re: Автоответ: отпуск"}, "human", classHuman},
		{[]string{"Subject: Автоответчик"}, "ooo-subject", classAway},
		{[]string{"Subject: Автоответчики не работают"}, "human", classHuman},
		{[]string{"Subject: Отсутствие на рабочем месте"}, "ooo-subject", classAway},
		{[]string{"Subject: Out of Office AutoReply: printer"}, "ooo-subject", classAway},
		{[]string{"Subject: Автоответ Re: принтер"}, "ooo-subject", classAway},
		{[]string{"Subject: Вне офиса (отпуск)"}, "ooo-subject", classAway},
		{[]string{"Subject: Вне офиса до 15 марта"}, "ooo-subject", classAway},
		{[]string{"Subject: Out of office until Monday"}, "ooo-subject", classAway},
		{[]string{"Subject: Отсутствую в офисе 3-14 июля"}, "ooo-subject", classAway},
		{[]string{"Subject: Уведомление об отсутствии на рабочем месте"}, "ooo-subject", classAway},
		{[]string{"Subject: 自动回复：打印机"}, "ooo-subject", classAway},
		{[]string{"Subject: Auto: Счёт"}, "ooo-subject", classAway},
		{[]string{"Subject: Автоответчик молчит"}, "human", classHuman},
		{[]string{"Subject: Вне офиса нет почты"}, "human", classHuman},
		{[]string{"Subject: Вне офиса с 1С не соединиться"}, "human", classHuman},
		{[]string{"Subject: Вне офиса среда разработки недоступна"}, "human", classHuman},
		{[]string{"Subject: Нет на рабочем месте телефона"}, "human", classHuman},
		{[]string{"Subject: Автоответ в личном кабинете выключить"}, "human", classHuman},
		{[]string{"Subject: Уведомление об отсутствии бумаги"}, "human", classHuman},
		{[]string{"Subject: Automatic reply to clients fails"}, "human", classHuman},
		{[]string{"Subject: Out of office scanner fails"}, "human", classHuman},
		{[]string{"Subject: On vacation may I print?"}, "human", classHuman},
		{[]string{"Subject: OOO: \"Вега\" просит договор"}, "human", classHuman},
		{nil, "human", classHuman},
	}
	r := compile(t, testPolicy(t))
	for _, c := range cases {
		d := r.Decide(letter(c.lines...), facts())
		if d.Class != c.class || !slices.Contains(hits(d), c.rule) {
			t.Errorf("%v: class %q by %v, want %q by %s", c.lines, d.Class, hits(d), c.class, c.rule)
		}
	}
}

// TestQuiet contains a hit and a near miss for every rule that suppresses the auto-reply.
func TestQuiet(t *testing.T) {
	fail := "Authentication-Results: mx.example.ru; spf=pass (a; dmarc=none); dmarc=fail (p=none) " +
		"header.from=example.org"
	cases := []struct {
		rule  string
		lines []string
		with  func(*Message, *Facts)
		hit   bool
	}{
		{"T1 excluded", []string{"From: a@bank.example"}, nil, true},
		{"T1 excluded", []string{"Reply-To: a@bank.example"}, nil, true},
		{"T1 excluded", []string{"From: a@sub.bank.example"}, nil, false},
		{"T1 excluded", nil, func(_ *Message, f *Facts) {
			f.Excluded = []Exclusion{{Match: "ivan@EXAMPLE.org", Scope: ScopeAutoReply}}
		}, true},
		{"T2 unverified", []string{fail}, nil, true},
		{"T2 unverified", []string{"Authentication-Results: mx.example.ru; dmarc=pass", fail}, nil, false},
		{"T2 unverified", []string{"Authentication-Results: other.example; dmarc=pass", fail}, nil, true},
		{"T2 unverified", []string{"Authentication-Results: other.example; dmarc=fail"}, nil, false},
		{"T3 capped", nil, func(_ *Message, f *Facts) { f.Replies.Address = 5 }, true},
		{"T3 capped", nil, func(_ *Message, f *Facts) { f.Replies.Address = 4 }, false},
		{"T3 capped", nil, func(_ *Message, f *Facts) { f.Replies.Domain = 50 }, true},
		{"T3 capped", nil, func(_ *Message, f *Facts) { f.Replies.Subject = 1 }, true},
		{"T3 capped", []string{"Subject: ?!"}, func(_ *Message, f *Facts) { f.Replies.Subject = 1 }, false},
		{"T4 blind copy", []string{"To: other@x.example"}, nil, true},
		{"T4 blind copy", []string{"To: other@x.example", "Cc: Support <Support@example.ru>"}, nil, false},
		{"T4 blind copy", []string{"To: other@x.example", "Delivered-To: <support@example.ru>"}, nil, false},
		{"T4 blind copy", []string{"To: Support+Sales@example.ru"}, nil, false},
		{"T4 blind copy", []string{"To: other@x.example", "X-Original-To: support+tag@example.ru"}, nil, false},
		{"T4 blind copy", []string{"To: supporters+tag@example.ru"}, nil, true},
		{"T4 blind copy", []string{"To: undisclosed-recipients:;"}, nil, true},
		{"T6 stale", nil, func(m *Message, _ *Facts) { m.Received = testNow.Add(-73 * time.Hour) }, true},
		{"T6 stale", nil, func(m *Message, _ *Facts) { m.Received = testNow.Add(-71 * time.Hour) }, false},
		{"T6 stale", nil, func(m *Message, _ *Facts) { m.Received = time.Time{} }, false},
		{"T7 undeliverable", nil, func(_ *Message, f *Facts) { f.Undelivers = true }, false},
		{"T8 no address", nil, func(m *Message, _ *Facts) { m.From = Address{Name: "Ivan"} }, true},
		{"T8 no address", []string{"Reply-To: no-reply@x.example"}, nil, true},
		{"T8 no address", []string{"Reply-To: support@example.ru"}, nil, false},
		{"T8 no address", []string{"Reply-To: support+web@example.ru"}, nil, false},
		{"T8 no address", []string{"Reply-To: anna+web@partner.example"}, nil, true},
		{"T8 no address", []string{"Reply-To: a@x.example", "Reply-To: no-reply@x.example"}, nil, false},
	}
	r := compile(t, testPolicy(t))
	for _, c := range cases {
		m, f := letter(c.lines...), facts()
		if c.with != nil {
			c.with(m, &f)
		}
		d := r.Decide(m, f)
		if has(d, c.rule) != c.hit || d.AutoReply == c.hit || d.Verdict != Task || d.Class != classHuman {
			t.Errorf("%s %v: hit by %v, auto-reply %v", c.rule, c.lines, hits(d), d.AutoReply)
		}
		if d.Capped != (c.hit && c.rule == "T3 capped") {
			t.Errorf("%s %v: capped %v", c.rule, c.lines, d.Capped)
		}
	}
	f := facts()
	f.Undelivers = true
	if d := r.Decide(letter("From: no-reply@example.org"), f); !has(d, "T7 undeliverable") {
		t.Errorf("a robot at an address that letters come back from: %v", hits(d))
	}
	p := testPolicy(t)
	p.AutoReply = false
	if d := compile(t, p).Decide(letter(), facts()); d.AutoReply || !has(d, "T9 off") {
		t.Errorf("switched off: %v", hits(d))
	}
}

func TestSettingsOfAutomaticMail(t *testing.T) {
	p := testPolicy(t)
	p.Automatic, p.Bulk = "ignore", "ignore"
	r := compile(t, p)
	for line, want := range map[string]Verdict{
		"Auto-Submitted: auto-generated": Ignored,
		"Subject: Автоответ: отпуск":     Ignored,
		"Precedence: bulk":               Ignored,
		"From: no-reply@x.example":       Task,
		"X-Auto-Response-Suppress: All":  Task,
		"Return-Path: <>":                Task,
		"From: postmaster@x.example":     Task,
	} {
		if d := r.Decide(letter(line), facts()); d.Verdict != want {
			t.Errorf("%s: %s", line, d.Verdict)
		}
	}
	if d := r.Decide(letter("Return-Path: <>", "Auto-Submitted: auto-replied"), facts()); d.Verdict != Ignored {
		t.Errorf("an out-of-office note with the null sender: %s", d.Verdict)
	}
}

func TestCalendarButtons(t *testing.T) {
	p := testPolicy(t)
	p.Automatic = "ignore"
	r := compile(t, p)
	for _, c := range []struct {
		event Event
		hit   bool
	}{
		{Event{Method: "REPLY", Answer: "ACCEPTED"}, true},
		{Event{Method: "CANCEL"}, true},
		{Event{Method: "COUNTER"}, true},
		{Event{Method: "REQUEST", Status: "CANCELLED"}, true},
		{Event{Method: "REQUEST"}, false},
		{Event{}, false},
	} {
		m := letter()
		m.Calendar = []Event{c.event}
		if d := r.Decide(m, facts()); d.Verdict != Task || has(d, "calendar") != c.hit || d.AutoReply == c.hit {
			t.Errorf("%+v: %s by %v, auto-reply %v", c.event, d.Verdict, hits(d), d.AutoReply)
		}
		m.InReplyTo = []string{"1@x"}
		d := r.Decide(m, knownTicket(func(t *Ticket) { t.Status, t.ClosedAt = Done, testNow.Add(-time.Hour) }))
		if post := find(d, CommentTask); post == nil || post.Post.Reopen == c.hit {
			t.Errorf("%+v in a known thread: %s by %v", c.event, d.Verdict, hits(d))
		}
	}
}
