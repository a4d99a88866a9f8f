package desk

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func announceFacts() AnnounceFacts {
	return AnnounceFacts{Now: testNow, Signer: testSigner, Ticket: Ticket{
		Number: 5, Task: 3711, Key: "k5", Mailbox: "support", Requester: Address{Addr: "ivan@example.org"},
		ReplyTo: Address{
			Name: "Ivan",
			Addr: "ivan@example.org",
		},
		Subject: "printer", Status: Open, Reachable: true, LastID: "last@example.org",
		References: []string{"first@example.org", "last@example.org"}, LastComment: 100,
	}}
}

func said(id int64, text string) Comment {
	return Comment{ID: id, Author: 7, Name: "Анна", At: testNow.Add(time.Duration(id) * time.Second), Text: text}
}

func change(comments ...Comment) Change {
	return Change{State: TaskState{Task: 3711, Status: Open, Activity: testNow}, Comments: comments, ReadAt: testNow}
}

func TestComments(t *testing.T) {
	marker := testSigner.Marker(DeriveKey("comment", "x"))
	file := []File{{Name: "a.pdf", Object: 9}}
	cases := []struct {
		name    string
		send    Send
		comment Comment
		rule    string
		text    string
	}{
		{"a specialist's", "all", said(101, "Готово"), "for-customer", "Готово"},
		{"read before", "all", said(100, "Готово"), "known", ""},
		{"the portal's", "all", Comment{ID: 101, Author: 7, System: true, Text: "Крайний срок изменен"}, "system", ""},
		{"nobody's", "all", Comment{ID: 101, Text: "x"}, "system", ""},
		{"ours", "all", Comment{ID: 101, Author: 17, Text: "[B]Письмо[/B] " + marker + "\ntext"}, "own", ""},
		{
			"ours, marked below",
			"all",
			Comment{ID: 101, Author: 17, Text: "[B]Письмо[/B]\ntext\n\n" + marker},
			"own",
			"",
		},
		{"our user as a specialist", "all", Comment{ID: 101, Author: 17, Text: "Готово"}, "for-customer", "Готово"},
		{"our marker, another author", "all", said(101, marker+" посмотрите"), "own", ""},
		{
			"our post, quoted",
			"all",
			Comment{ID: 101, Author: 17, Text: "[QUOTE]" + marker + "\nПисьмо[/QUOTE]\nГотово"},
			"for-customer",
			"Готово",
		},
		{"forwarded", "all", Comment{ID: 101, Author: 7, Forwarded: true, Text: "x"}, "forwarded", ""},
		{
			"a forged marker by us",
			"all",
			Comment{ID: 101, Author: 17, Text: "hd-0123456789abcdef"},
			"for-customer",
			"hd-0123456789abcdef",
		},
		{"a bot's", "all", Comment{ID: 101, Author: 9, Bot: true, Text: "x"}, "bot", ""},
		{"a guest's", "all", Comment{ID: 101, Author: 9, Guest: true, Text: "x"}, "guest", ""},
		{"taken back", "all", Comment{ID: 101, Author: 7, Deleted: true, Text: "x"}, "deleted", ""},
		{"a placeholder", "all", said(101, "Сообщение удалено"), "deleted", ""},
		{"empty", "all", said(101, " \u200b\n"), "empty", ""},
		{"a file alone", "all", Comment{ID: 101, Author: 7, Files: file}, "for-customer", ""},
		{"internal", "all", said(101, "// клиент неправ"), "internal", ""},
		{"internal, after blanks", "all", said(101, "\n  // клиент неправ"), "internal", ""},
		{"internal, behind a mention", "all", said(101, "[USER=5]Иван[/USER], // посмотри"), "internal", ""},
		{"internal, behind a quote", "all", said(101, "[QUOTE]текст\nдва[/QUOTE]\n//посмотри"), "internal", ""},
		{
			"internal, behind a chat quote",
			"all",
			said(101, "------------------\nИван [12.03.2026]\nтекст\n------------------\n// нет"),
			"internal",
			"",
		},
		{"internal, in bold", "all", said(101, "[B]//[/B] нет"), "internal", ""},
		{"a link is not internal", "all", said(101, "https://x.example"), "for-customer", "https://x.example"},
		{"marked", "marked", said(101, "! Готово"), "for-customer", "Готово"},
		{"unmarked", "marked", said(101, "Готово!"), "unmarked", ""},
		{"marked, internal prefix", "marked", said(101, "// x"), "unmarked", ""},
		{"marked and empty", "marked", said(101, "! "), "empty", ""},
		{
			"a result",
			"results",
			Comment{ID: 101, Author: 7, Result: true, Text: "Задача завершена."},
			"for-customer",
			"Задача завершена.",
		},
		{"no result", "results", said(101, "Готово"), "not-result", ""},
	}
	for _, c := range cases {
		p := testPolicy(t)
		p.Send = c.send
		d := compile(t, p).Announce(change(c.comment), announceFacts())
		if len(d.Reasons) != 1 || d.Reasons[0].Rule != c.rule {
			t.Errorf("%s: %+v, want %s", c.name, d.Reasons, c.rule)
			continue
		}
		if c.rule != "for-customer" {
			if d.Verdict != Inside || len(d.Effects) != 0 {
				t.Errorf("%s: %+v", c.name, d)
			}
			continue
		}
		if d.Verdict != Announced || d.Effects[0].Letter.Comments[0].Text != c.text {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

func TestServiceComments(t *testing.T) {
	r := compile(t, testPolicy(t))
	for text, want := range map[string]bool{
		"Задача завершена.":                                                           true,
		"[USER=5]Иван Петров[/USER], задача почти просрочена.":                        true,
		"Задача просрочена. [USER=5]Иван[/USER], сообщите текущий статус задачи.":     true,
		"Крайний срок изменен на: 12.03.2026 19:00.":                                  true,
		"Крайний срок изменен на: [B]12.03.2026 19:00[/B].\nРабота по задаче начата.": true,
		"[USER=5]Иван[/USER], [USER=6]Пётр[/USER], вы добавлены наблюдателями.":       true,
		"[USER=5]Иван[/USER], вы назначены ответственным.":                            true,
		"Необходимо указать крайний срок, иначе задача не будет выполнена вовремя.":   true,
		"Задача возвращена в работу.":                                                 true,
		"Проект задачи изменен на: Поддержка":                                         true,
		"Задача завершена, проверьте, пожалуйста":                                     false,
		"Иван Петрович, задача завершена. Принтер работает.":                          false,
		"Работа по задаче начата. Завтра пришлём счёт.":                               false,
		"Крайний срок изменен на: 12.03. Извините за задержку!":                       false,
		"Готово": false,
	} {
		d := r.Announce(change(said(101, text)), announceFacts())
		if (d.Reasons[0].Rule == "service") != want {
			t.Errorf("%q: %s", text, d.Reasons[0].Rule)
		}
	}
}

func TestAnswerLetters(t *testing.T) {
	r := compile(t, testPolicy(t))
	first, second := said(101, "Один"), said(103, "Два")
	second.Files = []File{{Name: "a.pdf"}}
	c := change(first, said(102, "// внутри"), second)
	c.State.Chat = 77
	d := r.Announce(c, announceFacts())
	if len(d.Effects) != 1 || d.Verdict != Announced {
		t.Fatalf("%+v", d)
	}
	want := &Draft{
		Kind: Answer, Mailbox: "support", To: Address{Name: "Ivan", Addr: "ivan@example.org"}, Subject: "printer",
		InReplyTo: "last@example.org", References: []string{"first@example.org", "last@example.org"},
		Comments: []Comment{first, second}, Date: second.At, Chat: 77,
	}
	if diff := cmp.Diff(want, d.Effects[0].Letter); diff != "" {
		t.Error(diff)
	}
	if e := d.Effects[0]; e.Kind != SendLetter || e.Ticket != 5 || e.Task != 3711 ||
		e.Key != r.Announce(c, announceFacts()).Effects[0].Key {
		t.Errorf("%+v", e)
	}
	after := announceFacts().Ticket
	after.LastComment, after.Activity, after.ReadAt, after.Chat = 103, testNow, testNow, 77
	after.CommentAt, after.ReadUpTo = second.At, testNow
	if diff := cmp.Diff(&after, d.Ticket); diff != "" {
		t.Error(diff)
	}

	p := testPolicy(t)
	p.Combine, p.Attachments = false, false
	d = compile(t, p).Announce(c, announceFacts())
	if len(d.Effects) != 2 || d.Effects[0].Key == d.Effects[1].Key || d.Effects[1].Letter.Comments[0].Files != nil {
		t.Errorf("one each, without files: %+v", d.Effects)
	}
	if second.Files == nil {
		t.Error("the change was changed")
	}
	p.Answer = false
	if d := compile(t, p).Announce(c, announceFacts()); d.Verdict != Inside || d.Reasons[0].Rule != "off" ||
		d.Ticket.LastComment != 103 {
		t.Errorf("switched off: %+v", d)
	}
}

func TestSilentTickets(t *testing.T) {
	r := compile(t, testPolicy(t))
	for name, set := range map[string]func(*AnnounceFacts){
		"silent":    func(f *AnnounceFacts) { f.Ticket.Silent = true },
		"gone":      func(f *AnnounceFacts) { f.Ticket.Status = Gone },
		"excluded":  func(f *AnnounceFacts) { f.Excluded = []Exclusion{{Match: "@example.org", Scope: ScopeLetters}} },
		"settings":  func(f *AnnounceFacts) { f.Ticket.ReplyTo.Addr = "mute@quiet.example" },
		"requester": func(f *AnnounceFacts) { f.Ticket.Requester.Addr = "mute@quiet.example" },
		"nobody":    func(f *AnnounceFacts) { f.Ticket.ReplyTo, f.Ticket.Requester = Address{}, Address{} },
		"ourselves": func(f *AnnounceFacts) { f.Ticket.ReplyTo.Addr = "support@example.ru" },
	} {
		f := announceFacts()
		set(&f)
		d := r.Announce(change(said(101, "Готово")), f)
		if d.Verdict != Inside || d.Reasons[0].Rule != "silent" || d.Ticket.LastComment != 101 {
			t.Errorf("%s: %+v", name, d)
		}
	}
	f := announceFacts()
	f.Excluded = []Exclusion{{Match: "@example.org", Scope: ScopeAutoReply}}
	if d := r.Announce(change(said(101, "Готово")), f); d.Verdict != Announced {
		t.Errorf("an exclusion from the auto-reply silences answers: %+v", d)
	}
}

func TestClosing(t *testing.T) {
	p := testPolicy(t)
	p.Closed = true
	r := compile(t, p)
	closing := change(said(101, "Готово"))
	closing.State.Status, closing.State.ClosedAt = Done, testNow
	d := r.Announce(closing, announceFacts())
	if len(d.Effects) != 2 || d.Effects[0].Letter.Kind != Answer || d.Effects[1].Letter.Kind != Closed ||
		d.Ticket.Status != Done || !d.Ticket.ClosedAt.Equal(testNow) {
		t.Fatalf("%+v", d)
	}
	f := announceFacts()
	f.Ticket = *d.Ticket
	if d := r.Announce(closing, f); len(d.Effects) != 0 || d.Ticket.Status != Done {
		t.Errorf("told twice: %+v", d)
	}
	f.Ticket.Status = Open // reopened by a letter, but not yet in the portal
	if d := r.Announce(closing, f); len(d.Effects) != 0 || d.Ticket.Status != Open {
		t.Errorf("the old closing is taken for a new one: %+v", d)
	}
	again := closing
	again.State.ClosedAt = testNow.Add(time.Hour)
	if d2 := r.Announce(again, f); len(d2.Effects) != 1 || d2.Effects[0].Key == d.Effects[1].Key {
		t.Errorf("the second closing: %+v", d2)
	}
	f.Ticket.Status = Done
	if d := r.Announce(change(), f); d.Ticket.Status != Open || d.Verdict != Inside || d.Reasons[0].Rule != "reopened" {
		t.Errorf("opened in the portal: %+v", d)
	}
	gone := change()
	gone.State.Status = Gone
	if d := r.Announce(gone, announceFacts()); d.Ticket.Status != Gone || len(d.Effects) != 0 {
		t.Errorf("deleted: %+v", d)
	}
	f = announceFacts()
	f.Ticket.Silent = true
	if d := r.Announce(closing, f); find(d, SendLetter) != nil || d.Ticket.Status != Done ||
		!strings.Contains(d.Reasons[1].Note, "no letter") {
		t.Errorf("a silent ticket: %+v", d)
	}
	p.Closed = false
	if d := compile(t, p).Announce(closing, announceFacts()); len(d.Effects) != 1 || d.Ticket.Status != Done {
		t.Errorf("switched off: %+v", d)
	}
}

// The numbers in a chat start anew, independently of the forum's.
func TestAnnounceReadsAChatFromItsBeginning(t *testing.T) {
	r, f := compile(t, testPolicy(t)), announceFacts()
	f.Ticket.LastComment = 90000 // a number from the forum
	for i, text := range []string{"first in the chat", "second in the chat"} {
		c := change(said(int64(10+i), text))
		c.State.Chat = 50
		d := r.Announce(c, f)
		if len(d.Effects) != 1 {
			t.Errorf("%q is not sent: %+v", text, d.Reasons)
		}
		f.Ticket = *d.Ticket
	}
}
