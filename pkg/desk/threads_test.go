package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var ownID1 = testSigner.MessageID(DeriveKey("received", "1"), "example.ru")

// known returns facts with ticket 5 (task 3711) of Ivan and the ids of its thread.
func known(change ...func(*Ticket)) Facts {
	f := facts()
	t := Ticket{
		Number: 5, Task: 3711, Key: "k5", Mailbox: "support", Requester: Address{
			Name: "Ivan",
			Addr: "ivan@example.org",
		},
		ReplyTo: Address{Addr: "ivan@example.org"}, Participants: []string{"petr@other.example"}, Subject: "printer",
		Normal: "printer",
		Opened: testNow.Add(-48 * time.Hour), Status: Open, Replied: 1, LastID: "first@example.org",
		References: []string{"first@example.org"},
	}
	for _, c := range change {
		c(&t)
	}
	f.Tickets[5] = t
	f.Known = map[string]Link{
		ownID1:              {5, FromUs},
		"first@example.org": {5, FromCustomer},
		"anna@firma":        {5, FromStaff},
		"rewritten@ses":     {5, FromUs},
		"loose@firma":       {0, FromStaff},
	}
	f.Tasks[3711] = 5
	f.Same = []uint64{5}
	return f
}

func closed(ago time.Duration) func(*Ticket) {
	return func(t *Ticket) { t.Status, t.ClosedAt = Done, testNow.Add(-ago) }
}

func gone(t *Ticket) { t.Status = Gone }

const (
	toOwn      = "In-Reply-To: <OWN>"
	toFirst    = "In-Reply-To: <first@example.org>"
	toStaff    = "In-Reply-To: <anna@firma>"
	stranger   = "From: eve@evil.example"
	colleague  = "From: olga@example.org"
	somebody   = "From: petr@other.example"
	otherTopic = "Subject: the invoice of march"
)

func TestThreads(t *testing.T) {
	token := testSigner.Token(3711)
	wrong := token[:len(token)-5] + "0000]"
	if wrong == token {
		t.Fatal("the token has the digits that were to be wrong")
	}
	forged := ownID1[:36] + "0123456789abcdef" + ownID1[52:]
	cases := []struct {
		name    string
		lines   []string
		rule    string
		verdict Verdict
		reply   bool
		notes   string
	}{
		{"own id, requester", []string{toOwn}, "R1", Commented, false, ""},
		// the facts contain the id in lower case only, so this one is not found
		{
			"own id, in another case",
			[]string{"In-Reply-To: <" + strings.ToUpper(ownID1) + ">"},
			"R8",
			Task,
			false,
			"staff-reply",
		},
		{"own id in References", []string{"References: <first@example.org> <OWN>"}, "R1", Commented, false, ""},
		{"own id, was in copy", []string{toOwn, somebody}, "R1", Commented, false, ""},
		{"own id, colleague", []string{toOwn, colleague}, "R2", Commented, false, "other-sender"},
		{"own id, stranger", []string{toOwn, stranger}, "R3", Task, false, "stranger reply"},
		{"forged own id", []string{"In-Reply-To: <" + forged + ">"}, "R8", Task, false, "staff-reply"},
		{
			"forged own id, foreign host",
			[]string{"In-Reply-To: <" + strings.Replace(forged, "@example.ru", "@x.example", 1) + ">"},
			"R10",
			Task,
			true,
			"",
		},
		{
			"forged own id, then a known one",
			[]string{"In-Reply-To: <" + forged + ">", "References: <first@example.org>"},
			"R6",
			Commented,
			false,
			"",
		},
		{"specialist's letter", []string{toStaff}, "R5", Commented, false, ""},
		{"our letter under another id", []string{"In-Reply-To: <rewritten@ses>"}, "R5", Commented, false, ""},
		{"specialist's letter, stranger", []string{toStaff, stranger}, "R8", Task, false, "staff-reply"},
		{"customer's letter", []string{toFirst, otherTopic}, "R6", Commented, false, ""},
		{"customer's letter, stranger", []string{toFirst, stranger}, "R10", Task, true, ""},
		{"token", []string{"Subject: Re: printer " + token}, "R7", Commented, false, ""},
		{"token, stranger", []string{"Subject: Re: printer " + token, stranger}, "R7x", Task, true, "stranger"},
		{"token, colleague", []string{"Subject: Re: printer " + token, colleague}, "R7x", Task, true, "stranger"},
		{"token, wrong digits", []string{"Subject: Re: printer " + wrong}, "R7x", Task, true, "wrong-token"},
		{"no token", []string{"Subject: the invoice [#3711]"}, "R10", Task, true, ""},
		{"id of our domain", []string{"In-Reply-To: <x@mail.example.ru>"}, "R8", Task, false, "staff-reply"},
		{"id of a staff domain", []string{"In-Reply-To: <x@firma.example>"}, "R8", Task, false, "staff-reply"},
		{"id of a domain like ours", []string{"In-Reply-To: <x@notexample.ru>"}, "R10", Task, true, ""},
		{
			"specialist's letter without a ticket",
			[]string{"In-Reply-To: <loose@firma>"},
			"R8",
			Task,
			false,
			"staff-reply",
		},
		{"same subject", []string{"Subject: RE: Fwd: Printer"}, "R9", Commented, false, ""},
		{"same subject, other sender", []string{"Subject: printer", somebody}, "R10", Task, true, ""},
		{"same subject, other answer address", []string{"Reply-To: client@x.example"}, "R10", Task, true, "answer-to"},
		{"same subject, but an unknown id", []string{"In-Reply-To: <unknown@example.org>"}, "R10", Task, true, ""},
		{"same subject, by a robot", []string{"From: no-reply@example.org"}, "R10", Task, false, "robot"},
		{"other subject", []string{otherTopic}, "R10", Task, true, ""},
		{"empty ids", []string{"In-Reply-To: <>", "References: <@x>", otherTopic}, "R10", Task, true, ""},
	}
	r := compile(t, testPolicy(t))
	for _, c := range cases {
		for i := range c.lines {
			c.lines[i] = strings.Replace(c.lines[i], "OWN", ownID1, 1)
		}
		d := r.Decide(letter(c.lines...), known())
		if len(d.Effects) == 0 {
			t.Errorf("%s: no effect, %v", c.name, hits(d))
			continue
		}
		post := d.Effects[0].Post
		if !has(d, c.rule) || d.Verdict != c.verdict || d.AutoReply != c.reply || notes(post) != c.notes {
			t.Errorf("%s: %s by %v, auto-reply %v, notes %q", c.name, d.Verdict, hits(d), d.AutoReply, notes(post))
		}
		if c.verdict == Commented && (d.Ticket.Number != 5 || d.Effects[0].Ticket != 5 || post.Marker == "" ||
			post.Reopen) {
			t.Errorf("%s: ticket %d, %+v", c.name, d.Ticket.Number, post)
		}
		if c.verdict == Task && (d.Ticket.Number != 0 || slices.Contains(d.Ticket.Participants, "petr@other.example")) {
			t.Errorf("%s: the new ticket is not new: %+v", c.name, d.Ticket)
		}
		if d.Verdict == Task && strings.Contains(post.Title, "[#3711-") {
			t.Errorf("%s: title %q", c.name, post.Title)
		}
		if (c.rule == "R3" || c.rule == "R7x" && c.notes == "stranger") &&
			(d.Ticket.Previous != 5 || post.Notes[0].Task != 3711) {
			t.Errorf("%s: the old task is not linked", c.name)
		}
	}
	d := r.Decide(letter("In-Reply-To: <"+forged+">"), known())
	if !has(d, "R4") {
		t.Errorf("a forged id is not told of: %v", hits(d))
	}
}

func TestPublicDomainMakesNoColleagues(t *testing.T) {
	r := compile(t, testPolicy(t))
	f := known(func(t *Ticket) {
		t.Requester, t.ReplyTo = Address{Addr: "ivan@mail.ru"}, Address{Addr: "ivan@mail.ru"}
	})
	if d := r.Decide(letter("In-Reply-To: <"+ownID1+">", "From: olga@mail.ru"), f); !has(d, "R3") {
		t.Errorf("two users of mail.ru: %v", hits(d))
	}
	p := testPolicy(t)
	p.Own = []string{"firma@yandex.ru"}
	m := letter("To: firma@yandex.ru", "In-Reply-To: <12345@mail.yandex.ru>", otherTopic)
	if d := compile(t, p).Decide(m, facts()); !d.AutoReply {
		t.Errorf("an id of a public domain is taken for a specialist's: %v", hits(d))
	}
}

func TestReplyToStaffByQuoteAndSentFolder(t *testing.T) {
	signature := "--\nИван Петров\nE-mail: ivan@example.org\nТел: +7 495 000-00-00\n\n"
	quotes := map[string]bool{
		"12.03.2026 10:00, Служба поддержки <support@example.ru> пишет:\n> Готово":                               true,
		"From: Oleg [mailto:oleg@firma.example]\nSent: Monday\nTo: ivan@example.org\n\nDone":                     true,
		"-----Исходное сообщение-----\nОт: Иван <ivan@example.org>\nКому: support@example.ru\nТема: принтер":     false,
		"От: Иван Петров\nОтправлено: 12.03.2026\nКому: support@example.ru\n\n> 9.03.2026, oleg@firma.example:":  false,
		"> On Mon, 9 Mar 2026, Oleg\n> <oleg@firma.example> wrote:\n> hello":                                     true,
		"В письме от Ивана:\nпишите на support@example.ru":                                                       false,
		"________________________________\n*От:* Анна <anna@partner.example>\n*Кому:* Иван <ivan@example.org>":   true,
		"09.03.2026, Boris <boris@partner.example> wrote:\n> please write to support@example.ru:\n>> x":          false,
		signature + "Понедельник, 9 марта 2026, 10:00 +03:00 от Олег <oleg@firma.example>:\n>Готово":             true,
		signature + "От: Служба <support@example.ru>\nОтправлено: 9 марта 2026 г. 10:00\nКому: ivan@example.org": true,
		signature + "пн, 9 мар. 2026 г. в 10:00, Пётр <petr@other.example>:\n> x":                                false,
		signature: false,
		"Тема: Принтер\nДата: Thu, 12 Mar 2026 10:00:00 +0300\nОт: Анна <anna@partner.example>\nКому: " +
			"ivan@example.org\n\nГотово": true,
		"TO: ivan@example.org\nSUBJECT: printer\nFROM: Oleg <oleg@firma.example>\n\nDone": true,
		"Кому: Служба (support@example.ru);\nТема: Принтер;\n12.03.2026, 10:00, \"Иван\" <ivan@example.org>:\n> Не " +
			"печатает": false,
		"Кому: Иван (ivan@example.org);\nТема: Принтер;\n12.03.2026, 10:00, \"Анна\" <anna@partner.example>:\n> Готово": true,
		"Кому: support@example.ru\nОт: Иван <ivan@example.org>\nДата: 12.03.2026 10:00\nТема: принтер\n\nНе печатает":   false,
		"Кому: support@example.ru\nДата: 12.03.2026 10:00\n\nНе печатает":                                               false,
		"Кому: support@example.ru\n> Не печатает":                                                                       false,
		"Feladó: Oleg <oleg@firma.example>\nElküldve: 2026. március 12. 10:00\nCímzett: ivan@example.org\n\nKész":       true,
		"Писать: support@example.ru\nТелефон: (495) 000-00-00\n\nпн, 9 мар. 2026 г. в 10:00, Пётр " +
			"<petr@other.example>:\n> x": false,
		"oleg@firma.example писал 09.03.2026 10:00\n> Готово": true,
	}
	r := compile(t, testPolicy(t))
	for quote, want := range quotes {
		m := letter(otherTopic)
		m.Quoted = quote
		if d := r.Decide(m, facts()); has(d, "R8") != want || d.AutoReply == want {
			t.Errorf("%q: %v", quote, hits(d))
		}
	}
	f := facts()
	f.InSent = true
	if d := r.Decide(letter("In-Reply-To: <x@outlook>"), f); !has(d, "R8") || !has(d, "T5 reply-to-staff") {
		t.Errorf("in the Sent folder: %v", hits(d))
	}
}

func TestStanding(t *testing.T) {
	const day = 24 * time.Hour
	thanks := func(m *Message) { m.Text = "Спасибо!\n\n" }
	cases := []struct {
		name    string
		lines   []string
		ticket  func(*Ticket)
		with    func(*Message)
		rule    string
		verdict Verdict
		reopen  bool
		notes   string
	}{
		{"open", []string{toFirst}, func(*Ticket) {}, nil, "open", Commented, false, ""},
		{"closed lately", []string{toFirst}, closed(29 * day), nil, "reopen", Commented, true, ""},
		{"closed, time unknown", []string{toFirst}, func(t *Ticket) {
			t.Status = Done
		}, nil, "reopen", Commented, true, ""},
		{"closed long ago", []string{toFirst}, closed(31 * day), nil, "late", Task, false, "late"},
		{"thanks", []string{toFirst}, closed(day), thanks, "thanks", Commented, false, "thanks"},
		{"thanks in an open one", []string{toFirst}, func(*Ticket) {}, thanks, "open", Commented, false, ""},
		{"thanks with a file", []string{toFirst}, closed(day), func(m *Message) {
			thanks(m)
			m.Attachments = []Attachment{{Name: "error.png"}}
		}, "reopen", Commented, true, ""},
		{"deleted", []string{toFirst}, gone, nil, "deleted", Task, false, "deleted"},
		{
			"out of office, closed",
			[]string{toFirst, "Auto-Submitted: auto-replied"},
			closed(day),
			nil,
			"no-reopen",
			Commented,
			false,
			"",
		},
		{
			"out of office, closed long ago",
			[]string{toFirst, "Auto-Submitted: auto-replied"},
			closed(99 * day),
			nil,
			"no-reopen",
			Commented,
			false,
			"",
		},
		{"same subject, closed", nil, closed(day), nil, "R10", Task, false, ""},
	}
	r := compile(t, testPolicy(t))
	for _, c := range cases {
		m := letter(c.lines...)
		if c.with != nil {
			c.with(m)
		}
		d := r.Decide(m, known(c.ticket))
		post := d.Effects[0].Post
		if !has(d, c.rule) || d.Verdict != c.verdict || post.Reopen != c.reopen || notes(post) != c.notes {
			t.Errorf("%s: %s by %v, reopen %v, notes %q", c.name, d.Verdict, hits(d), post.Reopen, notes(post))
		}
		if c.reopen && d.Ticket.Status != Open {
			t.Errorf("%s: the ticket is %s", c.name, d.Ticket.Status)
		}
		if (c.rule == "late" || c.rule == "deleted") &&
			(d.Ticket.Previous != 5 || d.Thread["first@example.org"] != Link{0, FromCustomer}) {
			t.Errorf("%s: the new ticket does not continue the old one: %v", c.name, d.Thread)
		}
	}
	p := testPolicy(t)
	p.Reopen = false
	d := compile(t, p).Decide(letter(toFirst), known(closed(day)))
	if !has(d, "kept-closed") || d.Effects[0].Post.Reopen || d.Ticket.Status != Done {
		t.Errorf("tickets.reopen is false: %v", hits(d))
	}
}

func TestAutomaticMailInThreads(t *testing.T) {
	p := testPolicy(t)
	p.Automatic, p.Bulk = "ignore", "ignore"
	r := compile(t, p)
	cases := []struct {
		lines   []string
		verdict Verdict
		form    Form
	}{
		{[]string{toFirst, "Auto-Submitted: auto-replied"}, Commented, FormAutomatic},
		{[]string{"References: <first@example.org>", "Auto-Submitted: auto-replied"}, Commented, FormAutomatic},
		{[]string{"References: <first@example.org>", "Auto-Submitted: auto-generated"}, Ignored, ""},
		{[]string{toFirst, "Auto-Submitted: auto-generated"}, Commented, FormAutomatic},
		{[]string{toFirst, "Subject: Автоответ: printer"}, Commented, FormAutomatic},
		{[]string{toFirst, "Return-Path: <>", "Subject: Автоответ: printer"}, Commented, FormAutomatic},
		{
			[]string{"In-Reply-To: <" + ownID1 + ">", "Return-Path: <>", "Auto-Submitted: auto-replied"},
			Commented,
			FormAutomatic,
		},
		{[]string{toFirst, "X-Autoreply: yes", stranger}, Ignored, ""},
		{[]string{toFirst, "Precedence: bulk"}, Commented, FormRepeat},
		{[]string{"References: <first@example.org>", "Precedence: bulk"}, Ignored, ""},
		{[]string{"Auto-Submitted: auto-generated"}, Ignored, ""},
	}
	for _, c := range cases {
		d := r.Decide(letter(c.lines...), known())
		var form Form
		if len(d.Effects) == 1 {
			form = d.Effects[0].Post.Form
		}
		if d.Verdict != c.verdict || form != c.form || d.AutoReply {
			t.Errorf("%v: %s %s by %v", c.lines, d.Verdict, form, hits(d))
		}
		if form == FormAutomatic && d.Ticket.LastID != "first@example.org" {
			t.Errorf("%v: the automatic answer counts as the customer's latest letter", c.lines)
		}
	}
}

func TestOwnAndStaffMail(t *testing.T) {
	r := compile(t, testPolicy(t))
	staff := "From: oleg@firma.example"
	d := r.Decide(letter(staff, toFirst), known(closed(time.Hour)))
	if d.Verdict != Commented || d.Effects[0].Post.Form != FormWritten || d.Effects[0].Post.Reopen ||
		notes(d.Effects[0].Post) != "written" ||
		d.Thread["letter-1@example.org"] != (Link{5, FromStaff}) || d.AutoReply ||
		d.Ticket.LastID != "first@example.org" {
		t.Errorf("a specialist in a known thread: %+v", d)
	}
	d = r.Decide(letter(staff), known())
	if d.Verdict != Ignored || len(d.Effects) != 0 || d.Ticket != nil ||
		d.Thread["letter-1@example.org"] != (Link{0, FromStaff}) {
		t.Errorf("a specialist outside: %+v", d)
	}
	d = r.Decide(letter(staff, toFirst), known(gone))
	if d.Verdict != Ignored || len(d.Effects) != 0 {
		t.Errorf("a specialist in a deleted task: %+v", d)
	}
	d = r.Decide(letter("From: support@example.ru", toFirst, LoopHeader+": "+testInstance), known())
	if d.Verdict != Ignored || len(d.Effects) != 0 || d.Thread["letter-1@example.org"] != (Link{5, FromUs}) {
		t.Errorf("our letter that came round: %+v", d)
	}
	d = r.Decide(letter("From: support@example.ru", "Subject: Re: printer "+testSigner.Token(3711)), known())
	if d.Verdict != Commented || !has(d, "R7") {
		t.Errorf("written from our mailbox: %v", hits(d))
	}
}

func TestDuplicate(t *testing.T) {
	f := known()
	f.Recorded = true
	d := compile(t, testPolicy(t)).Decide(letter(toFirst), f)
	if d.Verdict != Duplicate || len(d.Effects) != 0 || d.Ticket != nil || d.Thread != nil ||
		fmt.Sprint(hits(d)) != "[duplicate]" {
		t.Errorf("%+v", d)
	}
}

func TestReusedIDKeepsItsThread(t *testing.T) {
	f := known()
	d := compile(t, testPolicy(t)).Decide(letter("Message-ID: <first@example.org>", stranger, otherTopic), f)
	if d.Verdict != Task || !has(d, "reused-id") || len(d.Thread) != 0 {
		t.Errorf("%s by %v, thread %v", d.Verdict, hits(d), d.Thread)
	}
}

func TestBounces(t *testing.T) {
	r := compile(t, testPolicy(t))
	report := func(id string) *Message {
		m := letter("From: MAILER-DAEMON@mx.example", "Return-Path: <>", "Auto-Submitted: auto-replied",
			"Subject: Undelivered")
		m.Report = &Report{Kind: "dsn", OriginalID: []string{"first@example.org", id}, Failed: []Recipients{
			{Address: "Ivan@Example.org", Action: "failed", Status: "5.1.1", Diagnostic: "smtp; 550 no\nsuch user"},
			{Address: "b@example.org", Action: "delayed", Status: "4.4.1"},
		}}
		return m
	}
	d := r.Decide(report(ownID1), known(closed(time.Hour)))
	want := []Note{{
		Key:    "bounce",
		Detail: "Ivan@Example.org: 5.1.1 smtp; 550 no such user",
	}, {Key: "bounce", Detail: "b@example.org: 4.4.1 (delayed)"}}
	if d.Verdict != Commented || d.Effects[0].Post.Form != FormBounce || d.Effects[0].Ticket != 5 ||
		d.Effects[0].Post.Reopen || d.Thread != nil {
		t.Fatalf("%+v", d)
	}
	if diff := cmp.Diff(want, d.Effects[0].Post.Notes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"ivan@example.org"}, d.Failed); diff != "" || d.Ticket.Undeliver == "" {
		t.Errorf("failed %v, %q", d.Failed, d.Ticket.Undeliver)
	}
	forged := ownID1[:36] + "0123456789abcdef" + ownID1[52:]
	f := known()
	f.Known[forged] = Link{5, FromUs} // a store that looks up ids by their key finds the forged one too
	for _, id := range []string{forged, "unknown@x", testSigner.MessageID(DeriveKey("forgotten"), "example.ru")} {
		if d := r.Decide(report(id), f); d.Verdict != Quarantine || len(d.Effects) != 0 || d.Failed != nil ||
			d.Ticket != nil {
			t.Errorf("%s: %+v", id, d)
		}
	}
	if d := r.Decide(report(ownID1), known(gone)); d.Verdict != Ignored {
		t.Errorf("of a deleted task: %s", d.Verdict)
	}
	m := letter("From: MAILER-DAEMON@mx.example", "Return-Path: <>")
	if d := r.Decide(m, known()); d.Verdict != Task || d.AutoReply || !d.Ticket.Silent {
		t.Errorf("a mail system without an id: %s, silent %v", d.Verdict, d.Ticket.Silent)
	}
	m.Plain = "Message-ID: <" + ownID1 + ">"
	if d := r.Decide(m, known()); d.Verdict != Commented || d.Effects[0].Post.Form != FormBounce || !has(d, "own-id") {
		t.Errorf("a mail system with an id: %s by %v", d.Verdict, hits(d))
	}
	m = letter("X-Failed-Recipients: ivan@example.org, <c@x.example>", "In-Reply-To: <"+ownID1+">")
	m.Report = &Report{
		Kind: "dsn",
		Failed: []Recipients{{
			Address: "ivan@example.org",
			Action:  "failed",
		}, {Address: "Ivan@example.org", Action: "failed", Status: "5.1.1"}},
	}
	if d := r.Decide(m, known()); d.Verdict != Commented ||
		strings.Join(d.Failed, " ") != "ivan@example.org c@x.example" || len(d.Effects[0].Post.Notes) != 2 {
		t.Errorf("Exim: %s, %v", d.Verdict, d.Failed)
	}
}

func TestForgedMessageIDLeadsNowhere(t *testing.T) {
	forged := ownID1[:36] + "0123456789abcdef" + ownID1[52:]
	d := compile(t, testPolicy(t)).Decide(letter("Message-ID: <"+forged+">", stranger, otherTopic), facts())
	if d.Verdict != Task || d.Class != classHuman || len(d.Thread) != 0 {
		t.Errorf("%s, thread %v", d.Verdict, d.Thread)
	}
}
