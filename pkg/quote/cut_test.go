package quote

import (
	"strings"
	"testing"

	"helpdesk/pkg/tags"
)

// quoteForms are the ways in which programs introduce a quote below an answer.
var quoteForms = []struct{ name, quote string }{
	{"Gmail", "вт, 12 мар. 2024 г. в 10:00, Иван Петров <ivan@example.ru>:\n\n> Добрый день\n> Не работает\n"},
	{
		"Gmail wrapped in the address",
		"вт, 12 мар. 2024 г. в 10:00, Служба поддержки компании <\nsupport@example.ru>:\n\n> Добрый день\n",
	},
	{"Gmail, older", "12 марта 2024 г., 10:00 пользователь Иван Петров <ivan@example.ru>\nнаписал:\n\n> Добрый день\n"},
	{"Gmail English", "On Tue, 12 Mar 2024 at 10:00, Ivan Petrov <ivan@example.ru> wrote:\n\n> Hello\n"},
	{"Yandex date first", "12.03.2024, 10:00, \"Иван Петров\" <ivan@example.ru>:\n> Добрый день\n"},
	{"Yandex time first", "10:00, 12 марта 2024 г., Иван Петров <ivan@example.ru>:\nДобрый день\nНе работает\n"},
	{"Yandex without quote marks", "12.03.2024, 10:00, \"Иван Петров\" <ivan@example.ru>:\nДобрый день\n"},
	{"Mail.ru", "Вторник, 12 марта 2024, 10:00 +03:00 от Иван Петров <ivan@example.ru>:\n \nДобрый день\n"},
	{"Mail.ru quoted", ">Вторник, 12 марта 2024, 10:00 +03:00 от Иван Петров <ivan@example.ru>:\n> \n>Добрый день\n"},
	{"Thunderbird", "12.03.2024 10:00, Иван Петров пишет:\n> Добрый день\n"},
	{"Thunderbird English", "On 12.03.2024 10:00, Иван Петров wrote:\n> Добрый день\n"},
	{"Apple Mail", "> 12 марта 2024 г., в 10:00, Иван Петров <ivan@example.ru> написал(а):\n> \n> Добрый день\n"},
	{"iPhone", "12 марта 2024 г., в 10:00, Иван Петров <ivan@example.ru> написал(а):\n\n> Добрый день\n"},
	{
		"iPhone, no-break spaces",
		"12 марта 2024\u00a0г., в\u00a010:00, Иван Петров <ivan@example.ru> написал(а):\n\n> Добрый день\n",
	},
	{"The Bat! above", "Вы писали 12 марта 2024 г., 10:00:00:\n\n> Добрый день\n"},
	{
		"Outlook",
		"От: Иван Петров <ivan@example.ru>\nОтправлено: 12 марта 2024 г. 10:00\nКому: support@example.ru\nТема: " +
			"Принтер\n\nДобрый день\n",
	},
	{
		"Outlook with a line",
		"________________________________\nОт: Иван Петров\nОтправлено: вторник, 12 марта 2024 г. 10:00:00\nКому: " +
			"support\nТема: Принтер\n\nДобрый день\n",
	},
	{
		"Outlook English",
		"From: Ivan Petrov [mailto:ivan@example.ru]\nSent: Tuesday, March 12, 2024 10:00 AM\nTo: support\nSubject: " +
			"Printer\n\nHello\n",
	},
	{"Outlook bold", "*От:* Иван Петров\n*Дата:* 12.03.2024 10:00\n*Кому:* support\n*Тема:* Принтер\n\nДобрый день\n"},
	{
		"Samsung",
		"-------- Исходное сообщение --------\nОт: Иван Петров <ivan@example.ru>\nДата: 12.03.2024 10:00 " +
			"(GMT+03:00)\nКому: support@example.ru\nТема: Принтер\n\nДобрый день\n",
	},
	{
		"Outlook Express",
		"----- Original Message ----- \nFrom: \"Ivan\" <ivan@example.ru>\nTo: <support@example.ru>\nSent: Tuesday, " +
			"March 12, 2024 10:00 AM\n\nHello\n",
	},
	{"Lotus", "-----Исходное сообщение-----\nДобрый день\n"},
	{
		"iPhone signature and quote",
		"Отправлено с iPhone\n\n> 12 марта 2024 г., в 10:00, Иван <ivan@example.ru> написал(а):\n> \n> Добрый день\n",
	},
	{
		"Mail.ru app",
		"--\nОтправлено из Почты Mail\n\nвторник, 12 марта 2024 г., 10:00 +0300 от ivan@example.ru:\nДобрый день\n",
	},
	{"Samsung signature", "Отправлено с моего Galaxy\n\n-------- Исходное сообщение --------\nДобрый день\n"},
	{
		"Outlook for Android",
		"Получить Outlook для Android<https://aka.ms/ghei36>\n________________________________\nFrom: Ivan\nSent: " +
			"Tuesday, March 12, 2024 10:00:00 AM\nTo: support\nSubject: Printer\n\nHello\n",
	},
	{
		"Yandex with its three lines",
		"----------------\nКому: Пётр (p@x.example);\nТема: Принтер;\n12.03.2024, 10:00, \"Иван Петров\" " +
			"<ivan@example.ru>:\n> Добрый день\n",
	},
	{"Mail.ru, new", "Четверг, 12 марта 2026 в 10:00, Иван Петров <ivan@example.ru>:\nДобрый день\n"},
	{"VK WorkSpace", "12 марта 2026, 10:00 +03:00 от Иван Петров <ivan@example.ru>:\nДобрый день\n"},
	{"Thunderbird, Latin letter", "12.03.2024 10:00, Иван Петров пишет(a):\n> Добрый день\n"},
	{"Roundcube", "Иван Петров писал 2026-03-12 10:00:\n> Добрый день\n"},
	{"Roundcube, any sex", "ivan@example.ru писал(а) 2026-03-12 10:00:\nДобрый день\n"},
	{"Xiaomi", "Иван Петров <ivan@example.ru> 12 мар. 2026 г., 10:00 написал:\nДобрый день\n"},
	{"Horde", "Цитирование Иван Петров <ivan@example.ru>:\nДобрый день\n"},
	{"Opera", "Иван Петров <ivan@example.ru> писал(а) в своём письме Thu, 12 Mar 2026 10:00:00 +0300:\nДобрый день\n"},
	{"Lotus, attribution", "Иван Петров/MSK/Romashka wrote on 12.03.2026 10:00:00:\nДобрый день\n"},
	{"The Bat!, date first", "Четверг, 12 марта 2026 г., 10:00:43, Вы писали:\n\n> Добрый день\n"},
	{"The Bat! English", "Thursday, March 12, 2026, 10:00:43 AM, you wrote:\n\n> Добрый день\n"},
	{"Kontact", "В письме от 12 марта 2024 10:00:00 пользователь Иван Петров написал:\n> Добрый день\n"},
	{"1C", "Иван Петров <ivan@example.ru> писал(а) 12.03.2024 10:00:\n> Добрый день\n"},
	{"signature", "-- \nС уважением,\nИван Петров\n8 800 555-35-35\n"},
	{"bare quote", "> Добрый день\n> Не работает\n"},
	{"initials", "ИП> Добрый день\nИП> Не работает\n"},
}

func TestCutAbove(t *testing.T) {
	c := cutter(t)
	const answer = "Спасибо, принтер заработал.\n\nНо сканер ещё нет: выдаёт ошибку 12."
	for _, f := range quoteForms {
		kept, quoted := c.Cut(answer + "\n\n" + f.quote)
		if kept != answer {
			t.Errorf("%s: kept\n%s", f.name, kept)
		}
		if strings.Join(strings.Fields(quoted), " ") != strings.Join(strings.Fields(f.quote), " ") {
			t.Errorf("%s: quoted\n%s", f.name, quoted)
		}
	}
}

// If a letter contains only a quote, the quote is its content.
func TestCutNeverLoses(t *testing.T) {
	c := cutter(t)
	for _, f := range quoteForms {
		kept, _ := c.Cut(f.quote)
		if !hasWords(kept) {
			t.Errorf("%s: nothing left", f.name)
		}
	}
	for _, text := range []string{
		"Добрый день!\n\nТема: принтер\nНе печатает.",
		"Прошу сделать:\n1. Одно\n2. Другое\n\n---\n\nА также много строк ниже черты,\nкоторые нужны,\nи не подпись " +
			"вовсе,\nпотому что их\nдовольно много.",
		"В 10:00 мне позвонили и сказали:\nприезжайте.",
		"Написал вам вчера:\nпринтер не работает.",
		"12.03.2024 в 10:00 пропал интернет.\nСейчас его нет.",
		"Добрый день.\n12.03.2024 10:00 начались проблемы, а именно:\n1. Принтер\n2. Сканер",
		"Добрый день.\n10:00, 12 марта 2024 г., вот что было:\nпропал интернет",
		"Ошибка такая:\n\n2024-03-12 10:00:00 ERROR connection refused\n2024-03-12 10:00:01 ERROR connection refused",
		"Добрый день!\n\n-------- Пересылаемое сообщение --------\n12.03.2024, 10:00, \"Иван\" <a@b.ru>:\n\nНе " +
			"работает\n\n-------- Конец пересылаемого сообщения --------",
		"Посмотрите, пожалуйста\n\nBegin forwarded message:\n\nFrom: Ivan <a@b.ru>\nSubject: x\nDate: 12 March " +
			"2024\nTo: support@b.ru\n\nНе работает",
		"Посмотрите\n\n---------- Forwarded message ---------\nОт: Иван <a@b.ru>\nDate: вт, 12 мар. 2024 г. в " +
			"10:00\nSubject: x\nTo: <support@b.ru>\n\nНе работает",
		"Начало переадресованного сообщения:\n\nОт: Иван\nТема: x\nДата: 12 марта\nКому: мне\n\nНе работает",
		"Здравствуйте, Иван.\n\nВы писали 12 марта 2024 г., 10:00:00:\n\nНе работает принтер\n\nУже работает.",
		"Вот код:\n\n```\n> это не цитата\n--\nи это не подпись\n```",
		"От: Иван\nТелефон: 123\nТема: заявка с сайта\nСообщение: перезвоните",
		"> Почему не работает?\nПотому что выключен.\n\n> А когда включат?\nЗавтра.",
	} {
		if kept, quoted := c.Cut(text); kept != text || quoted != "" {
			t.Errorf("cut %q off\n%s", quoted, text)
		}
	}
}

func TestCutBelow(t *testing.T) {
	c := cutter(t)
	for _, tt := range []struct{ name, text, kept string }{
		{
			"The Bat!",
			"Здравствуйте, Иван.\n\nВы писали 12 марта 2024 г., 10:00:00:\n\n> Не работает принтер\n\nУже " +
				"работает.\n\n-- \nС уважением,\n Пётр",
			"Здравствуйте, Иван.\n\n\nУже работает.",
		},
		{"below", "12.03.2024 10:00, Иван пишет:\n> Не работает принтер\n\nУже работает.", "Уже работает."},
		{
			"Yandex below",
			"Здравствуйте!\n----------------\nКому: Пётр;\nТема: x;\n12.03.2024, 10:00, Иван <a@b.ru>:\n> Не " +
				"работает\n\nУже работает.",
			"Здравствуйте!\nУже работает.",
		},
		{
			"inside",
			"12.03.2024 10:00, Иван пишет:\n> Принтер?\n\nДа.\n\n> Сканер?\n\nНет.",
			"> Принтер?\n\nДа.\n\n> Сканер?\n\nНет.",
		},
	} {
		if kept, _ := c.Cut(tt.text); kept != tt.kept {
			t.Errorf("%s: kept\n%q", tt.name, kept)
		}
	}
}

// pageForms are the ways in which programs quote and sign in HTML.
var pageForms = []struct{ name, quote string }{
	{
		"Gmail",
		`<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">вт, 12 мар. 2024 г. в 10:00, Иван &lt;<a href="mailto:a@b.ru">a@b.ru</a>&gt;:<br></div><blockquote class="gmail_quote" style="margin:0"><div>Не работает</div></blockquote></div>`,
	},
	{"Gmail now", `<br><div class="gmail_quote gmail_quote_container"><blockquote>Не работает</blockquote></div>`},
	{
		"Outlook on the web",
		`<div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>От:</b> Иван</div><div>Не работает</div>`,
	},
	{
		"Outlook divider",
		`<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p><b>From:</b> Ivan</p></div></div><p>Не работает</p>`,
	},
	{
		"Outlook without markers",
		`<p><b>От:</b> Иван &lt;a@b.ru&gt;</p><p><b>Отправлено:</b> 12 марта</p><p><b>Кому:</b> нам</p><p><b>Тема:</b> x</p><p>Не работает</p>`,
	},
	{"Yandex", `<div>12.03.2024, 10:00, "Иван" &lt;a@b.ru&gt;:</div><blockquote><p>Не работает</p></blockquote>`},
	{
		"Mail.ru",
		`<blockquote style="border-left:1px solid #0857A6;margin:10px;padding:0 0 0 10px;">Вторник, 12 марта 2024, 10:00 +03:00 от Иван &lt;a@b.ru&gt;:<br><div>Не работает</div></blockquote>`,
	},
	{
		"Apple",
		`<div><br><blockquote type="cite"><div>12 марта 2024 г., в 10:00, Иван &lt;a@b.ru&gt; написал(а):</div><br><div>Не работает</div></blockquote></div>`,
	},
	{
		"Thunderbird",
		`<div class="moz-cite-prefix">12.03.2024 10:00, Иван пишет:<br></div><blockquote type="cite" cite="mid:x"><p>Не работает</p></blockquote>`,
	},
	{
		"Yandex with its three lines",
		`<div>----------------</div><div>Кому: Пётр (p@x.example);</div><div>Тема: Принтер;</div><div>12.03.2024, 10:00, "Иван" &lt;a@b.ru&gt;:</div><blockquote><p>Не работает</p></blockquote>`,
	},
	{
		"Mail.ru, another colour",
		`<blockquote style="border-left:1px solid #005FF9"><span>Вторник, 12 марта 2024, 10:00 +03:00 от a@b.ru:</span><br><div>Не работает</div></blockquote>`,
	},
	{
		"Mail.ru, wrapped",
		`<blockquote><div>Вторник, 12 марта 2024, 10:00 +03:00 от Иван</div><div>&lt;a@b.ru&gt;:</div><div>Не работает</div></blockquote>`,
	},
	{
		"Mail.ru phone",
		`<div id="mail-app-auto-quote"><blockquote>вторник, 12 марта 2024г., 10:00 +03:00 от Иван a@b.ru:<br>Не работает</blockquote></div>`,
	},
	{
		"Mail.ru phone, editor",
		`<br>Среда, 13 марта 2024, 10:00 +10:00 от Иван &lt;a@b.ru&gt;:<br><div id="composeWebView_previouse_content"><div>Не работает</div></div>`,
	},
	{
		"Roundcube",
		`<p id="reply-intro">Иван писал 2024-03-12 10:00:</p><blockquote type="cite"><div>Не работает</div></blockquote>`,
	},
	{
		"Zimbra",
		`<hr id="zwchr" data-marker="__DIVIDER__"><div><b>От: </b>"Иван" &lt;a@b.ru&gt;<br><b>Кому: </b>нам<br><b>Тема: </b>x</div><div>Не работает</div>`,
	},
	{"Zimbra, closed", `<hr id="zwchr"/><div>Иван</div><div>Не работает</div>`},
	{"rule above Outlook", `<hr><div id="divRplyFwdMsg"><b>От:</b> Иван</div><div>Не работает</div>`},
	{
		"rule above a header",
		`<hr><p><b>От:</b> Иван &lt;a@b.ru&gt;</p><p><b>Отправлено:</b> 12 марта</p><p><b>Кому:</b> нам</p><p>Не работает</p>`,
	},
	{
		"rule above an attribution",
		`<hr><div>12.03.2024, 10:00, "Иван" &lt;a@b.ru&gt;:</div><blockquote><p>Не работает</p></blockquote>`,
	},
	{
		"The Bat!",
		`<br>Вы писали 12 марта 2024 г., 10:00:00:<br><br><table bgcolor=#ffffff><tr><td width=2 bgcolor=#0000ff><br></td><td>Не работает</td></tr></table>`,
	},
	{
		"Samsung without a break",
		`<p>-------- Исходное сообщение --------От: Иван &lt;a@b.ru&gt; Дата: 12.03.2024</p><p>Не работает</p>`,
	},
	{"Yahoo", `<div id="yahoo_quoted_123" class="yahoo_quoted"><div>Не работает</div></div>`},
	{"separator", `<p>-------- Исходное сообщение --------</p><p>Не работает</p>`},
	{"signature", `<div class="gmail_signature">Пётр, Не работает</div>`},
}

func TestCutHTML(t *testing.T) {
	c := cutter(t)
	const answer = `<div>Спасибо, работает. <img src="cid:x"></div>`
	for _, tt := range pageForms {
		kept, quoted := c.CutHTML(answer + tt.quote)
		if !strings.HasPrefix(kept, answer) || tags.Text(kept) != "Спасибо, работает." ||
			strings.Contains(kept, "<hr") {
			t.Errorf("%s: kept %s", tt.name, kept)
		}
		if !strings.Contains(quoted, "Не работает") {
			t.Errorf("%s: quoted %s", tt.name, quoted)
		}
		if kept, _ := c.CutHTML(tt.quote); !strings.Contains(kept, "Не работает") {
			t.Errorf("%s alone: kept %s", tt.name, kept)
		}
	}
}

func TestCutHTMLKeeps(t *testing.T) {
	c := cutter(t)
	for _, text := range []string{
		`<div>Посмотрите</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>От: Иван</div><br>Не работает</div>`,
		`<div>Посмотрите</div><div>-------- Пересылаемое сообщение --------</div><div>12.03.2024, 10:00, "Иван" &lt;a@b.ru&gt;:</div><blockquote>Не работает</blockquote>`,
		`<div>Отвечаю ниже</div><blockquote type="cite">Принтер?</blockquote><div>Да</div><blockquote type="cite">Сканер?</blockquote><div>Нет</div>`,
		`<div class="gmail_quote"><div class="gmail_attr">12 мар., Иван:</div><blockquote class="gmail_quote">Принтер?</blockquote><div>Да, работает</div></div>`,
		`<blockquote>Просто отступ</blockquote><p>Текст</p>`,
		`<p>Текст без цитат`,
		``,
	} {
		if kept, quoted := c.CutHTML(text); kept != text || quoted != "" {
			t.Errorf("cut %s off %s", quoted, text)
		}
	}
}

func TestStub(t *testing.T) {
	c := cutter(t)
	for _, s := range []string{"", " \n ", "Ваша почтовая программа не поддерживает HTML",
		"Your email client does not support HTML. Please open it in a browser.", "This is an HTML message",
		"Для просмотра этого письма используйте почтовый клиент с поддержкой HTML"} {
		if !c.Stub(s) {
			t.Errorf("no stub: %q", s)
		}
	}
	for _, s := range []string{"Не работает принтер", "Спасибо!", "Не открывается HTML-отчёт в программе, помогите",
		"http://example.ru"} {
		if c.Stub(s) {
			t.Errorf("a stub: %q", s)
		}
	}
}

func TestCompileNamesBadPatterns(t *testing.T) {
	_, err := Compile(Rules{
		Terms: map[string]string{"a": "x{a}"}, Quotes: []string{"^>", "("}, Separators: []string{"^{date}"},
		Weak: []string{"{a}"},
		HTML: []Marker{{Tag: "div"}, {
			ID:      "[",
			Purpose: "quote",
		}, {ID: "x", Purpose: "qoute"}, {Holds: "labels", Purpose: "quote"}},
	})
	for _, want := range []string{"quotes[1]", `"("`, "html[0]", "html[1]", `"qoute"`, `"{date}"`, `"{a}"`,
		`"labels"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

func TestEmptyRules(t *testing.T) {
	c, err := Compile(Rules{})
	if err != nil {
		t.Fatal(err)
	}
	if kept, quoted := c.Cut("a\n> b\n"); kept != "a\n> b" || quoted != "" {
		t.Errorf("%q %q", kept, quoted)
	}
}
