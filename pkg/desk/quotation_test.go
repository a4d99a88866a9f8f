package desk

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// answering returns a letter that answers <1@x>, with its text above a quote that was cut off.
func answering(text, quoted, signature string) *Message {
	m := letter("In-Reply-To: <1@x>", "Subject: Re: Не работает касса", "From: Мария Орлова <ivan@example.org>")
	m.Text, m.BBCode, m.Quoted, m.Signature, m.QuoteCut = text, text, quoted, signature, quoted != ""
	m.FullText = strings.TrimSpace(text + "\n\n" + signature + "\n\n" + quoted)
	m.FullCode = m.FullText
	return m
}

// A comment says that it leaves out a quote if the quote contains more than we have sent. It shows a third person's
// letter.
func TestLeftOut(t *testing.T) {
	const (
		sent = "Здравствуйте!\n\nКакой код стоит на кассе и где она?\n\nС уважением,\nСлужба поддержки"
		ours = "12.03.2026, 10:00, Служба поддержки <support@example.ru>:\n> Здравствуйте!\n>\n> Какой код стоит на " +
			"кассе\n> и где она?\n>\n> С уважением,\n> Служба поддержки"
	)
	outlook := func(from, body string) string {
		return "-----Original Message-----\nОт: " + from +
			"\nОтправлено: 12 марта 2026 г. 10:00\nКому: Мария Орлова\nТема: касса\n\n" + body
	}
	r := compile(t, testPolicy(t))
	r.ownNames[foldName("Служба поддержки")] = true
	for _, c := range []struct {
		name   string
		quoted string
		sent   string
		with   func(*Ticket)
		ours   bool // <1@x> is a letter of ours
		note   string
		whole  bool
	}{
		{"our letter", ours, sent, nil, true, "", false},
		{
			"our letter as Outlook quotes it",
			outlook("Служба поддержки <support@example.ru>", sent),
			sent,
			nil,
			true,
			"",
			false,
		},
		{"our letter without an address", outlook("Служба поддержки", sent), sent, nil, true, "", false},
		{
			"our letter with an answer inside",
			strings.Replace(ours, "кассе\n", "кассе 7731\n", 1),
			sent,
			nil,
			true,
			"quote",
			false,
		},
		{
			"our letter with words inside",
			outlook("Служба поддержки <support@example.ru>", sent+"\nПермь"),
			sent,
			nil,
			true,
			"quote",
			false,
		},
		{"our letter, but not kept", ours, "", nil, true, "quote", false},
		{
			"a specialist's letter",
			outlook("Анна <anna@firma.example>", "Перезагрузите терминал"),
			sent,
			nil,
			true,
			"quote",
			false,
		},
		{"the writer's own", outlook("Мария Орлова <ivan@example.org>", "Касса"), sent, nil, false, "quote", false},
		{"the writer's own without an address", outlook("Орлова Мария", "Касса"), sent, nil, false, "quote", false},
		{"that of somebody in copy", outlook("Пётр <petr@other.example>", "Касса"), sent, func(t *Ticket) {
			t.Participants = []string{"petr@other.example"}
		}, false, "quote", false},
		{"nobody's", "> Касса", sent, nil, false, "quote", false},
		{"a third person's", outlook("Банк <bank@other.example>", "Терминал заблокирован"), sent, nil, false, "", true},
		{
			"a third person's, in an answer to us",
			outlook("Банк <bank@other.example>", "Терминал заблокирован"),
			sent,
			nil,
			true,
			"",
			true,
		},
		{
			"a colleague's without an address",
			outlook("Сидоров Пётр", "Терминал заблокирован"),
			sent,
			nil,
			false,
			"",
			true,
		},
		{
			"a third person's with marks",
			"12.03.2026, 10:00, Банк <bank@other.example>:\n> Терминал заблокирован",
			sent,
			nil,
			false,
			"",
			true,
		},
	} {
		f := knownTicket(func(t *Ticket) {
			if t.Sent = c.sent; c.with != nil {
				c.with(t)
			}
		})
		if c.ours {
			f.Known["1@x"] = Link{Ticket: 5, Origin: FromUs}
		}
		post := find(r.Decide(answering("Спасибо, заработало.", c.quoted, ""), f), CommentTask).Post
		note := ""
		if i := slices.IndexFunc(post.Notes, func(n Note) bool { return n.Key == NoteCut }); i >= 0 {
			note = post.Notes[i].Detail
		}
		if note != c.note || post.Whole != c.whole || (len(post.Files) > 0) != (c.note != "") {
			t.Errorf("%s: note %q, whole %v, files %v", c.name, note, post.Whole, post.Files)
		}
	}
}

// A signature that the task has already shown is left out without a note.
func TestSignatureLeftOut(t *testing.T) {
	const signature = "-- \nМария Орлова\nООО «Завод», тел. 8 800 555-35-35"
	r := compile(t, testPolicy(t))
	first := letter("Subject: Не работает касса")
	first.Signature = signature
	opened := r.Decide(first, facts()).Ticket
	for _, c := range []struct{ signature, note string }{
		{signature, ""},
		{"--\nМария  Орлова", ""},
		{"-- \nМария Орлова\nНовый телефон 8 900 111-22-33", "signature"},
	} {
		f := knownTicket(func(t *Ticket) { t.Signatures = opened.Signatures })
		d := r.Decide(answering("Спасибо", "", c.signature), f)
		post := find(d, CommentTask).Post
		if got := notes(post); strings.Contains(got, "cut") != (c.note != "") ||
			(len(post.Files) > 0) != (c.note != "") {
			t.Errorf("%q: notes %q, files %v", c.signature, got, post.Files)
		}
		f = knownTicket(func(t *Ticket) { t.Signatures = d.Ticket.Signatures })
		if again := find(r.Decide(answering("Спасибо", "", c.signature), f),
			CommentTask).Post; strings.Contains(notes(again), "cut") {
			t.Errorf("%q is told twice", c.signature)
		}
	}
}

// Thanks above a third person's letter do not count as a bare thank-you.
func TestThanksAboveALetter(t *testing.T) {
	r := compile(t, testPolicy(t))
	for quoted, reopen := range map[string]bool{
		"12.03.2026, 10:00, support@example.ru:\n> Готово":          false,
		"12.03.2026, 10:00, Банк <bank@other.example>:\n> Терминал": true,
	} {
		f := knownTicket(func(t *Ticket) { t.Status, t.ClosedAt = Done, testNow.Add(-time.Hour) })
		d := r.Decide(answering("Спасибо!", quoted, ""), f)
		if post := find(d, CommentTask).Post; post.Reopen != reopen {
			t.Errorf("%q: %v", quoted, hits(d))
		}
	}
}

// R8 hits whether the quote was cut off or kept.
func TestStaffLetterInAKeptQuote(t *testing.T) {
	r := compile(t, testPolicy(t))
	m := letter("Subject: Re: счёт", "In-Reply-To: <x@outlook.example>")
	m.Quoted = "От: Анна <anna@firma.example>\nОтправлено: 12 марта 2026 г. 10:00\nКому: Иван\n\nКакой код?\n7731"
	m.Text, m.FullText = m.Quoted, m.Quoted
	if d := r.Decide(m, facts()); !has(d, "R8") || d.AutoReply {
		t.Errorf("%v, auto-reply %v", hits(d), d.AutoReply)
	}
}

func TestBounceBringsOneFile(t *testing.T) {
	r := compile(t, testPolicy(t))
	own := testSigner.MessageID(DeriveKey("received", "1"), "example.ru")
	m := letter("From: MAILER-DAEMON@mx.example")
	m.Report = &Report{
		Kind:       "dsn",
		OriginalID: []string{own},
		Failed:     []Recipients{{Address: "ivan@example.org", Action: "failed", Status: "5.1.1"}},
	}
	m.Attachments = []Attachment{{
		Name: "report.txt",
		Type: "message/delivery-status",
	}, {Name: "letter.eml", Type: "message/rfc822"}, {Name: "logo.png", Type: "image/png"}}
	f := knownTicket(nil)
	f.Known[own] = Link{Ticket: 5, Origin: FromUs}
	post := find(r.Decide(m, f), CommentTask).Post
	if post.Form != FormBounce || len(post.Files) != 1 || post.Files[0].Part != WholeMessage ||
		strings.Contains(notes(post), "cut") {
		t.Errorf("%s, files %v, notes %s", post.Form, post.Files, notes(post))
	}
}
