package desk_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/quote"
	"helpdesk/pkg/render"
	"helpdesk/templates"
)

// reader reads letters as a pass does, and renders what a specialist sees.
type reader struct {
	*testing.T
	rules  *desk.Rules
	cutter *quote.Cutter
	texts  *render.Set
}

func newReader(t *testing.T) *reader {
	r := &reader{T: t}
	r.rules, r.cutter = corpusRules(t)
	var err error
	if r.texts, err = render.New(templates.FS, render.Settings{Locale: "ru", Escape: markup.Escape}); err != nil {
		t.Fatal(err)
	}
	return r
}

// outcome is a parsed letter with its decision and its posts.
type outcome struct {
	desk.Message
	desk.Decision
	post  string // title and text
	files []string
}

// judge reads and decides a letter whose lines end with \n. Two ids of the ticket "Касса" of ivan@example.org are
// known: first@example.org is the customer's letter, and reply@firma.example a specialist's.
func (r *reader) judge(letter string, facts ...func(*desk.Facts)) outcome {
	r.Helper()
	raw := []byte(strings.ReplaceAll(letter, "\n", "\r\n"))
	l := desk.Listing{
		Place:    desk.Place{Mailbox: "support", UIDValidity: 1, UID: 7},
		Size:     int64(len(raw)),
		Received: corpusNow.Add(-time.Minute),
	}
	m, err := pass.Read(bytes.NewReader(raw), l, pass.Reading{Cutter: r.cutter, Event: func(e desk.Event) string {
		return r.texts.Event(e, moscow)
	}})
	if err != nil {
		r.Fatal(err)
	}
	a := desk.Address{Name: "Иван Петров", Addr: "ivan@example.org"}
	f := desk.Facts{Now: corpusNow, Signer: corpusSigner, Instance: "5f2c0a9e",
		Known: map[string]desk.Link{
			"first@example.org":   {Ticket: 5, Origin: desk.FromCustomer},
			"reply@firma.example": {Ticket: 5, Origin: desk.FromStaff},
		},
		Tickets: map[uint64]desk.Ticket{5: {Number: 5, Task: 3711, Requester: a, ReplyTo: a, Subject: "Касса",
			Normal: "касса", Status: desk.Open,
			Opened: corpusNow.Add(-time.Hour)}}}
	for _, change := range facts {
		change(&f)
	}
	o := outcome{Message: m, Decision: r.rules.Decide(&m, f)}
	for _, e := range o.Effects {
		if e.Post == nil {
			continue
		}
		if err := outbox.Describe(r.texts, moscow, &m, &e, ""); err != nil {
			r.Fatal(err)
		}
		o.post += e.Post.Title + "\n" + e.Post.Text
		for _, file := range e.Post.Files {
			o.files = append(o.files, file.Name)
		}
	}
	return o
}

var moscow = time.FixedZone("MSK", 3*3600)

func (o *outcome) hit(rule string) bool {
	return slices.ContainsFunc(o.Reasons, func(r desk.Reason) bool { return r.Hit && r.Rule == rule })
}

// shows reports whether the post contains a piece of text, ignoring blanks and case.
func (o *outcome) shows(piece string) bool {
	fold := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
	return strings.Contains(fold(o.post), fold(piece))
}

const (
	fromIvan = "From: Ivan <ivan@example.org>\nTo: support@example.ru\nMessage-ID: <new@example.org>\nDate: Thu, 12 " +
		"Mar 2026 10:00:00 +0300\nMIME-Version: 1.0\n"
	answers  = "In-Reply-To: <first@example.org>\n"
	utf8text = "Content-Type: text/plain; charset=utf-8\n\n"
	utf8html = "Content-Type: text/html; charset=utf-8\n\n"
)

func coded(t *testing.T, e encoding.Encoding, s string) string {
	b, err := e.NewEncoder().String(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A comment begins with its subject if that says something new, and only then. Thanks under such a subject are not a
// bare thank-you.
func TestSubjectsOfComments(t *testing.T) {
	r := newReader(t)
	for _, s := range []string{"Срочно! Сервер тоже лежит", "Re: Касса и принтер", "Касса - добавление №2",
		"Fwd: [EXT] Счёт 118", "Invoice 44/2", "касса: не печатает Z-отчёт"} {
		o := r.judge(fromIvan + answers + "Subject: " + s + "\n" + utf8text + "Прошу посмотреть.\n")
		want := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(s, "Re: "), "Fwd: "), "[EXT] ")
		if o.Verdict != desk.Commented || !o.shows(want) {
			t.Errorf("%q is not shown: %s\n%s", s, o.Verdict, o.post)
		}
	}
	for _, s := range []string{"Касса", "Re: КАССА", "Ответ: RE: Касса", "HA: Касса", "[External] Касса",
		"SPAM: Re: касса", "Re[2]: Касса", "Отв.: Пересл.: Касса", "AW: WG: Касса", "回复: Касса", "Re: Касса  "} {
		if o := r.judge(fromIvan + answers + "Subject: " + s + "\n" + utf8text +
			"Прошу посмотреть.\n"); o.Verdict != desk.Commented || o.shows("Тема:") {
			t.Errorf("%q is shown: %s\n%s", s, o.Verdict, o.post)
		}
	}
	closed := func(f *desk.Facts) {
		ticket := f.Tickets[5]
		ticket.Status, ticket.ClosedAt = desk.Done, corpusNow.Add(-time.Hour)
		f.Tickets[5] = ticket
	}
	for s, reopens := range map[string]bool{"Re: Касса": false, "Касса": false, "Спасибо": false,
		"Re: Спасибо, всё работает!": false,
		"Но принтер не печатает":     true, "Касса опять не работает": true, "Счёт 12 не пришёл": true,
		"Вопрос по договору": true, "Re: Касса. Ошибка 5": true} {
		o := r.judge(fromIvan+answers+"Subject: "+s+"\n"+utf8text+"Спасибо!\n", closed)
		if got := slices.ContainsFunc(o.Effects, func(e desk.Effect) bool {
			return e.Post != nil && e.Post.Reopen
		}); got != reopens || o.Verdict != desk.Commented {
			t.Errorf("thanks under %q: %s, reopens %v", s, o.Verdict, got)
		}
	}
	for _, body := range []string{"", " \n\n", "\u00a0\n", "\u200b", "-- \n"} {
		if o := r.judge(fromIvan + answers + "Subject: Касса\n" + utf8text + body); !o.shows("нет текста") &&
			!o.shows("без текста") {
			t.Errorf("%q: nothing says that there is no text\n%s", body, o.post)
		}
	}
}

// The quote is kept if cutting it would leave only a greeting, a closing, a signature or a pointer such as "see below".
func TestCutsThatLeaveNothing(t *testing.T) {
	r := newReader(t)
	const below = "\n12.03.2026 09:00, Служба поддержки <support@example.ru> пишет:\n> Какая модель?\n> Модель Атол " +
		"91Ф, номер 5512\n> Когда началось?\n> Вчера вечером\n"
	for _, above := range []string{
		"Добрый день!", "Здравствуйте, коллеги!\n\nС уважением,\nИван Петров", "См. ниже", "Ответы в письме",
		"отвечаю по пунктам", "see inline", "Выделил красным.",
		"Ответил ниже, по тексту", "Коллеги, ответы ниже.", "Hi Anna,\n\nMy answers are below.\n\nBest regards,\nIvan",
		"Комментарии внутри", "Добрый день. Ответы - под вопросами.",
		"Мои ответы синим цветом", "Ниже", "Ответы на ваши вопросы внизу письма", "in red below",
		"please see my comments inline", "ответы по тексту письма",
		"Доброго времени суток!\nВписал в письмо.", "Отвечаю на вопросы", "Ответы прямо под вопросами",
		"--\nИван Петров\n+7 900 123-45-67", "С уважением, Иван", "Отправлено с iPhone",
		"Прошу смотреть ответы ниже по письму", "Answers inline", "Replied inline.", "see below",
		"Ответы жирным шрифтом", "Ответ в теле письма", "Мой ответ по каждому вопросу ниже",
		"Thanks, see my answers below", "Приветствую, отвечаю по порядку:", "Внёс правки в текст ниже",
		"дописал в вашем письме", "Hello!\nAnswered in the text.",
		"Иван, отвечаю по порядку", "Ответы даны ниже", "Пояснил по тексту", "Прокомментировал ниже.",
		"Добрый день! Мои комментарии приведены ниже", "Replied to your questions inline",
		"I have answered each point below.", "Исправил прямо в тексте, красным",
		"Коллеги, добрый день. Правки внёс в тексте.", "Читайте ниже", "Подчеркнул в письме",
		"Ответы под каждым вопросом",
		"Петр, добрый день!\n\nсм. по тексту ниже\n\n--\nС уважением,\nИван",
	} {
		if o := r.judge(fromIvan + answers + "Subject: Re: Касса\n" + utf8text + above + "\n" +
			below); o.Verdict != desk.Commented || !o.shows("Атол 91Ф") {
			t.Errorf("%q: %s\n%s", above, o.Verdict, o.post)
		}
	}
	for _, above := range []string{"Атол 91Ф.", "Да, вчера.", "Не помогло, висит по-прежнему.",
		"Подойдёт ли другая лента?", "Номер 5512, ошибка осталась", "Исправил.", "Добавил ленту",
		"Заменили кабель, отмечено в журнале", "Иван, перезвоните"} {
		if o := r.judge(fromIvan + answers + "Subject: Re: Касса\n" + utf8text + above + "\n" +
			below); !o.shows(above) || o.shows("Какая модель") {
			t.Errorf("%q keeps the quote\n%s", above, o.post)
		}
	}
}

// A third party's letter is shown, in whatever form it is quoted.
func TestThirdPartysAreContent(t *testing.T) {
	r := newReader(t)
	for name, body := range map[string]string{
		"attribution": "Вот что пишет банк.\n\n12.03.2026 09:00, Банк <info@bank-x.example> пишет:\n> Терминал 77123 " +
			"заблокирован\n",
		"english": "FYI, the vendor says:\n\nOn Thu, Mar 12, 2026 at 9:00 AM Vendor <help@vendor.example> wrote:\n> " +
			"Terminal 77123 is blocked\n",
		"outlook": "Коллеги, ответ поставщика.\n\nОт: Поставщик <info@post.example>\nОтправлено: 12 марта 2026 г. " +
			"9:00\nКому: Ivan\nТема: Терминал\n\nТерминал 77123 заблокирован\n",
		"original": "Прошу учесть.\n\n-----Original Message-----\nFrom: Vendor [mailto:help@vendor.example]\nSent: " +
			"Thursday, March 12, 2026 9:00 AM\nTo: Ivan\nSubject: x\n\nТерминал 77123 заблокирован\n",
		"apple": "Смотрите, что они ответили.\n\n12 марта 2026 г., в 09:00, Банк <info@bank-x.example> " +
			"написал(а):\n\n> Терминал 77123 заблокирован\n",
	} {
		if o := r.judge(fromIvan + answers + "Subject: Re: Касса\n" + utf8text + body); !o.shows("77123") {
			t.Errorf("%s\n%s", name, o.post)
		}
	}
}

// An answer to a specialist is recognised by its quote, whether that was cut off or not, and gets no auto-reply.
func TestAnswersToSpecialists(t *testing.T) {
	r := newReader(t)
	for name, body := range map[string]string{
		"kept pointer": "См. ниже\n\n12.03.2026 09:00, Анна <anna@firma.example> пишет:\n> Вопрос?\n> Ответ\n",
		"only a quote": "> 12.03.2026 09:00, Анна <anna@firma.example> пишет:\n> > Вопрос?\n> Ответ\n",
		"copied header": "Готово.\n\nFrom: Anna <anna@firma.example>\nSent: Thursday, March 12, 2026 9:00 " +
			"AM\nTo: Ivan\nSubject: Re: x\n\nВопрос?\n",
		"header behind marks": "Готово.\n\n> От: Анна <anna@firma.example>\n> Отправлено: 12 марта 2026 г. 9:00\n> " +
			"Кому: Ivan\n>\n> Вопрос?\n",
		"own address": "Да\n\nчт, 12 мар. 2026 г. в 09:00, Служба поддержки <support@example.ru>:\n> Вопрос?\n",
		"english":     "ok\n\nOn Thu, 12 Mar 2026 at 09:00, Anna <anna@firma.example> wrote:\n\n> Вопрос?\n",
	} {
		if o := r.judge(fromIvan + "Subject: Re: вопрос по счёту\n" + utf8text + body); o.Verdict != desk.Task ||
			o.AutoReply || !o.hit("R8") {
			t.Errorf("%s: %s, auto-reply %v, R8 %v", name, o.Verdict, o.AutoReply, o.hit("R8"))
		}
	}
}

// A wrong charset label is overruled by the bytes.
func TestWrongCharsets(t *testing.T) {
	r := newReader(t)
	const ru = "Здравствуйте! Не печатает касса, ошибка связи с банком."
	cp1251, koi8 := coded(t, charmap.Windows1251, ru), coded(t, charmap.KOI8R, ru)
	for _, label := range []string{"gb2312", "gbk", "gb18030", "big5", "euc-kr", "ks_c_5601-1987", "shift_jis",
		"euc-jp", "utf-16", "utf-16le", "ucs-2", "utf-32", "iso-8859-1", "foo-bar", "ru", "unicode", "cp9999",
		"windows-1252", "us-ascii", "iso-8859-7", "tis-620", "\"\"", "utf-8"} {
		for bytes, body := range map[string]string{"1251": cp1251, "koi8": koi8, "utf-8": ru} {
			o := r.judge(fromIvan + "Subject: x\nContent-Type: text/plain; charset=" + label +
				"\nContent-Transfer-Encoding: 8bit\n\n" + body + "\n")
			if !o.shows(ru) {
				t.Errorf("%s under %s: %s", bytes, label, o.FullText)
			}
			o = r.judge(fromIvan + "Subject: x\nContent-Type: text/html\n\n<html><head><meta http-equiv=Content-Type " +
				"content='text/html; charset=" + strings.Trim(label, `"`) + "'></head><body>" + body +
				"</body></html>\n")
			if !o.shows(ru) {
				t.Errorf("%s in a page that says %s: %s", bytes, label, o.FullText)
			}
		}
		words := "=?" + strings.Trim(label, `"`) + "?B?" + base64.StdEncoding.EncodeToString([]byte(ru)) + "?="
		if o := r.judge(fromIvan + "Subject: " + words + "\n" + utf8text + "x\n"); label != `""` && o.Subject != ru {
			t.Errorf("encoded word of %s: %q", label, o.Subject)
		}
		file := "=?" + strings.Trim(label, `"`) + "?B?" +
			base64.StdEncoding.EncodeToString([]byte("Счёт на оплату.pdf")) + "?="
		o := r.judge(fromIvan + "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n" + utf8text +
			"x\n--b\nContent-Type: application/pdf; name=\"" + file + "\"\n\nPDF\n--b--\n")
		if label != `""` && !slices.Contains(o.files, "Счёт на оплату.pdf") {
			t.Errorf("file name of %s: %q", label, o.files)
		}
	}
	for _, s := range []string{"Grüße aus Köln", "aaäöüßad", "Señor Muñoz", "Ça va très bien", "Smörgåsbord på fredag",
		"Łódź", "Überweisung fällig", "façade", "Ångström"} {
		latin, err := charmap.ISO8859_1.NewEncoder().String(s)
		if err != nil {
			continue
		}
		if o := r.judge(fromIvan + "Subject: " + latin + "\n" + utf8text + "x\n"); o.Subject != s {
			t.Errorf("%q without a label: %q", s, o.Subject)
		}
		if o := r.judge(fromIvan + "Subject: x\nContent-Type: text/plain\n\n" + latin + "\n"); !o.shows(s) {
			t.Errorf("%q without a label, as a text: %q", s, o.FullText)
		}
	}
	for _, s := range []string{"Счёт", "Не работает касса", "заказ №17", "СРОЧНО", "Ёлка"} {
		if cp, err := charmap.Windows1251.NewEncoder().String(s); err == nil {
			if o := r.judge(fromIvan + "Subject: " + cp + "\n" + utf8text + "x\n"); o.Subject != s {
				t.Errorf("%q in windows-1251 without a label: %q", s, o.Subject)
			}
		}
	}
	for name, e := range map[string]encoding.Encoding{
		"utf-16le": unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
		"utf-16":   unicode.UTF16(unicode.BigEndian, unicode.UseBOM),
		"utf-16be": unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	} {
		o := r.judge(fromIvan + "Subject: x\nContent-Type: text/plain; charset=" + name +
			"\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte(coded(t, e, ru))) +
			"\n")
		if !o.shows(ru) {
			t.Errorf("real %s: %q", name, o.FullText)
		}
	}
}

// The text of a letter with a broken structure is shown as far as possible.
func TestBrokenStructures(t *testing.T) {
	r := newReader(t)
	const words = "Не печатает касса 7731"
	page := "<p>" + words + "</p>"
	b64 := base64.StdEncoding.EncodeToString([]byte(words +
		", прошу проверить связь с банком и прислать мастера завтра"))
	for name, body := range map[string]string{
		"type: empty":          "Content-Type:\n\n" + words,
		"type: text":           "Content-Type: text\n\n" + words,
		"type: two slashes":    "Content-Type: text/plain/utf-8\n\n" + words,
		"type: plain":          "Content-Type: plain; charset=utf-8\n\n" + words,
		"type: blank in it":    "Content-Type: text / plain; charset=utf-8\n\n" + words,
		"type: twice":          "Content-Type: text/plain; text/plain; charset=utf-8\n\n" + words,
		"type: equals":         "Content-Type=text/plain\n\n" + words,
		"type: html":           "Content-Type: html\n\n" + page,
		"type: charset alone":  "Content-Type: charset=utf-8\n\n" + words,
		"type: unclosed quote": "Content-Type: text/plain; charset=\"utf-8\n\n" + words,
		"type: no semicolon":   "Content-Type: text/plain charset=utf-8\n\n" + words,
		"type: unknown, html":  "Content-Type: foo\n\n<html><body>" + page + "</body></html>",
		"type: comment":        "Content-Type: (it is) text/plain (really); charset=utf-8\n\n" + words,
		"part: no blank line": "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; " +
			"charset=utf-8\n" + words + "\n--b--\n",
		"part: no header": "Content-Type: multipart/mixed; boundary=b\n\n--b\n" + words + "\n--b--\n",
		"part: blank line of blanks": "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; " +
			"charset=utf-8\n \t\n" + words + "\n--b--\n",
		"part: html, no blank line": "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html; " +
			"charset=utf-8\n" + page + "\n--b--\n",
		"part: text with a colon": "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; " +
			"charset=utf-8\nОшибка: " + words + "\n--b--\n",
		"boundary: other": "Content-Type: multipart/mixed; boundary=nobody\n\n--b1\nContent-Type: " +
			"text/plain; charset=utf-8\n\n" + words + "\n--b1--\n",
		"boundary: none": "Content-Type: multipart/mixed\n\n--b1\nContent-Type: text/plain; " +
			"charset=utf-8\n\n" + words + "\n--b1--\n",
		"boundary: empty": "Content-Type: multipart/alternative; boundary=\"\"\n\n--b1\nContent-Type: " +
			"text/html; charset=utf-8\n\n" + page + "\n--b1--\n",
		"boundary: single quotes": "Content-Type: multipart/mixed; boundary='b1'\n\n--b1\nContent-Type: " +
			"text/plain; charset=utf-8\n\n" + words + "\n--b1--\n",
		"boundary: quotes within": "Content-Type: multipart/mixed; boundary=\"'b1'\"\n\n--b1\nContent-Type: " +
			"text/plain; charset=utf-8\n\n" + words + "\n--b1--\n",
		"boundary: guillemets": "Content-Type: multipart/mixed; boundary=“b1”\n\n--b1\nContent-Type: " +
			"text/plain; charset=utf-8\n\n" + words + "\n--b1--\n",
		"boundary: half quoted": "Content-Type: multipart/mixed; boundary=\"b1\n\n--b1\nContent-Type: " +
			"text/plain; charset=utf-8\n\n" + words + "\n--b1--\n",
		"boundary: case": "Content-Type: multipart/mixed; boundary=AbC\n\n--abc\nContent-Type: " +
			"text/plain; charset=utf-8\n\n" + words + "\n--abc--\n",
		"boundary: hyphens declared": "Content-Type: multipart/mixed; boundary=\"--b1\"\n\n--b1\nContent-Type: " +
			"text/plain; charset=utf-8\n\n" + words + "\n--b1--\n",
		"boundary: no parts at all": "Content-Type: multipart/mixed; boundary=b1\n\n" + words + "\n",
		"boundary: blanks behind": "Content-Type: multipart/mixed; boundary=b1\n\n--b1 \t\nContent-Type: " +
			"text/plain; charset=utf-8\n\n" + words + "\n--b1-- \n",
		"boundary: never closed": "Content-Type: multipart/mixed; boundary=b1\n\n--b1\nContent-Type: " +
			"text/plain; charset=utf-8\n\n" + words,
		"boundary: of the inner only": "Content-Type: multipart/mixed; boundary=x1\n\n--x2\nContent-Type: " +
			"multipart/alternative; boundary=x3\n\n--x3\nContent-Type: text/html; charset=utf-8\n\n" + page +
			"\n--x3--\n--x2--\n",
		"multipart in plain": "Content-Type: text/plain\n\n--b1\nContent-Type: text/plain; charset=utf-8\n\n" +
			words + "\n--b1--\n",
		"no header fields of MIME": "\n--b1\nContent-Type: text/html; charset=utf-8\n\n" + page + "\n--b1--\n",
		"base64: words before": "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: " +
			"base64\n\nВнимание, внешнее письмо\n\n" + b64 + "\n",
		"base64: words behind": "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" +
			b64 + "\n_______\nmailing list\nhttps://lists.example/\n",
		"base64: rule behind": "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + b64 +
			"\n--\nПроверено антивирусом\n",
		"base64: HTML before": "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: " +
			"base64\n\n<p>External mail</p>\n" + base64.StdEncoding.EncodeToString([]byte(page+page)) + "\n",
		"base64: a letter less": "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" +
			b64[:len(b64)-7] + b64[len(b64)-6:] + "\n",
		"base64: not encoded": "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" +
			words + "\n",
		"base64: blanks": "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n" + b64[:40] +
			"  \n  " + b64[40:80] + "\n\n" + b64[80:] + "\n",
		"qp: not encoded": "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: " +
			"quoted-printable\n\n" + words + "\n",
		"header: a line that is none": "wrapped without a blank\n" + utf8text + words,
		"header: Cyrillic":            "Тема: заявка\nX-Тест\n" + utf8text + words,
		"header: mbox":                ">From ivan@example.org Thu Mar 12 10:00:00 2026\n" + utf8text + words,
	} {
		o := r.judge(fromIvan + "Subject: Заявка\n" + body)
		if !o.shows(words) || o.Subject != "Заявка" || o.From.Addr != "ivan@example.org" || o.shows("--b1") ||
			o.shows("boundary=") {
			t.Errorf("%s: %q from %s\n%s\n%q", name, o.Subject, o.From, o.post, o.files)
		}
	}
	for _, s := range []string{"Заявка на ремонт кассы 7731", "Счёт №15", "Über 5 Größen"} {
		code := base64.StdEncoding.EncodeToString([]byte(s))
		for cut := 1; cut < len(code); cut += 3 {
			for _, between := range []string{" ", "\n ", "\n\t"} {
				if o := r.judge(fromIvan + "Subject: =?utf-8?B?" + code[:cut] + "?=" + between + "=?UTF-8?b?" +
					code[cut:] + "?=\n" + utf8text + "x\n"); o.Subject != s {
					t.Errorf("%q cut at %d: %q", s, cut, o.Subject)
				}
			}
		}
	}
}

// All words of an HTML page that a mail program would show are shown.
func TestOddPages(t *testing.T) {
	r := newReader(t)
	const words = "Не печатает касса 7731"
	for _, tag := range []string{"title", "script", "style", "iframe", "textarea", "noframes", "noembed", "xmp",
		"object", "noscript"} {
		for _, page := range []string{
			"<html><head><" + tag + "/></head><body><p>" + words + "</p></body></html>",
			"<html><head><" + tag + " /></head><body><p>" + words + "</p></body></html>",
			"<" + strings.ToUpper(tag) + "/><div>" + words + "</div>",
			"<p>Добрый день</p><" + tag + " class=\"a\" /><p>" + words + "</p>",
			`<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><` + tag +
				`/></head><body>` + words + `</body></html>`,
		} {
			if o := r.judge(fromIvan + "Subject: x\n" + utf8html + page); !o.shows(words) {
				t.Errorf("%s\n%s", page, o.post)
			}
		}
	}
	for _, page := range []string{
		"<style>p{margin:0}\n<p>" + words + "</p>",
		"<html><head><style>.a{color:red}</head><body>" + words + "</body></html>",
		"<style type='text/css'><!-- p{} --><div>" + words + "</div>", "<title>Заявка<body><p>" + words,
		"<script>var a=1;<p>" + words + "</p>",
		"<noscript>" + words + "</noscript>", "<object data=a.swf><p>" + words + "</p></object>",
		"<noframes>" + words + "</noframes>",
		"<object><object>" + words + "</object></object>", "<video src=a.mp4>" + words + "</video>",
		"<svg width=1/><p>" + words + "</p>", "<audio controls>" + words + "</audio>",
		"<canvas>" + words + "</canvas>", "<!-- a -- b --><p>" + words + "</p>", "<!--><p>" + words + "</p>",
		"<!--[if mso]><p>outlook</p><![endif]--><p>" + words + "</p>",
		"<p title=\"a>b\">" + words + "</p>", "<p title='unclosed>x</p><p>" + words + "</p>",
		"<table><caption>" + words + "</caption></table>",
		"<![CDATA[" + words + "]]>", "<body style=\"display:block;visibility:visible\">" + words + "</body>",
		"<frameset><noframes><p>" + words + "</p></noframes></frameset>",
		"<template><p>" + words + "</p></template>", "<dialog open>" + words + "</dialog>",
		"<p hidden=false-ish></p>" + words,
	} {
		if o := r.judge(fromIvan + "Subject: x\n" + utf8html + page); !o.shows(words) &&
			!slices.Contains(o.files, "letter.eml") {
			t.Errorf("%s\n%s", page, o.post)
		}
	}
	for page, want := range map[string]string{
		`<base href="https://shop.example/a/"><a href="b?c=1">заказ</a>`:                                           "https://shop.example/a/b?c=1",
		`<base href='https://shop.example'><a href="/order/5">заказ</a>`:                                           "https://shop.example/order/5",
		`<base target=_blank href=https://shop.example/x/y.html><a href="../z">заказ</a>`:                          "https://shop.example/z",
		`<BASE HREF="https://shop.example/"/><A HREF="k">заказ</A>`:                                                "https://shop.example/k",
		`<head><base href="https://shop.example/q/"></head><a href="#top">x</a><a href="//cdn.example/f">файл</a>`: "https://cdn.example/f",
		`<ol start=5><li>раз<li>два</ol>`:                                                                          "6. два",
		`<ol><li>раз<li value=9>два<li>три</ol>`:                                                                   "10. три",
		`<ol start="3" type=a><li>раз<li>два</ol>`:                                                                 "d. два",
		`<ol type=I start=4><li>раз</ol>`:                                                                          "IV. раз",
		`<ol reversed><li>раз<li>два<li>три</ol>`:                                                                  "3. раз",
		`<ol><li>раз</ol><p>текст</p><ol start=2><li>два</ol>`:                                                     "2. два",
		`Цена 1 299<sup>90</sup> руб.`:                                                                             "1 299⁹⁰",
		`10<sup>6</sup> штук`:                                                                                      "10⁶",
		`1<sup>st</sup>`:                                                                                           "1",
		`CO<sub>2</sub>`:                                                                                           "CO₂",
		`5<sup><small>50</small></sup>`:                                                                            "5⁵⁰",
		`x<sub>12</sub>3`:                                                                                          "₁₂",
		`дом 12<sup>а</sup>`:                                                                                       "12",
		`4<sup style="font-size:8px">99</sup>&nbsp;€`:                                                              "4⁹⁹",
	} {
		if o := r.judge(fromIvan + "Subject: x\n" + utf8html + page); !o.shows(want) {
			t.Errorf("%s: want %q\n%s", page, want, o.post)
		}
	}
	for _, joined := range []string{"29990", "12345", "599"} {
		for _, page := range []string{`299<sup>90</sup>`, `12<sub>34</sub>5`, `5<sup>99</sup>`,
			`299<span style="vertical-align:super">90</span>`,
			`5<span style="vertical-align: super;font-size:50%">99</span>`, `5<sup><b>9</b>9</sup>`} {
			if o := r.judge(fromIvan + "Subject: x\n" + utf8html + page); o.shows(joined) {
				t.Errorf("%s joins digits: %s", page, o.post)
			}
		}
	}
}

// Of two forms of a text the one that says more is read. A text that is marked as a file is read as the text if there
// is no other.
func TestFormsOfText(t *testing.T) {
	r := newReader(t)
	alternative := func(plain, page string) string {
		return "Content-Type: multipart/alternative; boundary=b\n\n--b\n" + utf8text + plain + "\n--b\n" + utf8html +
			page + "\n--b--\n"
	}
	for name, c := range map[string]struct {
		body  string
		shows []string
	}{
		"the page says more": {alternative("Касса", "<p>Касса</p><p>не печатает 7731</p>"), []string{"7731"}},
		"the text says more": {alternative("Касса не печатает 7731", "<p>Касса</p>"), []string{"7731"}},
		"the text is a stub": {
			alternative("Ваш почтовый клиент не поддерживает HTML", "<p>7731</p>"),
			[]string{"7731"},
		},
		"the text is an English stub": {
			alternative("Your email client does not support HTML messages.", "<p>7731</p>"),
			[]string{"7731"},
		},
		"the text is blank":     {alternative(" \n\n", "<p>7731</p>"), []string{"7731"}},
		"the page is blank":     {alternative("7731 касса", "<html><body><br></body></html>"), []string{"7731 касса"}},
		"the page is a picture": {alternative("7731 касса", "<img src=cid:x>"), []string{"7731 касса"}},
		"the page comes first": {
			"Content-Type: multipart/alternative; boundary=b\n\n--b\n" + utf8html + "<p>Касса 7731</p>\n--b\n" +
				utf8text + "Касса\n--b--\n",
			[]string{"7731"},
		},
		"two pages": {
			"Content-Type: multipart/alternative; boundary=b\n\n--b\n" + utf8html + "<p>Касса</p>\n--b\n" + utf8html +
				"<p>номер 7731</p>\n--b--\n",
			[]string{"Касса", "7731"},
		},
		"ATT00001.txt": {
			"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + utf8text +
				"\n--b\nContent-Type: text/plain; charset=utf-8; name=ATT00001.txt\nContent-Disposition: attachment; " +
				"filename=ATT00001.txt\n\nКасса 7731\n--b--\n",
			[]string{"Касса 7731"},
		},
		"ATT00002.htm": {
			"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + utf8text +
				" \n--b\nContent-Type: text/html; charset=utf-8; name=ATT00002.htm\nContent-Disposition: attachment; " +
				"filename=ATT00002.htm\n\n<p>Касса 7731</p>\n--b--\n",
			[]string{"Касса 7731"},
		},
		"a file without a name": {
			"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain; " +
				"charset=utf-8\nContent-Disposition: attachment\n\nКасса 7731\n--b--\n",
			[]string{"Касса 7731"},
		},
		"the letter is a file": {
			"Content-Type: text/plain; charset=utf-8\nContent-Disposition: attachment\n\nКасса 7731\n",
			[]string{"Касса 7731"},
		},
		"inline with a name": {
			"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<br>\n--b\nContent-Type: " +
				"text/plain; charset=utf-8; name=\"ATT00003.txt\"\nContent-Disposition: inline\n\nКасса 7731\n--b--\n",
			[]string{"Касса 7731"},
		},
		"RTF alone": {
			"Content-Type: application/rtf; name=letter.rtf\n\n{\\rtf1\\ansi\\ansicpg1251 \\'ca\\'e0\\'f1\\'f1\\'e0 " +
				"7731}",
			[]string{"Касса 7731"},
		},
		"RTF, nameless": {
			"Content-Type: text/rtf\n\n{\\rtf1\\ansi \\u1050?\\u1072?\\u1089?\\u1089?\\u1072? 7731\\par}",
			[]string{"Касса 7731"},
		},
		"RTF beside a blank": {
			"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + utf8text +
				"\n--b\nContent-Type: text/rtf\nContent-Disposition: " +
				"attachment\n\n{\\rtf1\\ansi\\ansicpg1251{\\fonttbl{\\f0 Arial;}}{\\*\\generator X}\\f0 " +
				"\\'ca\\'e0\\'f1\\'f1\\'e0 7731}\n--b--\n",
			[]string{"Касса 7731"},
		},
		"RTF in an alternative": {
			"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: " +
				"text/rtf\n\n{\\rtf1\\ansi\\ansicpg1251 \\'ca\\'e0\\'f1\\'f1\\'e0 7731}\n--b--\n",
			[]string{"Касса 7731"},
		},
		"RTF, by its look": {
			"Content-Type: text/plain\n\n{\\rtf1\\ansi\\ansicpg1251\\deff0 \\'ca\\'e0\\'f1\\'f1\\'e0 7731}",
			[]string{"Касса 7731"},
		},
	} {
		o := r.judge(fromIvan + "Subject: x\n" + c.body)
		for _, want := range c.shows {
			if !o.shows(want) {
				t.Errorf("%s: no %q\n%s", name, want, o.post)
			}
		}
	}
	for _, form := range []string{"text/x-amp-html", "text/watch-html", "TEXT/X-AMP-HTML",
		"text/x-amp-html; charset=utf-8; name=amp.html", "text/x-amp-html; charset=\"utf-8\""} {
		o := r.judge(fromIvan + "Subject: x\nContent-Type: multipart/alternative; boundary=b\n\n--b\n" + utf8text +
			"Касса\n--b\nContent-Type: " + form + "\n\n<html amp4email><body>Касса</body></html>\n--b\n" + utf8html +
			"<p>Касса</p>\n--b--\n")
		if len(o.files) > 0 || !o.shows("Касса") || o.shows("amp4email") {
			t.Errorf("%s: files %q\n%s", form, o.files, o.post)
		}
	}
}

// If a file has two names, the more meaningful one is used.
func TestFileNames(t *testing.T) {
	r := newReader(t)
	for header, want := range map[string]string{
		"Content-Type: application/pdf; name=\"Счёт 5.pdf\"\nContent-Disposition: attachment; filename=\"????.pdf\"": "Счёт 5.pdf",
		"Content-Type: application/pdf; name=\"???? 5.pdf\"\nContent-Disposition: attachment; " +
			"filename*=utf-8''%D0%A1%D1%87%D1%91%D1%82.pdf": "Счёт.pdf",
		"Content-Type: application/pdf; name=\"scan.pdf\"\nContent-Disposition: attachment; filename=scan":          "scan.pdf",
		"Content-Type: application/pdf; name=scan\nContent-Disposition: attachment; filename=\"Скан договора.pdf\"": "Скан договора.pdf",
		"Content-Type: application/pdf\nContent-Disposition: attachment; filename=dogovor":                          "dogovor.pdf",
		"Content-Type: image/jpeg; name=IMG_1\nContent-Disposition: attachment":                                     "IMG_1.jpg",
		"Content-Type: application/vnd.openxmlformats-officedocument.spreadsheetml.sheet; " +
			"name=\"Прайс\"\nContent-Disposition: attachment": "Прайс.xlsx",
		"Content-Type: application/vnd.openxmlformats-officedocument.wordprocessingml.document\nContent-Disposition: " +
			"attachment; filename=\"Акт сверки\"": "Акт сверки.docx",
		"Content-Type: application/zip\nContent-Disposition: attachment; filename=arhiv":                         "arhiv.zip",
		"Content-Type: application/pdf; name=\"???.pdf\"\nContent-Disposition: attachment; filename=\"???.pdf\"": "part-2.pdf",
		"Content-Type: application/pdf; name=\"??????? ???.pdf\"\nContent-Disposition: attachment":               "part-2.pdf",
		"Content-Type: image/png; name=\"\ufffd\ufffd.png\"\nContent-Disposition: attachment":                    "part-2.png",
		"Content-Type: application/octet-stream; name=\"____.xls\"\nContent-Disposition: attachment; " +
			"filename=\"Отчёт.xls\"": "Отчёт.xls",
		"Content-Type: application/pdf; name=\"=?utf-8?B?0KHRh9GR0YI=?=.pdf\"\nContent-Disposition: attachment":        "Счёт.pdf",
		"Content-Type: application/pdf\nContent-Disposition: attachment; filename=\"C:\\\\Users\\\\Иван\\\\Счёт.pdf\"": "Счёт.pdf",
		"Content-Type: application/pdf; name*=windows-1251''%D1%F7%B8%F2.pdf\nContent-Disposition: attachment":         "Счёт.pdf",
		"Content-Type: application/pdf\nContent-Disposition: attachment; filename*0*=utf-8''%D0%A1%D1%87; " +
			"filename*1*=%D1%91%D1%82; filename*2=\".pdf\"": "Счёт.pdf",
		"Content-Type: message/rfc822\nContent-Disposition: attachment; filename=\"Пересылка\"":            "Пересылка.eml",
		"Content-Type: application/octet-stream\nContent-Disposition: attachment; filename=\"отчёт v2.1\"": "отчёт v2.1",
	} {
		o := r.judge(fromIvan + "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n" + utf8text +
			"Касса\n--b\n" + header + "\n\nPDF\n--b--\n")
		if !slices.Contains(o.files, want) {
			t.Errorf("%s:\n%q, want %q", header, o.files, want)
		}
	}
}

// Answers that calendars send say what happened with the event.
func TestPressedButtons(t *testing.T) {
	r := newReader(t)
	event := func(method, lines string) string {
		return "Content-Type: text/calendar; charset=utf-8; method=" + method + "\n\nBEGIN:VCALENDAR\nMETHOD:" +
			method + "\nBEGIN:VEVENT\nUID:1\n" + lines +
			"\nDTSTART;TZID=Russian Standard " +
			"Time:20260316T100000\nBEGIN:VALARM\nDESCRIPTION:REMINDER\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n"
	}
	for _, c := range []struct {
		body, want string
		reply      bool
	}{
		{
			event("REPLY", "SUMMARY:Монтаж\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ivan@example.org\nCOMMENT:Опоздаю"),
			"принято",
			false,
		},
		{
			event("REPLY", "SUMMARY:Монтаж\nATTENDEE;CN=Ivan;PARTSTAT=DECLINED:mailto:ivan@example.org\nCOMMENT:Я в "+
				"отпуске"),
			"отклонено",
			false,
		},
		{
			event("REPLY", "SUMMARY:Монтаж\nATTENDEE;PARTSTAT=TENTATIVE;X-A=b:mailto:ivan@example.org"),
			"под вопросом",
			false,
		},
		{event("CANCEL", "SUMMARY:Монтаж\nSTATUS:CANCELLED"), "отменена", false},
		{event("REQUEST", "SUMMARY:Монтаж\nSTATUS:CANCELLED"), "отменена", false},
		{event("COUNTER", "SUMMARY:Монтаж\nCOMMENT:Лучше в среду"), "другое время", false},
		{event("DECLINECOUNTER", "SUMMARY:Монтаж"), "отклонено", false},
		{event("reply", "SUMMARY:Монтаж\nATTENDEE;partstat=accepted:MAILTO:ivan@example.org"), "принято", false},
		{event("REQUEST", "SUMMARY:Монтаж\nDESCRIPTION:Взять ключи 7731"), "7731", true},
		{event("PUBLISH", "SUMMARY:Монтаж\nLOCATION:Офис 7731"), "7731", true},
	} {
		o := r.judge(fromIvan + "Subject: Монтаж\n" + c.body)
		if !o.shows(c.want) || !o.shows("16.03.2026 10:00") || o.shows("REMINDER") || o.AutoReply != c.reply {
			t.Errorf("%s\nauto-reply %v\n%s", c.body, o.AutoReply, o.post)
		}
		if i := strings.Index(c.body, "COMMENT:"); i > 0 {
			comment, _, _ := strings.Cut(c.body[i+len("COMMENT:"):], "\n")
			if !o.shows(comment) {
				t.Errorf("%q is not shown\n%s", comment, o.post)
			}
		}
	}
}

// Letters by a form that sends from our own address, and letters with a malformed sender.
func TestSendersInTheirForms(t *testing.T) {
	r := newReader(t)
	head := func(fields string) string {
		return "To: support@example.ru\nMessage-ID: <new@example.org>\nSubject: Заявка\nDate: Thu, 12 Mar 2026 " +
			"10:00:00 +0300\n" + fields + utf8text + "Касса стоит\n"
	}
	for _, fields := range []string{
		"From: Сайт <support@example.ru>\nReply-To: maria@zavod.example\n",
		"From: support@example.ru\nReply-To: Мария <maria@zavod.example>\nX-Mailer: WordPress\n",
		"From: \"Мария via Поддержка\" <support@example.ru>\nReply-To: maria@zavod.example\nList-Id: <x.example.ru>\n",
		"From: \"'Мария' через Поддержка\" <support@example.ru>\nX-Original-From: Мария <maria@zavod.example>\n",
		"From: wp@host.example\nSender: support@example.ru\nReply-To: <maria@zavod.example>\n",
		"From: SUPPORT@EXAMPLE.RU\nReply-To: support@example.ru, maria@zavod.example\n",
	} {
		if o := r.judge(head(fields)); o.Verdict != desk.Task || o.AutoReply || o.Ticket == nil ||
			o.Ticket.Requester.Addr != "maria@zavod.example" || !o.hit("via") {
			t.Errorf("%s%s, via %v, of %+v", fields, o.Verdict, o.hit("via"), o.Ticket)
		}
	}
	for _, fields := range []string{
		"From: support@example.ru\n", "From: support@example.ru\nReply-To: support@example.ru\n",
		"From: support@example.ru\nReply-To: a@x.example, b@y.example\n",
	} {
		if o := r.judge(head(fields)); o.Verdict != desk.Ignored {
			t.Errorf("%s%s", fields, o.Verdict)
		}
	}
	for from, want := range map[string]string{
		"<Ivan <ivan@x.example>>": "ivan@x.example", "Ivan <<ivan@x.example>>": "ivan@x.example",
		"\"Ivan\" ivan@x.example": "ivan@x.example",
		"Ivan (ivan@x.example)":   "ivan@x.example", "Ivan [mailto:ivan@x.example]": "ivan@x.example",
		"ivan@x.example <ivan@x.example>": "ivan@x.example",
		"Ivan, Petrov <ivan@x.example>":   "ivan@x.example", "Ivan <ivan@x.example": "ivan@x.example",
		"Ivan ivan@x.example>":    "ivan@x.example",
		"<mailto:ivan@x.example>": "ivan@x.example", "Иван Петров <ivan@x.example>;": "ivan@x.example",
		"\"Ivan <ivan@x.example>":   "ivan@x.example",
		"Ivan < ivan @ x.example >": "ivan@x.example", "'Ivan' <'ivan@x.example'>": "ivan@x.example",
		"Ivan <ivan@x.example.>":           "ivan@x.example",
		"ООО \"Ромашка\" <ivan@x.example>": "ivan@x.example", "Ivan: ivan@x.example": "ivan@x.example",
		"=?utf-8?B?0JjQstCw0L0gPGl2YW5AeC5leGFtcGxlPg==?=": "ivan@x.example",
	} {
		if o := r.judge(head("From: " + from + "\n")); o.From.Key() != want || !o.AutoReply {
			t.Errorf("%s: %+v, auto-reply %v", from, o.From, o.AutoReply)
		}
	}
	for _, from := range []string{"Ivan", "a@x.example b@y.example", "ivan@@x.example", "@x.example", "ivan@", "<>",
		"ivan@x..example", "ivan at x.example"} {
		if o := r.judge(head("From: " + from + "\n")); o.AutoReply || o.Verdict != desk.Task {
			t.Errorf("%s: %s, auto-reply to %+v", from, o.Verdict, o.From)
		}
	}
}

// Subjects with gateways' tags, reply prefixes and out-of-office phrases, in their various forms.
func TestSubjectsThatTell(t *testing.T) {
	r := newReader(t)
	for _, s := range []string{
		"Автоответ: Касса", "[EXT] Автоответ: отпуск", "***SPAM*** Out of Office",
		"[ext] Re: Автоматический ответ: Касса", "{Внешнее} Вне офиса до 15.03", "Automatic reply: Касса",
		"[External] Re: Out of the office",
		"Я в отпуске с 1 по 15 марта", "Нахожусь в отпуске до 20.03.2026", "Abwesenheitsnotiz: Касса",
		"Réponse automatique : Касса", "Respuesta automática: Касса", "Risposta automatica: x",
		"Automatisch antwoord: x", "Autosvar: x", "Frånvaro: x", "Auto: x",
		"[SPAM] Autoreply: x", "{External} Fwd: Out of Office Re: x", "[EXTERNAL] [SPAM] Автоответ",
		"(Out of office) Касса", "СПАМ: Abwesenheitsnotiz", "Отсутствую на рабочем месте до понедельника",
		"EXTERNAL: Automatic reply: Касса", "自动回复: x", "Odpowiedź automatyczna: x",
		"Automaattinen vastaus: x", "Out of Office: until 15 March", "Вне офиса", "Автоматична відповідь: x",
		"[Автоответ] Касса", "Autoreply (vacation): x",
	} {
		if o := r.judge(fromIvan + "Subject: " + s + "\n" + utf8text + "Меня нет\n"); o.AutoReply ||
			!o.hit("ooo-subject") {
			t.Errorf("%q: auto-reply %v, class %s", s, o.AutoReply, o.Class)
		}
	}
	for _, s := range []string{
		"Auto insurance claim", "Автоответчик не пишет сообщения", "Вопрос: автоответ не уходит",
		"Не приходит Out of Office", "Вне офиса не работает VPN", "Autoreply rules in Outlook",
		"Re: настройка автоответа", "Я в отпуске не могу войти в систему",
		"Автоматический ответ касса не формирует", "[Срочно] Касса", "[Заявка 15] Касса", "Отпуск сотрудника",
		"On vacation rental booking", "SPAM фильтр режет письма", "External drive is broken",
		"Re: Автоматический ответ: Касса", "EXTERNAL: Касса",
	} {
		if o := r.judge(fromIvan + "Subject: " + s + "\n" + utf8text + "Помогите\n"); !o.AutoReply ||
			o.hit("ooo-subject") {
			t.Errorf("%q: auto-reply %v, class %s", s, o.AutoReply, o.Class)
		}
	}
	for _, s := range []string{
		"Re: Касса не печатает", "RE: FW: Касса не печатает", "Ответ: Касса не печатает", "Отв: Касса не печатает",
		"Отв.: Касса не печатает", "Пересл.: Касса не печатает", "ПЕР: Касса не печатает", "HA: Касса не печатает",
		"На: Касса не печатает",
		"AW: Касса не печатает", "SV: Касса не печатает", "R: Касса не печатает", "Re[3]: Касса не печатает",
		"Re(2): Касса не печатает", "Re : Касса не печатает", "RE:RE:RE: Касса не печатает",
		"[EXT] Re: Касса не печатает", "Re: [EXT] Касса не печатает",
		"***SPAM*** Касса не печатает", "{Внешнее} Касса не печатает", "Відп: Касса не печатает",
		"Antw: Касса не печатает", "RIF: Касса не печатает", "Odp: Касса не печатает", "VS: Касса не печатает",
		"回复：Касса не печатает", "Fwd: Re: Fwd: Касса  не   печатает",
		"Re: ВНЕШНЕЕ: Касса не печатает", "[SPAM] [External] Re: Касса не печатает", "YNT: Касса не печатает",
		"Re^2: Касса не печатает",
	} {
		if got := r.rules.NormalSubject(s); got != "касса не печатает" {
			t.Errorf("%q: %q", s, got)
		}
	}
}

// Reports of mail systems on DMARC and TLS get no auto-reply; letters about such reports do.
func TestReportsOfMailSystems(t *testing.T) {
	r := newReader(t)
	for _, head := range []string{
		"From: noreply-dmarc-support@google.com\nSubject: Report domain: example.ru Submitter: google.com Report-ID: " +
			"123\n",
		"From: DMARC Aggregate Report <dmarcreport@microsoft.com>\nSubject: [Preview] Report Domain: example.ru " +
			"Submitter: protection.outlook.com Report-ID: ab\n",
		"From: dmarc@corp.mail.ru\nSubject: Report Domain: example.ru; Submitter: Mail.Ru; Report-ID: 1\n",
		"From: noreply-smtp-tls-reporting@google.com\nSubject: Report Domain: example.ru Submitter: google.com " +
			"Report-ID: <2026@x>\nTLS-Report-Domain: example.ru\n",
		"From: postmaster@yandex.ru\nSubject: DMARC aggregate report for example.ru\n",
		"From: reports@tls.example\nSubject: TLS report\nTLS-Report-Submitter: x\n",
	} {
		if o := r.judge(head + "To: support@example.ru\nMessage-ID: <n@x.example>\n" + utf8text +
			"report\n"); o.AutoReply {
			t.Errorf("%s is answered, class %s", head, o.Class)
		}
	}
	for _, s := range []string{"DMARC: вопрос по отчёту", "Отчёт DMARC не приходит", "Report domain transfer",
		"TLS на сервере", "Domain report please"} {
		if o := r.judge(fromIvan + "Subject: " + s + "\n" + utf8text + "Помогите\n"); !o.AutoReply {
			t.Errorf("%q is not answered, class %s", s, o.Class)
		}
	}
}

// A bounce adds one file to the task, and an ordinary reply adds none. The post says what it leaves out.
func TestNoiseOnTheTask(t *testing.T) {
	r := newReader(t)
	own := corpusSigner.MessageID(desk.DeriveKey("answer", "1"), "example.ru")
	known := func(f *desk.Facts) {
		f.Known[own] = desk.Link{Ticket: 5, Origin: desk.FromUs}
		ticket := f.Tickets[5]
		ticket.Sent = "Какая модель кассы? Служба поддержки"
		f.Tickets[5] = ticket
	}
	for name, extra := range map[string]string{
		"with the message": "--b\nContent-Type: message/rfc822\n\nMessage-ID: <" + own +
			">\nSubject: Касса\n\nтекст\n",
		"with its header": "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <" + own + ">\n",
		"with the message as a file": "--b\nContent-Type: message/rfc822; name=orig.eml\nContent-Disposition: " +
			"attachment\n\nMessage-ID: <" + own + ">\n\nтекст\n",
		"with two": "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <" + own +
			">\n--b\nContent-Type: text/html\n\n<p>x</p>\n",
		"with a picture": "--b\nContent-Type: message/rfc822\n\nMessage-ID: <" + own +
			">\n\nx\n--b\nContent-Type: image/png; name=logo.png\n\nPNG\n",
	} {
		o := r.judge("From: MAILER-DAEMON@mx.example\nTo: support@example.ru\nMessage-ID: <b@mx.example>\nSubject: "+
			"Undelivered Mail\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"+
			"--b\nContent-Type: text/plain\n\nI'm sorry\n--b\nContent-Type: "+
			"message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; "+
			"ivan@example.org\nAction: failed\nStatus: 5.1.1\n"+extra+"--b--\n", known)
		if o.Verdict != desk.Commented || len(o.files) != 1 || !o.shows("ivan@example.org") {
			t.Errorf("%s: %s, files %q\n%s", name, o.Verdict, o.files, o.post)
		}
	}
	const quoteOfOurs = "\n\n12.03.2026 09:00, Служба поддержки <support@example.ru> пишет:\n> Какая модель " +
		"кассы?\n> Служба поддержки\n"
	for body, told := range map[string]string{
		"Атол 91Ф" + quoteOfOurs: "", "Атол 91Ф\n": "",
		"Атол 91Ф" + quoteOfOurs +
			"> А это написал клиент 7731\n": "Цитата",
		"Атол 91Ф\n\n-- \nИван Петров, ООО Ромашка\n": "подпись",
		"Атол 91Ф\n\n12.03.2026 09:00, Служба поддержки <support@example.ru> пишет:\n> Какая модель кассы?\n>> Не " +
			"работает терминал\n": "Цитата",
	} {
		o := r.judge(fromIvan+"In-Reply-To: <"+own+">\nSubject: Re: Касса\n"+utf8text+body, known)
		if told == "" && (len(o.files) > 0 || o.shows("не показан")) ||
			told != "" && (!o.shows(told) || len(o.files) != 1) {
			t.Errorf("%q: files %q\n%s", body, o.files, o.post)
		}
	}
	for _, page := range []string{`<p>Смотрите</p><img src="cid:img1@x">`, `<img src='CID:img1@x' alt="">Смотрите`,
		`Смотрите<img alt="image001.png" src=cid:img1@x>`, `<div>Смотрите <IMG SRC="cid:img1%40x"></div>`,
		`Смотрите<img src="cid:img1@x" width=5 height=5>`} {
		o := r.judge(fromIvan + "Subject: x\nContent-Type: multipart/related; boundary=b\n\n--b\n" + utf8html + page +
			"\n--b\nContent-Type: image/png; name=\"экран.png\"\nContent-ID: <img1@x>\nContent-Disposition: inline; " +
			"filename=\"экран.png\"\n\nPNG\n--b--\n")
		if o.shows("img1") || !slices.Contains(o.files, "экран.png") || !o.shows("экран.png") {
			t.Errorf("%s: files %q\n%s", page, o.files, o.post)
		}
	}
}

// quotedPages are the forms in which mail programs quote in HTML. WHO, ADDR, ABOVE and BELOW stand for the quoted
// writer, their address, the new text and the quoted text.
var quotedPages = map[string]string{
	"gmail":       `<div dir="ltr">ABOVE</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">чт, 12 мар. 2026 г. в 09:00, WHO &lt;<a href="mailto:ADDR">ADDR</a>&gt;:<br></div><blockquote class="gmail_quote">BELOW</blockquote></div>`,
	"outlook":     `<div class=WordSection1><p class=MsoNormal>ABOVE</p><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal><b>From:</b> WHO &lt;ADDR&gt; <br><b>Sent:</b> Thursday, March 12, 2026 9:00 AM<br><b>To:</b> Ivan<br><b>Subject:</b> x</p></div><p class=MsoNormal>BELOW</p></div>`,
	"outlook web": `<div>ABOVE</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg" dir="ltr"><b>От:</b> WHO &lt;ADDR&gt;<br><b>Отправлено:</b> 12 марта 2026 г. 9:00<br><b>Кому:</b> Ivan<br><b>Тема:</b> x</div><div>BELOW</div>`,
	"yandex":      `<div>ABOVE</div><div><br></div><div>12.03.2026, 09:00, "WHO" &lt;ADDR&gt;:</div><blockquote>BELOW</blockquote>`,
	"thunderbird": `<p>ABOVE</p><div class="moz-cite-prefix">12.03.2026 09:00, WHO &lt;ADDR&gt; пишет:<br></div><blockquote type="cite" cite="mid:x">BELOW</blockquote>`,
	"apple":       `ABOVE<br><div><br><blockquote type="cite"><div>12 марта 2026 г., в 09:00, WHO &lt;ADDR&gt; написал(а):</div><br><div>BELOW</div></blockquote></div>`,
	"mail.ru":     `<div>ABOVE</div><div>Четверг, 12 марта 2026, 9:00 +03:00 от WHO &lt;<a href="mailto:ADDR">ADDR</a>&gt;:<br><blockquote style="border-left:1px solid #0857A6; margin:10px;"><div>BELOW</div></blockquote></div>`,
}

// HTML pages are judged like plain texts, in whatever form they quote.
func TestQuotesOfPages(t *testing.T) {
	r := newReader(t)
	page := func(form, above, who, addr, below string) string {
		return strings.NewReplacer("ABOVE", above, "WHO", who, "ADDR", addr, "BELOW", below).Replace(quotedPages[form])
	}
	for form := range quotedPages {
		const inside = `<p>Какая модель?</p><p style="color:red">Атол 91Ф 7731</p><p>Когда?</p><p style="color:red">Вчера</p>`
		for _, above := range []string{"Добрый день!", "Ответы ниже, выделил красным", "См. ниже",
			"Здравствуйте!<br>Ответил в тексте.<br><br>С уважением,<br>Иван Петров", "Hi,<br>answers inline, in red",
			""} {
			o := r.judge(fromIvan + answers + "Subject: Re: Касса\n" + utf8html +
				page(form, above, "Служба поддержки", "support@example.ru", inside))
			if o.Verdict != desk.Commented || !o.shows("Атол 91Ф 7731") {
				t.Errorf("%s, %q: %s\n%s", form, above, o.Verdict, o.post)
			}
		}
		for _, above := range []string{"Атол 91Ф.", "Да, вчера вечером", "Проверил - всё равно не печатает"} {
			o := r.judge(fromIvan + answers + "Subject: Re: Касса\n" + utf8html +
				page(form, above, "Служба поддержки", "support@example.ru", "<p>Какая модель?</p>"))
			if !o.shows(above) || o.shows("Какая модель") {
				t.Errorf("%s, %q keeps the quote\n%s", form, above, o.post)
			}
		}
		o := r.judge(fromIvan + answers + "Subject: Re: Касса\n" + utf8html +
			page(form, "Вот что пишет банк", "Банк", "info@bank-x.example", "<p>Терминал 77123 заблокирован</p>"))
		if !o.shows("77123") {
			t.Errorf("%s: a third party's letter is cut\n%s", form, o.post)
		}
		for _, above := range []string{"Готово", "", "<img src=cid:photo@x>", "См. ниже"} {
			o := r.judge(fromIvan + "Subject: Re: вопрос\n" + utf8html +
				page(form, above, "Анна", "anna@firma.example", "<p>Пришлите фото</p>"))
			if o.AutoReply || !o.hit("R8") {
				t.Errorf("%s, %q: an answer to a specialist has auto-reply %v, R8 %v", form, above, o.AutoReply,
					o.hit("R8"))
			}
		}
	}
}

// A title that had to be cut is shown in full in the description. A long subject is shown in full in a comment.
func TestLongSubjects(t *testing.T) {
	r := newReader(t)
	for _, one := range []string{"касса ", "Слово-", "x y z ", "[тег] ", "№12, "} {
		s := "Начало " + strings.Repeat(one, 300/len([]rune(one))+5) + "конец7731"
		o := r.judge(fromIvan + "Subject: " + s + "\n" + utf8text + "Прошу помочь.\n")
		if o.Verdict != desk.Task || !o.shows("конец7731") {
			t.Errorf("%.40q: the end is nowhere\n%s", s, o.post)
		}
		if o := r.judge(fromIvan + answers + "Subject: " + s + "\n" + utf8text +
			"Прошу помочь.\n"); o.Verdict != desk.Commented || !o.shows("конец7731") {
			t.Errorf("%.40q: the end is not in the comment\n%s", s, o.post)
		}
	}
}
