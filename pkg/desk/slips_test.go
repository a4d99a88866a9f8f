package desk

import (
	"strings"
	"testing"
	"time"
)

func slipPolicy(t *testing.T) *Policy {
	p := testPolicy(t)
	p.MentionInside = true
	return p
}

func TestMentions(t *testing.T) {
	cases := []struct {
		name, text, rule, out string
	}{
		{"a colleague", "[USER=5]Иван[/USER], посмотри", "mention", ""},
		{"a colleague, in small letters", "[user=5]Иван[/user] посмотри", "mention", ""},
		{"a colleague, in place of another", "[USER=5 REPLACE]Иван[/USER] посмотри", "mention", ""},
		{"everybody", "[USER=all]Все[/USER], кто на месте?", "mention", ""},
		{"a chat", "[CHAT=12]Склад[/CHAT] кто на месте?", "mention", ""},
		{"typed", "@ivan посмотри", "mention", ""},
		{"behind blanks", "\n \u200b[USER=5]Иван[/USER] посмотри", "mention", ""},
		{"in bold", "[B][USER=5]Иван[/USER][/B], посмотри", "mention", ""},
		{"behind a quote of the card", "[QUOTE]принтер[/QUOTE]\n[USER=5]Иван[/USER], видел?", "mention", ""},
		{
			"behind a quote of the chat",
			"------------------\nИван [12.03.2026]\nтекст\n------------------\n[USER=5]Иван[/USER], видел?",
			"mention",
			"",
		},
		{"behind a line quoted", ">>принтер\n[USER=5]Иван[/USER], видел?", "mention", ""},
		{"ourselves, then a colleague", "[USER=17]Почта[/USER] [USER=5]Иван[/USER], видел?", "mention", ""},
		{"a colleague, then ourselves", "[USER=5]Иван[/USER], [USER=17]Почта[/USER]", "mention", ""},
		{"another whose number begins so", "[USER=170]Пётр[/USER], посмотри", "mention", ""},
		{
			"ourselves, as the old card has it",
			"[USER=17]Почта Поддержки[/USER], добрый день! Готово.",
			ForCustomer,
			"Добрый день! Готово.",
		},
		{"whom we were before", "[USER=16]Почта[/USER]\nготово", ForCustomer, "Готово"},
		{
			"ourselves below a quote of what was mailed",
			"[QUOTE]Принтер[/QUOTE]\n[USER=17]Почта[/USER], готово",
			ForCustomer,
			"[QUOTE]Принтер[/QUOTE]\nГотово",
		},
		{"within the text", "Вам ответит [USER=5]Иван[/USER]", ForCustomer, "Вам ответит [USER=5]Иван[/USER]"},
		{"an address", "support@example.ru — пишите сюда", ForCustomer, "support@example.ru — пишите сюда"},
		{"one slash", "/ клиент неправ", "slip", ""},
		{"one slash without a blank", "/клиент неправ", "slip", ""},
		{"one slash behind a mention of ourselves", "[USER=17]Почта[/USER], / неправ", "slip", ""},
		{"two slashes", "// клиент неправ", "internal", ""},
		{"two, behind a mention", "[USER=5]Иван[/USER], // клиент неправ", "internal", ""},
		{"a slash within", "Да/нет?", ForCustomer, "Да/нет?"},
		{"ourselves alone", "[USER=17]Почта[/USER]", "empty", ""},
	}
	for _, c := range cases {
		f := announceFacts()
		f.Selves, f.Ticket.Sent = []int64{16, 17}, "Принтер"
		d := compile(t, slipPolicy(t)).Announce(change(said(101, c.text)), f)
		if d.Reasons[0].Rule != c.rule {
			t.Errorf("%s: %s, want %s", c.name, d.Reasons[0].Rule, c.rule)
			continue
		}
		if letter := find(d, SendLetter); (letter != nil) != (c.rule == ForCustomer) ||
			letter != nil && letter.Letter.Comments[0].Text != c.out {
			t.Errorf("%s: %+v", c.name, d.Effects)
		}
	}
	p := slipPolicy(t)
	p.MentionInside, p.InternalPrefix = false, "#"
	for _, text := range []string{"[USER=5]Иван[/USER], посмотри", "/etc/hosts поправлен"} {
		if d := compile(t, p).Announce(change(said(101, text)), announceFacts()); d.Reasons[0].Rule != ForCustomer {
			t.Errorf("switched off, %q: %s", text, d.Reasons[0].Rule)
		}
	}
	for _, send := range []Send{SendMarked, SendResults} {
		p := slipPolicy(t)
		p.Send = send
		c := said(101, "! [USER=5]Иван[/USER], посмотри")
		c.Result = true
		if d := compile(t, p).Announce(change(c), announceFacts()); d.Reasons[0].Rule != ForCustomer {
			t.Errorf("%s: %s", send, d.Reasons[0].Rule)
		}
	}
}

// The task says once why a comment stayed inside.
func TestReminder(t *testing.T) {
	r := compile(t, slipPolicy(t))
	d := r.Announce(change(said(101, "[USER=5]Иван[/USER], посмотри"), said(102, "/ тоже")), announceFacts())
	if len(d.Effects) != 1 || d.Verdict != Inside || !d.Ticket.Reminded {
		t.Fatalf("%+v", d)
	}
	e := d.Effects[0]
	if e.Kind != CommentTask || !e.Aside || e.Task != 3711 || e.Post.Form != FormRemark ||
		notes(e.Post) != "mention" || e.Post.Marker == "" {
		t.Errorf("%+v", e)
	}
	f := announceFacts()
	f.Ticket = *d.Ticket
	if d := r.Announce(change(said(103, "[USER=5]Иван[/USER], ещё раз")), f); len(d.Effects) != 0 {
		t.Errorf("told twice: %+v", d.Effects)
	}
	if d := r.Announce(change(said(101, "/ тоже")), announceFacts()); len(d.Effects) != 1 ||
		notes(d.Effects[0].Post) != "slip" || d.Effects[0].Post.Notes[0].Detail != "/" {
		t.Errorf("%+v", d.Effects)
	}
	f = announceFacts()
	f.Ticket.Silent = true
	if d := r.Announce(change(said(101, "[USER=5]Иван[/USER], посмотри")), f); len(d.Effects) != 0 {
		t.Errorf("nobody would get it anyway: %+v", d.Effects)
	}
	d = r.Announce(change(said(101, "[USER=5]Иван[/USER], посмотри"), said(102, "Готово")), announceFacts())
	if len(d.Effects) != 2 || d.Verdict != Announced {
		t.Errorf("%+v", d.Effects)
	}
}

// A comment is decided when it is a minute old, by its text at that time. Comments are decided in the order they were
// written.
func TestDelay(t *testing.T) {
	p := slipPolicy(t)
	p.Delay, p.Closed = time.Minute, true
	r := compile(t, p)
	at := func(age time.Duration, id int64, text string) Comment {
		c := said(id, text)
		c.At = testNow.Add(-age)
		return c
	}
	young := change(at(20*time.Second, 101, "Готово"))
	d := r.Announce(young, announceFacts())
	if d.Verdict != Later || d.Wait != 40*time.Second || len(d.Effects) != 0 || d.Ticket.LastComment != 100 ||
		d.Reasons[0].Rule != "delay" ||
		!strings.HasSuffix(d.Reasons[0].Note, ", in 40 s") {
		t.Fatalf("%+v", d)
	}
	f := announceFacts()
	f.Ticket = *d.Ticket
	old := change(at(time.Minute, 101, "Готово, проверьте"))
	if d := r.Announce(old, f); d.Verdict != Announced ||
		d.Effects[0].Letter.Comments[0].Text != "Готово, проверьте" || d.Wait != 0 || d.Ticket.LastComment != 101 {
		t.Errorf("as it stands then: %+v", d)
	}
	taken := old
	taken.Comments = []Comment{{
		ID:      101,
		Author:  7,
		At:      testNow.Add(-time.Minute),
		Deleted: true,
		Text:    "Сообщение удалено",
	}}
	if d := r.Announce(taken, f); d.Verdict != Inside || len(d.Effects) != 0 {
		t.Errorf("taken back: %+v", d)
	}
	d = r.Announce(change(at(2*time.Minute, 101, "Один"), at(10*time.Second, 102, "Два"),
		at(9*time.Second, 103, "// три")), announceFacts())
	if len(d.Effects) != 1 || d.Ticket.LastComment != 101 || d.Wait != 50*time.Second || d.Verdict != Announced {
		t.Errorf("the first is old enough: %+v", d)
	}
	if d := r.Announce(change(at(10*time.Second, 101, "// внутри")), announceFacts()); d.Verdict != Inside ||
		d.Wait == 0 || d.Ticket.LastComment != 100 {
		t.Errorf("a remark may become an answer: %+v", d)
	}
	ours := at(time.Second, 101, "Письмо\n\n"+testSigner.Marker(DeriveKey("comment", "x")))
	if d := r.Announce(change(ours), announceFacts()); d.Wait != 0 || d.Ticket.LastComment != 101 {
		t.Errorf("our own post waits: %+v", d)
	}
	if d := r.Announce(change(at(-time.Hour, 101, "Готово")), announceFacts()); d.Verdict != Announced {
		t.Errorf("of another clock: %+v", d)
	}
	closing := young
	closing.State.Status, closing.State.ClosedAt = Done, testNow
	if d := r.Announce(closing, announceFacts()); len(d.Effects) != 0 || d.Ticket.Status != Open {
		t.Errorf("the closing is told before the last answer: %+v", d)
	}
}
