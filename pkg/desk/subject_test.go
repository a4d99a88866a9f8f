package desk

import (
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/glyph"
)

func TestCleanSubjectCutsFronts(t *testing.T) {
	r := compile(t, testPolicy(t))
	for in, want := range map[string]string{
		"[External] Принтер":                      "Принтер",
		"[EXT] Re: Fwd: Принтер":                  "Принтер",
		"RE: [EXTERNAL] RE: [EXT] Принтер":        "Принтер",
		"{Внешнее} Принтер":                       "Принтер",
		"[Внешний отправитель]: Принтер":          "Принтер",
		"***SPAM*** Принтер":                      "Принтер",
		"*****SPAM***** Re: Принтер":              "Принтер",
		"[SPAM 7.3] Принтер":                      "Принтер",
		"{Spam?} {Disarmed} Принтер":              "Принтер",
		"EXTERNAL: Принтер":                       "Принтер",
		"Отв.: Пересл.: ПЕР: НА: На: AW: Принтер": "Принтер",
		"SV: R: Re[2]: Re^3: RE：Принтер":          "Принтер",
		"[Внешнее][СПАМ] Отв: Принтер":            "Принтер",
		"[#12-3456] [EXT] Принтер":                "Принтер",
		// What people write is kept.
		"[Срочно] Принтер":      "[Срочно] Принтер",
		"[Касса] external disk": "[Касса] external disk",
		"External disk":         "External disk",
		"Внешнее: диск":         "Внешнее: диск",
		"Спам: что делать":      "Спам: что делать",
		"Принтер [EXT]":         "Принтер [EXT]",
		"Ремонт: принтер":       "Ремонт: принтер",
		"(2 шт.) Принтер":       "(2 шт.) Принтер",
	} {
		if got := r.CleanSubject(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestAwayBehindMarks(t *testing.T) {
	r := compile(t, testPolicy(t))
	for subject, want := range map[string]bool{
		"[External] Automatic reply: Вопрос":        true,
		"[EXT] Re: Out of Office":                   true,
		"{Внешнее} Автоответ: отпуск":               true,
		"***EXTERNAL*** Вне офиса до 15 марта":      true,
		"[Внешняя почта] [SPAM] Abwesend":           true,
		"(Автоответ) Вопрос":                        true,
		"[Out of office] Иванов":                    true,
		"[Отдел снабжения] Автоответ: отпуск":       true,
		"Re: Автоответ: отпуск":                     false,
		"[Срочно] Автоответ в кабинете выключить":   false,
		"[External] Out of office scanner fails":    false,
		"[Касса] не работает":                       false,
		"Как включить (автоответ)?":                 false,
		"[Очень длинная метка людей] Автоответ: да": false,
	} {
		if got := r.awayBegin(subject) != ""; got != want {
			t.Errorf("%q: %v", subject, got)
		}
	}
}

// Cleaning a subject with many prefixes takes time proportional to its length.
func TestCleanSubjectIsLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("reads a long subject")
	}
	r := compile(t, testPolicy(t))
	if got := r.CleanSubject(strings.Repeat("Re: [EXT] ", 50_000) + "Принтер"); got != "Принтер" {
		t.Errorf("%.40q", got)
	}
}

// knownTicket returns facts in which the letter <1@x> belongs to the printer's ticket.
func knownTicket(with func(*Ticket)) Facts {
	f := facts()
	a := Address{Addr: "ivan@example.org"}
	ticket := Ticket{
		Number:    5,
		Task:      3711,
		Requester: a,
		ReplyTo:   a,
		Subject:   "Не работает касса",
		Status:    Open,
		Opened:    testNow.Add(-time.Hour),
	}
	if with != nil {
		with(&ticket)
	}
	f.Tickets[5], f.Known["1@x"] = ticket, Link{Ticket: 5, Origin: FromCustomer}
	return f
}

func TestSubjectOfAComment(t *testing.T) {
	long := strings.Repeat("долгая тема ", 40)
	r := compile(t, testPolicy(t))
	for _, c := range []struct {
		subject string
		with    func(*Ticket)
		want    string
	}{
		{"Re: Касса №7731 стоит второй час", nil, "Касса №7731 стоит второй час"},
		{"Re: Не работает касса", nil, ""},
		{"[EXT] RE: НЕ РАБОТАЕТ КАССА [#3711-0000]", nil, ""},
		{"касса", nil, ""},
		{"Re:", nil, ""},
		{"Не работает касса №2", nil, "Не работает касса №2"},
		{"Re: " + glyph.Cut(long, 180), func(t *Ticket) { t.Subject = long }, ""},
		{"Re: Ваше обращение", func(t *Ticket) { t.Subject = "" }, "Ваше обращение"},
		{"Re: Ваше обращение", func(t *Ticket) { t.Subjects = []string{"ваше обращение"} }, ""},
		{"Всё сломалось", func(t *Ticket) { t.Subjects = []string{"все сломалось"} }, ""},
	} {
		d := r.Decide(letter("In-Reply-To: <1@x>", "Subject: "+c.subject), knownTicket(c.with))
		e := find(d, CommentTask)
		if e == nil || e.Post.Subject != c.want {
			t.Fatalf("%q: %v %+v", c.subject, hits(d), e)
		}
		if again := r.newSubject(letter("Subject: "+c.subject), d.Ticket); again != "" {
			t.Errorf("%q is shown again as %q", c.subject, again)
		}
	}
	for from, form := range map[string]Form{"anna@firma.example": FormWritten, "ivan@example.org": FormAutomatic} {
		lines := []string{"In-Reply-To: <1@x>", "Subject: Другое", "From: " + from}
		if form == FormAutomatic {
			lines = append(lines, "Auto-Submitted: auto-replied")
		}
		if e := find(r.Decide(letter(lines...), knownTicket(nil)), CommentTask); e == nil || e.Post.Form != form ||
			e.Post.Subject != "Другое" {
			t.Errorf("%s: %+v", form, e)
		}
	}
}

func TestSubjectTooLongForATitle(t *testing.T) {
	r := compile(t, testPolicy(t))
	long := strings.Repeat("тема клиента, ", 20) + "КОНЕЦ: касса 7731"
	post := find(r.Decide(letter("Subject: "+long), facts()), OpenTask).Post
	if post.Subject != long || !strings.HasSuffix(post.Title, "…") {
		t.Errorf("title %q, subject %q", post.Title, post.Subject)
	}
	if post := find(r.Decide(letter("Subject: printer"), facts()), OpenTask).Post; post.Subject != "" {
		t.Errorf("a short one stands twice: %q", post.Subject)
	}
	endless := strings.Repeat("тема ", 2000) + "КОНЕЦ"
	post = find(r.Decide(letter("Subject: "+endless), facts()), OpenTask).Post
	if len([]rune(post.Subject)) > subjectMax || len(post.Files) != 1 || post.Files[0].Part != WholeMessage {
		t.Errorf("an endless one: %d characters, files %v", len([]rune(post.Subject)), post.Files)
	}
}

func TestThanksReadTheSubject(t *testing.T) {
	r := compile(t, testPolicy(t))
	closed := func(t *Ticket) { t.Status, t.ClosedAt = Done, testNow.Add(-time.Hour) }
	for _, c := range []struct {
		subject, text string
		reopen        bool
	}{
		{"Re: Не работает касса", "Спасибо!", false},
		{"Спасибо!", "Спасибо!", false},
		{"Большое спасибо", "", false},
		{"Не работает касса №2, другая, срочно", "Спасибо!", true},
		{"Re: Не работает касса", "", true},
		{"Re: Касса стоит", "", true},
	} {
		m := letter("In-Reply-To: <1@x>", "Subject: "+c.subject)
		m.Text, m.FullText, m.Plain = c.text, c.text, c.text
		d := r.Decide(m, knownTicket(closed))
		if e := find(d, CommentTask); e == nil || e.Post.Reopen != c.reopen {
			t.Errorf("%q %q: %v", c.subject, c.text, hits(d))
		}
	}
}

func TestNoText(t *testing.T) {
	r := compile(t, testPolicy(t))
	for text, want := range map[string]bool{"": true, " \n\u00a0\n": true, "x": false} {
		m := letter()
		m.Text, m.FullText, m.BBCode, m.Plain = text, text, text, text
		if post := find(r.Decide(m, facts()), OpenTask).Post; strings.Contains(notes(post), "no-text") != want {
			t.Errorf("%q: %s", text, notes(post))
		}
	}
}
