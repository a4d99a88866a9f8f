package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNewTicket(t *testing.T) {
	r := compile(t, testPolicy(t))
	m := letter("Subject: Re: Принтер не печатает [#12-0000]", "Cc: Olga <OLGA@example.org>", "Cc: support@example.ru",
		"References: <old@x>", "Reply-To: form@x.example")
	m.To = append(m.To, Address{Addr: "petr@пример.рф"})
	m.HTML = `<img src="cid:logo">`
	m.Attachments = []Attachment{
		{Part: 0, Name: "logo.png", Inline: true, ContentID: "logo", Hash: "a"},
		{Part: 1, Name: "unused.png", Inline: true, Hidden: true, ContentID: "unused"},
		{Part: 2, Name: "error.pdf", Size: 9},
	}
	m.Quoted, m.Degraded = "> old", []Degraded{DegradedTruncated}
	d := r.Decide(m, facts())
	ticket := &Ticket{
		Key: DeriveKey("open", MessageKey(m)), Mailbox: "support", Requester: m.From,
		ReplyTo:      Address{Addr: "form@x.example"},
		Participants: []string{"petr@xn--e1afmkfd.xn--p1ai", "olga@example.org"}, Subject: "Принтер не печатает",
		Normal: "принтер не печатает",
		Opened: testNow, Status: Open, Replied: 1, Reachable: true, LastID: "letter-1@example.org", LastText: m.Text,
		LastAt:     m.Received,
		References: []string{"old@x", "letter-1@example.org"},
	}
	if diff := cmp.Diff(ticket, d.Ticket); diff != "" {
		t.Error(diff)
	}
	open, sent := find(d, OpenTask), find(d, SendLetter)
	if open == nil || sent == nil || len(d.Effects) != 2 || d.Effects[0].Kind != OpenTask {
		t.Fatalf("%+v", d.Effects)
	}
	post := &Post{
		Form: FormTask, Title: "Принтер не печатает", Fields: &Fields{
			Responsible: 7,
			Tags:        []string{"helpdesk"},
		}, Mailbox: "support", From: m.From,
		Message: &Place{"support", 1, 7}, Of: MessageKey(m), At: m.Received,
		Files: []File{{
			Name: "logo.png",
			Hash: "a",
		}, {
			Name: "error.pdf",
			Size: 9,
			Part: 2,
		}, {Name: "letter.eml", Type: "message/rfc822", Size: 2000, Part: WholeMessage}},
		Notes: []Note{{
			Key:    "wrong-token",
			Detail: "12",
		}, {Key: "answer-to", Detail: "form@x.example"}, {Key: "degraded", Detail: "truncated"}},
		Answers: true,
	}
	if diff := cmp.Diff(post, open.Post); diff != "" {
		t.Error(diff)
	}
	draft := &Draft{
		Kind: Received, Mailbox: "support", To: Address{Addr: "form@x.example"}, Subject: "Принтер не печатает",
		InReplyTo: "letter-1@example.org", References: []string{"old@x", "letter-1@example.org"}, Date: m.Received,
	}
	if diff := cmp.Diff(draft, sent.Letter); diff != "" {
		t.Error(diff)
	}
	if open.Key == sent.Key || open.Key != ticket.Key || len(sent.Key) != 32 {
		t.Errorf("keys %s %s", open.Key, sent.Key)
	}
	if diff := cmp.Diff(d, r.Decide(m, facts())); diff != "" {
		t.Errorf("the same message is decided another way: %s", diff)
	}
	if diff := cmp.Diff(map[string]Link{m.ID: {0, FromCustomer}}, d.Thread); diff != "" {
		t.Error(diff)
	}
}

func TestTicketFollowsItsRequester(t *testing.T) {
	r := compile(t, testPolicy(t))
	type after struct {
		last, text string
		people     int
	}
	for _, c := range []struct {
		lines []string
		want  after
	}{
		{[]string{toFirst, "Cc: new@x.example"}, after{"letter-1@example.org", "it does not print", 2}},
		{[]string{toFirst, somebody, "Cc: new@x.example"}, after{"first@example.org", "", 2}},
		{[]string{"In-Reply-To: <" + ownID1 + ">", colleague, "Cc: new@x.example"}, after{"first@example.org", "", 1}},
	} {
		f := known()
		d := r.Decide(letter(c.lines...), f)
		got := after{d.Ticket.LastID, d.Ticket.LastText, len(d.Ticket.Participants)}
		if got != c.want {
			t.Errorf("%v: %+v", c.lines, got)
		}
		if slices.Contains(d.Ticket.Participants, "olga@example.org") {
			t.Errorf("%v: the colleague has become a participant", c.lines)
		}
		if len(f.Tickets[5].Participants) != 1 || len(f.Tickets[5].References) != 1 {
			t.Errorf("%v: the facts were changed", c.lines)
		}
	}
}

func TestTicketIsBounded(t *testing.T) {
	m := letter()
	for i := range 5000 {
		m.To = append(m.To, Address{Addr: fmt.Sprintf("u%d@x.example", i)})
		m.Refs = append(m.Refs, fmt.Sprintf("r%d@x", i))
	}
	m.Text = strings.Repeat("д", 9000)
	m.Subject = strings.Repeat("и\u0306", 200)
	d := compile(t, testPolicy(t)).Decide(m, facts())
	refs := d.Ticket.References
	if len(d.Ticket.Participants) != participantsMax || len(refs) != referencesMax || refs[0] != "r0@x" ||
		refs[len(refs)-1] != m.ID {
		t.Errorf("%d participants, %d references %v", len(d.Ticket.Participants), len(refs), refs)
	}
	if n := len([]rune(d.Ticket.LastText)); n != lastTextMax {
		t.Errorf("%d characters kept", n)
	}
	title := []rune(d.Effects[0].Post.Title)
	if len(title) > titleMax || title[len(title)-1] != '…' || title[len(title)-2] != '\u0306' {
		t.Errorf("title of %d characters, ends %q", len(title), string(title[len(title)-3:]))
	}
}

func TestDerivedIDIsNotTold(t *testing.T) {
	m := letter()
	m.DerivedID = true
	d := compile(t, testPolicy(t)).Decide(m, facts())
	if l := find(d, SendLetter).Letter; l.InReplyTo != "" || len(l.References) != 0 {
		t.Errorf("%+v", l)
	}
}

func TestLettersScopeIsSilent(t *testing.T) {
	r := compile(t, testPolicy(t))
	d := r.Decide(letter("From: mute@quiet.example"), facts())
	if !d.Ticket.Silent || d.AutoReply || len(d.Hits) != 1 || d.Hits[0] != "mute@quiet.example" {
		t.Errorf("%+v", d)
	}
	f := known()
	f.Excluded = []Exclusion{{Match: "@example.org", Scope: ScopeLetters}}
	if d := r.Decide(letter(toFirst), f); !d.Ticket.Silent {
		t.Error("an exclusion added later does not count")
	}
	if d := r.Decide(letter(toFirst), known(func(t *Ticket) { t.Silent = true })); d.Ticket.Silent {
		t.Error("an exclusion taken away still counts")
	}
}

func TestOversize(t *testing.T) {
	m := letter()
	m.Degraded = []Degraded{DegradedOversize}
	p := compile(t, testPolicy(t)).Decide(m, facts()).Effects[0].Post
	if notes(p) != "oversize" || len(p.Files) != 0 {
		t.Errorf("%q %v", notes(p), p.Files)
	}
}

func TestThanks(t *testing.T) {
	r := compile(t, testPolicy(t))
	for text, want := range map[string]bool{
		"Спасибо!":                   true,
		"спасибо большое":            true,
		"Большое спасибо за помощь!": true,
		"Здравствуйте, Анна!\nСпасибо, всё работает.":                           true,
		"Анна Сергеевна, спасибо огромное!!!":                                   true,
		"Спасибо\n\nС уважением,\nИван Петров\nООО «Ромашка»\n+7 495 000-00-00": true,
		"Всё заработало, спасибо вам!\nИван Петров":                             true,
		"Благодарю за оперативность 🙏":                                          true,
		"Thanks a lot!": true,
		"Thank you for your help\n\nBest regards,\nIvan": true,
		"Спасибо, получил.\n\nОтправлено с iPhone":       true,
		"Анна, спасибо!":                                 true,
		"Анна, здравствуйте! Спасибо, Игорь.":            true,
		"Спасибо, помогло. Закрывайте заявку.":           true,
		"Спасибо за помощь, Ольга Петровна!":             true,
		"Thanks Ivan": true,
		"Благодарим.\n\nС уважением,\n\nИван Петров\nБухгалтер": true,
		"Спасибо. Не включается!":                               false,
		"Спасибо. Не помогло.":                                  false,
		"Спасибо за ответ. Не удалось.":                         false,
		"Добрый день! Спасибо за работу. Не всё открылось.":     false,
		"СПАСИБО, НЕ ВКЛЮЧАЕТСЯ":                                false,
		"Спасибо. Перезвоните":                                  false,
		"Спасибо. Жалоба":                                       false,
		"Спасибо, Ошибка":                                       false,
		"Thanks. Not solved":                                    false,
		"Thanks, it isn't":                                      false,
		"Спасибо.\nСканер Сломался":                             false,
		"Упало, спасибо":                                        false,
		"Спасибо. Монитор":                                      false,
		"Спасибо.\n\nС уважением,\nИван\n\nВерни деньги":        false,
		"Спасибо.\n\nС уважением,\nИван\nКогда приедет мастер":  false,
		"Спасибо\n--\nСрочно свяжитесь со мной":                 false,
		"Спасибо.\n\nС уважением, Иван\n\nМастер приехал":       false,
		"Спасибо, но не работает":                               false,
		"Спасибо, а когда будет готово?":                        false,
		"Не помогло":                                            false,
		"Сломалось, спасибо":                                    false,
		"Спасибо. И ещё: принтер не печатает":                   false,
		"Thanks, it still fails":                                false,
		"":                                                      false,
		"Спасибо!\nС уважением, Иван\nПочему опять не печатает?": false,
		"Получил": false,
	} {
		m := letter(toFirst)
		m.Text = text
		d := r.Decide(m, known(closed(time.Hour)))
		if has(d, "thanks") != want {
			t.Errorf("%q: %v", text, hits(d))
		}
	}
}

func TestSubjects(t *testing.T) {
	r := compile(t, testPolicy(t))
	token := testSigner.Token(5)
	for subject, want := range map[string]string{
		"Re: Fwd: FW: Принтер":          "Принтер",
		"Ответ: Отв: Пересл: Принтер":   "Принтер",
		"HA: НА: AW: Принтер":           "Принтер",
		"Re[2]: RE (3): Re^4: Принтер":  "Принтер",
		"Re: " + token + " Re: Принтер": "Принтер",
		"Re:Принтер\r\nBcc: x":          "Принтер Bcc: x",
		"Реклама: скидки":               "Реклама: скидки",
		"Regards: x":                    "Regards: x",
		"Re：Принтер":                    "Принтер",
		"Re:":                           "",
	} {
		if got := r.CleanSubject(subject); got != want {
			t.Errorf("%q: %q, want %q", subject, got, want)
		}
	}
	for subject, want := range map[string]string{
		"Re: СЧЁТ  за март": "счет за март",
		"Re: дом":           "",
		"№ 12345678":        "",
		"№ 12345 счёт":      "№ 12345 счет",
	} {
		if got := r.NormalSubject(subject); got != want {
			t.Errorf("%q: %q, want %q", subject, got, want)
		}
	}
}
