package desk

import (
	"strings"
	"testing"
)

func TestVia(t *testing.T) {
	const form, group = "From: Site <support@example.ru>", "Sender: support@example.ru"
	r := compile(t, testPolicy(t))
	for _, c := range []struct {
		name  string
		lines []string
		who   string // "" = not sent by way of our own address
	}{
		{"a form", []string{form, "Reply-To: Olga <olga@klient.example>"}, "olga@klient.example"},
		{
			"a group",
			[]string{"From: Ivan via Support <support@example.ru>", "Reply-To: support@example.ru",
				"Reply-To: olga@klient.example", "List-Id: <x>"},
			"olga@klient.example",
		},
		{
			"twice the same",
			[]string{form, "Reply-To: olga@klient.example", "Reply-To: OLGA@klient.example"},
			"olga@klient.example",
		},
		{"the sender is ours", []string{group, "Reply-To: olga@klient.example"}, "olga@klient.example"},
		{
			"a program that says so",
			[]string{form, "Reply-To: olga@klient.example", "Auto-Submitted: auto-generated"},
			"olga@klient.example",
		},
		{"the original sender", []string{form, "X-Original-From: Olga <olga@klient.example>"}, "olga@klient.example"},
		{"a choice of two", []string{form, "Reply-To: olga@klient.example", "Reply-To: petr@klient.example"}, ""},
		{"nobody", []string{form}, ""},
		{"ourselves", []string{form, "Reply-To: support@example.ru"}, ""},
		{"a specialist", []string{form, "Reply-To: anna@firma.example"}, ""},
		{"no address", []string{form, "Reply-To: olga"}, ""},
		{
			"our letter come round",
			[]string{form, "Reply-To: olga@klient.example", LoopHeader + ": " + testInstance},
			"",
		},
		{
			"our id",
			[]string{form, "Reply-To: olga@klient.example",
				"Message-ID: <" + testSigner.MessageID(DeriveKey("received", "1"), "example.ru") + ">"},
			"",
		},
	} {
		m := letter(c.lines...)
		d := r.Decide(m, facts())
		if has(d, "via") != (c.who != "") || has(d, "own") != (c.who == "") {
			t.Errorf("%s: %v", c.name, hits(d))
			continue
		}
		if c.who == "" {
			continue
		}
		ticket := d.Ticket
		if d.Verdict != Task || d.AutoReply || d.Class != classHuman || ticket.Requester.Key() != c.who ||
			ticket.ReplyTo.Key() != c.who {
			t.Errorf("%s: %s, auto-reply %v, ticket %+v", c.name, d.Verdict, d.AutoReply, ticket)
		}
		if post := find(d, OpenTask).Post; post.From.Key() != c.who || !strings.Contains(notes(post), "via") {
			t.Errorf("%s: from %v, notes %s", c.name, post.From, notes(post))
		}
		if q := r.Ask(m, testSigner); q.Address != c.who || q.Reply != c.who {
			t.Errorf("%s: asked for %q, %q", c.name, q.Address, q.Reply)
		}
	}
}

// The Reply-To of a form proves nothing. Exclusions apply to it, and a letter with the subject of an open ticket does
// not join that ticket.
func TestViaIsNoProof(t *testing.T) {
	lines := []string{"From: support@example.ru", "Reply-To: ivan@example.org", "Subject: Не работает касса"}
	r := compile(t, testPolicy(t))
	f := knownTicket(func(t *Ticket) { t.Normal = r.NormalSubject(t.Subject) })
	f.Same = []uint64{5}
	if d := r.Decide(letter(lines...), f); d.Verdict != Task || has(d, "R9") {
		t.Errorf("the same subject: %s by %v", d.Verdict, hits(d))
	}
	if d := r.Decide(letter(lines[0], "Reply-To: a@x.spam.example"), facts()); d.Verdict != Ignored ||
		!has(d, "ignored") {
		t.Errorf("an excluded one: %s by %v", d.Verdict, hits(d))
	}
}

func TestPolicyReports(t *testing.T) {
	r := compile(t, testPolicy(t))
	file := func(name string) func(*Message) {
		return func(m *Message) { m.Attachments = []Attachment{{Name: name, Type: "application/gzip"}} }
	}
	for _, c := range []struct {
		lines []string
		with  func(*Message)
		hit   bool
	}{
		{[]string{"Subject: Report domain: example.ru Submitter: google.com Report-ID: 1234567890"}, nil, true},
		{
			[]string{"Subject: [Preview] Report Domain: example.ru; Submitter: enterprise.protection.outlook.com; " +
				"Report-ID: abc"},
			nil,
			true,
		},
		{[]string{"Subject: Report Domain: example.ru Submitter: mail.ru Report-ID: 5"}, nil, true},
		{[]string{"Subject: DMARC Aggregate Report for example.ru"}, nil, true},
		{[]string{"TLS-Report-Domain: example.ru"}, nil, true},
		{[]string{"Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary=x"}, nil, true},
		{
			[]string{"From: dmarc_support@corp.mail.example"},
			file("mail.example!example.ru!1773266400!1773352800.xml.gz"),
			true,
		},
		{
			[]string{"From: smtp-tls-reporting@x.example"},
			file("google.com!example.ru!1773266400!1773352800!001.json.gz"),
			true,
		},
		{[]string{"From: dmarc_support@corp.mail.example"}, file("скан.pdf"), false},
		{nil, file("mail.example!example.ru!1773266400!1773352800.xml.gz"), false},
		{[]string{"Subject: Fwd: Report domain: example.ru Submitter: google.com Report-ID: 12"}, nil, false},
		{[]string{"Subject: Что такое DMARC report?"}, nil, false},
		{[]string{"Subject: Report domain problems"}, nil, false},
	} {
		m := letter(c.lines...)
		if c.with != nil {
			c.with(m)
		}
		d := r.Decide(m, facts())
		if has(d, "system") != c.hit || d.AutoReply == c.hit {
			t.Errorf("%v: %v, auto-reply %v", c.lines, hits(d), d.AutoReply)
		}
	}
	p := testPolicy(t)
	p.Automatic = "ignore"
	if d := compile(t, p).Decide(letter("TLS-Report-Domain: example.ru"), facts()); d.Verdict != Ignored {
		t.Errorf("with mail.automatic: ignore: %s", d.Verdict)
	}
}
