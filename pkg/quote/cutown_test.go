package quote

import (
	"html"
	"strings"
	"testing"

	"helpdesk/pkg/tags"
)

// page1 returns a text as HTML from a mail program, with a paragraph for each line.
func page1(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("<p>" + strings.ReplaceAll(html.EscapeString(line), "\n", "") + "</p>")
	}
	return strings.ReplaceAll(b.String(), "<p></p>", "<p>&nbsp;</p>")
}

// holdOwn checks that nothing is cut from texts without quotes and signatures.
func holdOwn(t *testing.T, texts []string) {
	t.Helper()
	c := cutter(t)
	for _, text := range texts {
		if kept, quoted := c.Cut(text); kept != text || quoted != "" {
			t.Errorf("cut off:\n%s\n--- of\n%s", quoted, text)
		}
		if kept, quoted := c.CutHTML(page1(text)); kept != page1(text) || quoted != "" {
			t.Errorf("cut off HTML:\n%s\n--- of\n%s", quoted, text)
		}
	}
}

// An introduction of an error message or of another person's words resembles the line above a quote.
func TestCutOwnIntroductions(t *testing.T) {
	holdOwn(t, []string{
		"Добрый день!\n\nВ 10:30 терминал пишет:\nНет связи с банком. Код 4119.\n\nЧто нам делать?",
		"Здравствуйте!\n\n12.03.2026 при проведении документа программа пишет:\n\nПоле недоступно для " +
			"записи\n\nПомогите.",
		"Здравствуйте!\nС 12.03.2026 система пишет:\n\"Лицензия не найдена\"",
		"Здравствуйте!\n12 марта 2026 г. банк написал:\nПлатёж отклонён.\nИсправьте счёт.",
		"Здравствуйте!\n\nВ письме от 12.03.2026 № 45 вы сообщали:\nсрок 10 дней.\nПодтвердите.",
		"Здравствуйте!\n12.03.2026 10:00, Терминал пишет:\nошибка 5",
		"Сервер упал:\n\n2026-03-12 10:15 UTC ERROR database is locked\n2026-03-12 10:16 UTC FATAL " +
			"exiting\n\nПосмотрите.",
		"Сервер упал:\n\n2026-03-12 10:15 GMT+03:00 ERROR database is locked\n2026-03-12 10:16 GMT+03:00 FATAL " +
			"exiting\n\nПосмотрите.",
		"Не доходят письма:\n\n2026-03-12 10:15 1tZabc-0001 ** <user@x.example>\n2026-03-12 10:16 1tZabd-0001 ** " +
			"<user@y.example>\n\nПосмотрите.",
		"Список:\n2026-03-12 Иван Петров <ivan@x.example>\n2026-03-12 Пётр Иванов <petr@x.example>\nпрошу выдать " +
			"пропуска",
		"Просим с\n10:00, 15 марта 2026, перевести почту на new@x.example:\nимя - Иван",
		"Здравствуйте!\n\nпн, 16 марта 2026 г. в 10:00 состоится инвентаризация, ответственный " +
			"ivan@x.example:\nподготовьте ведомости.",
		"Расписание\nпонедельник, 16 марта 2026, 10:00 - планёрка от ivan@x.example:\nвопросы прилагаю",
		"Hi,\nOn March 12 the terminal 5 wrote:\nCard declined\nPlease check.",
		"Здравствуйте!\nВт, в 10:15 терминал завис и теперь всё время пишет:\nОшибка 99",
		"Здравствуйте!\nВ 10:30 терминал пишет:",
		"Здравствуйте!\n2026-03-12 Иван Петров <ivan@x.example>:\nпрошу завести учётку",
		"Здравствуйте!\nИван Петров <ivan@x.example> пишет:\nне могу войти.\nПомогите ему.",
	})
}

// A wrapped attribution includes all of its lines, and none by the writer.
func TestCutWrapped(t *testing.T) {
	c := cutter(t)
	for _, tt := range []struct{ name, own, intro string }{
		{
			"Gmail English",
			"Работает.",
			"On Thu, Mar 12, 2026 at 10:00 AM Служба технической поддержки\n<support@x.example> wrote:",
		},
		{"Claws", "Работает.", "В Thu, 12 Mar 2026 10:00:00 +0300\nСлужба <support@x.example> пишет:"},
		{"CommuniGate", "Работает.", "On Thu, 12 Mar 2026 10:00:00 +0300\n \"Служба\" <support@x.example> wrote:"},
		{"own line above", "В 10:00 всё заработало.", "Служба <support@x.example> писал(а) 12.03.2026 10:00:"},
		{"own line above, English", "Fixed on Monday, thanks.", "Support <support@x.example> wrote:"},
		{"own word above", "Спасибо", "12 марта 2026, 10:00 +03:00 от Служба <support@x.example>:"},
	} {
		for _, marks := range []string{"> ", ""} {
			text := tt.own + "\n" + tt.intro + "\n" + marks + "Включён ли принтер"
			if kept, _ := c.Cut(text); kept != tt.own {
				t.Errorf("%s: kept\n%s", tt.name, kept)
			}
		}
		text := page1(tt.own) + page1(tt.intro) + "<blockquote type=cite>Включён ли принтер</blockquote>"
		if kept, _ := c.CutHTML(text); tags.Text(kept) != tt.own {
			t.Errorf("%s: kept %s", tt.name, kept)
		}
	}
}

// An element that looks like a quote is one only below an attribution or with a copied header inside.
func TestCutOwnElements(t *testing.T) {
	c := cutter(t)
	for _, text := range []string{
		`<p>Здравствуйте!</p><p>12.03.2026 в 10:00 заказчик ivan@x.example прислал и теперь пишет:</p><table><tr><td>Товар</td><td>10 шт</td></tr></table><p>Отгрузите.</p>`,
		`<p>Здравствуйте!</p><p>В 10:30 терминал пишет:</p><blockquote>Нет связи</blockquote><p>Что делать?</p>`,
		`<p>Здравствуйте!</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt"><p>Итого: сканер тоже не работает.</p></div>`,
		`<p>Здравствуйте!</p><blockquote style="border-left:1px solid #005FF9">Прошу по пунктам:<br>первый</blockquote>`,
		`<p>Здравствуйте!</p><blockquote>Моё дополнение<br>Иван &lt;a@b.ru&gt; писал(а) 12.03.2026 10:00:<br>x</blockquote>`,
		`<p>Здравствуйте!</p><hr><p>Сканер тоже не работает.</p>`,
	} {
		if kept, quoted := c.CutHTML(text); kept != text || quoted != "" {
			t.Errorf("cut %s off %s", quoted, text)
		}
	}
}

// Orders and filled-in forms contain fields too.
func TestCutOwnFields(t *testing.T) {
	holdOwn(t, []string{
		"Новая заявка с сайта\n\nОтправитель: Иван Петров\nТема: Не работает касса\nДата: 12.03.2026 " +
			"10:00\nСообщение: Не пробивает чеки!",
		"Новое обращение\n\nИмя: Иван\nОт кого: ivan@x.example\nТема: Возврат\nДата: 12.03.2026 10:00\nТекст " +
			"обращения: хочу вернуть товар",
		"Получено сообщение с формы.\nFrom: Ivan <ivan@x.example>\nSubject: Вопрос\nTo: info@y.example\nMessage: " +
			"когда привезёте заказ?",
		"Прошу оформить доставку.\n\nОт: ООО Ромашка, Москва\nКому: ООО Лютик, Тверь\nДата: 15 марта 10:00\nГруз: 3 " +
			"коробки\nСпасибо!",
		"Прошу оформить доставку.\n\nОт: ООО Ромашка, Москва\nКому: ООО Лютик, Тверь\nДата: 15 марта\n\nСпасибо!",
		"Прошу выслать документы.\nДата: 12.03.2026\nТема: договор 15\nОт: юридического отдела\nКому: Сидорову",
		"Вот что ответил банк:\n\nОт: Банк <bank@x.example>\nОтправлено: 12 марта 2026 г. 10:00\nКому: мне\nТема: " +
			"Платёж\n\nОтклонён",
	})
}

func TestCutOwnGap(t *testing.T) {
	const text = "Прошу купить билет.\nОт: Москва\nДата: 20 марта 10:00\n\nТема: поездка"
	if kept, _ := cutter(t).Cut(text); kept != text {
		t.Errorf("kept\n%s", kept)
	}
}

// Outlook's copied header is recognized with any line breaks.
func TestCutHeader(t *testing.T) {
	c := cutter(t)
	for _, tt := range []struct{ name, header string }{
		{"doubled", "От: Иван\n\nОтправлено: 12 марта 2026 г. 10:00\n\nКому: нам\n\nТема: x\n"},
		{
			"wrapped",
			"From: Ivan\nSent: Thursday, March 12, 2026 10:00 AM\nTo: Support <support@x.example>;\n  Peter " +
				"<p@x.example>\nSubject: x",
		},
		{
			"more fields",
			"From: Ivan\nSent: Thursday, March 12, 2026 10:00 AM\nTo: us\nCc: A; B\nSubject: x\nImportance: " +
				"High\nAttachments: a.doc",
		},
		{"address alone", "От: Иван [mailto:ivan@x.example]\nОтправлено: вчера\nКому: нам"},
		{"Zimbra", "От: \"Иван\" <ivan@x.example>\nКому: нам\nОтправленные: Четверг, 12 Март 2026 г\nТема: x"},
	} {
		if kept, _ := c.Cut("Работает.\n\n" + tt.header + "\n\nНе работает: совсем"); kept != "Работает." {
			t.Errorf("%s: kept\n%s", tt.name, kept)
		}
	}
}

// If answers are inside a quote, all of it is kept.
func TestCutKeepsAnswers(t *testing.T) {
	const header = "От: Служба <support@x.example>\nОтправлено: 12 марта 2026 г. 10:00\nКому: Иван\nТема: Принтер\n\n"
	holdOwn(t, []string{
		"Ответы ниже в тексте.\n\n" + header + "Включён?\nДа.\nМодель?\nHP",
		"Здравствуйте!\nОтветила красным.\n\n" + header + "Включён?\nДа.",
		"My answers are below.\n\n-----Original Message-----\nFrom: Support\n\nOn?\nYes.",
		"Здравствуйте!\n\n-----Original Message-----\nFrom: Служба\n\n> Модель?\nHP\n> Кабинет?\n305",
		"Комментарии ниже.\n\n12.03.2026, 10:00, \"Служба\" <support@x.example>:\nВключён?\nДа.",
	})
	c := cutter(t)
	for _, text := range []string{
		`<p>Ответы ниже красным.</p><div style="border:none;border-top:solid #E1E1E1 1.0pt"><b>From:</b> Служба</div><p>Кабинет?</p><p style="color:red">305</p>`,
		`<p>Ответил ниже</p><blockquote type="cite">Кабинет? <b>305</b></blockquote>`,
	} {
		if kept, quoted := c.CutHTML(text); kept != text || quoted != "" {
			t.Errorf("cut %s off %s", quoted, text)
		}
	}
	for _, own := range []string{"Спасибо, цена ниже рынка.", "Please close the ticket."} {
		if kept, _ := c.Cut(own + "\n\n" + header + "Включён?\n\n12.03.2026, 10:00, a@b.ru:\n> x\nИван"); kept != own {
			t.Errorf("kept\n%s", kept)
		}
	}
}

// Lines of dashes separate sections of a letter. Only the last one can begin a signature, if the text looks like one.
func TestCutOwnLines(t *testing.T) {
	holdOwn(t, []string{
		"Не запускается 1С, пишет:\n-----\nОшибка инициализации HASP\n-----",
		"Здравствуйте!\nПри входе ошибка:\n=====\nАвторизация не выполнена\n=====\nЖду ответа.",
		"Прошу выставить счёт:\n\n--------\nБумага А4 - 10 пачек\nСкрепки - 5 коробок",
		"Прошу заменить картридж.\n\n__________\nКабинет 305, 3 этаж\nТелефон 12-34",
		"Прошу привезти.\nСрочно.\n__________\nг. Тверь, ул. Новая, 5\nТел. 8 900 123-45-67",
		"Заявка на закупку\n==================\nМышь 2 шт\nС уважением, Иван",
		"Прошу ответить:\n++\nПункт 1\nС уважением, Иван",
		"Здравствуйте!\nНе печатает.\n-----\nP.S. Сканер тоже не работает!",
		"Здравствуйте!\n*****\nНе работает принтер\n*****",
		"Здравствуйте!\n*****\nНе работает принтер\n*****\nС уважением, Иван",
		"Не запускается 1С.\nСрочно.\n-----\nОшибка инициализации HASP\nС уважением, Иван\n-----",
		"Запрос возвращает пусто:\n\n+----+------+\n| id | name |\n+----+------+\n|  1 | test |\n+----+------+",
		"Здравствуйте!\n--\nПервое.\n--\nВторое.",
		"Здравствуйте!\n--\nПервое.\n—\nС уважением, Иван",
		"Здравствуйте!\n--\nПервое.\n--",
		"Здравствуйте!\n-----\nПервое.\nВторое.\n--",
		"Здравствуйте!\n\nЗаявка 1.\n—\nЗаменить мышь.",
		"Вот скрипт:\n\nSELECT 1;\n-- \nSELECT 2;\nпочему не работает второй запрос?\nИван",
		"Здравствуйте!\n--\n" + strings.TrimSpace(strings.Repeat("Строка заявки.\n", 30)),
		"Здравствуйте!\n\n12.03.2026 10:00, Служба пишет:\n\nИван\n--\nпервое\n--\nвторое",
	})
}

func TestCutSignatures(t *testing.T) {
	c := cutter(t)
	const own = "Здравствуйте!\n\nРаботает.\n\nСпасибо."
	for _, tt := range []struct{ name, sign string }{
		{"long", "-- \nИван" + strings.Repeat("\nстрока", 14)},
		{"and a program's", "--\nИван\n\nОтправлено с iPhone"},
		{"a program's below a delimiter", "--\nОтправлено с iPhone"},
		{"dash and closing", "—\nС уважением,\nИван"},
		{"dash and contacts", "—\nИван\nтел. 8 800 555-35-35\nwww.romashka.example"},
		{"soft and closing", "------\nС большим уважением, Иван"},
		{"soft and contacts", "______\nИван\nООО «Ромашка»\nivan@romashka.example"},
	} {
		if kept, quoted := c.Cut(own + "\n\n" + tt.sign); kept != own || quoted != tt.sign {
			t.Errorf("%s: kept\n%s", tt.name, kept)
		}
		if kept, _ := c.CutHTML(page1(own + "\n\n" + tt.sign)); !strings.HasPrefix(tt.name, "soft") &&
			tags.Text(kept) != tags.Text(page1(own+"\n\n")) {
			t.Errorf("%s: kept HTML\n%s", tt.name, kept)
		}
	}
}

// A signature above a quote ends at the quote, since answers may follow.
func TestCutSignatureInside(t *testing.T) {
	c := cutter(t)
	const asked = "12.03.2026 10:00, Служба пишет:\n> Модель?\n\nHP 1020"
	for _, tt := range []struct{ text, kept string }{
		{"Здравствуйте!\n\n-- \nИван\n\n" + asked, "Здравствуйте!\n\nHP 1020"},
		{
			"Здравствуйте!\n\n-- \nИван\n\n" + asked + "\n\n> Кабинет?\n\n305",
			"Здравствуйте!\n\n> Модель?\n\nHP 1020\n\n> Кабинет?\n\n305",
		},
		{
			"Здравствуйте!\n\n" + asked + "\n\n> Кабинет?\n\n305\n-- \nИван",
			"Здравствуйте!\n\n> Модель?\n\nHP 1020\n\n> Кабинет?\n\n305",
		},
	} {
		if kept, _ := c.Cut(tt.text); kept != tt.kept {
			t.Errorf("kept\n%q", kept)
		}
	}
	if kept, _ := c.Cut(
		"Работает.\n\n12.03.2026 10:00, Служба пишет:\n> Модель?\n\n--\nпервое\n--\nвторое"); kept != "Работает.\n\n--\nпервое\n--\nвторое" {
		t.Errorf("kept\n%q", kept)
	}
	const cite, text = `<blockquote type="cite">Модель?</blockquote>`, `<p>Работает.</p><p>-- </p><p>Иван</p>`
	for _, tt := range []struct{ text, kept string }{
		{text + cite, "Работает."},
		{text + cite + "<p>HP 1020</p>", "Работает.HP 1020"},
		{text + `<div class="moz-cite-prefix">Служба пишет:</div>` + cite + "<p>HP 1020</p>", "Работает.HP 1020"},
		{text + cite + "<p>HP 1020</p>" + cite + "<p>305</p>", ""},
		{`<p>Работает.</p>` + cite + `<p>-- </p><p>Иван</p>`, "Работает."},
	} {
		kept, _ := c.CutHTML(tt.text)
		if tt.kept == "" && kept != tt.text ||
			tt.kept != "" && strings.ReplaceAll(tags.Text(kept), "\n", "") != tt.kept {
			t.Errorf("%s: kept\n%s", tt.text, kept)
		}
	}
}

// Tables, prompts and text announced by a colon look like quotes.
func TestCutOwnMarks(t *testing.T) {
	holdOwn(t, []string{
		"Прошу заказать.\n\n| Товар | Кол-во |\n|-------|--------|\n| Бумага | 10 |",
		"Прошу заказать.\n\n| Товар | Кол-во |\n|------+--------\n| Бумага | 10 |",
		"Запрос пуст.\n\n+----+------+\n| id | name |\n+----+------+",
		"Ошибка при выполнении.\n\nPS> Get-Mailbox",
		"Ошибка при выполнении.\n\nSQL> select 1",
		"ошибка\n\nab> это не инициалы",
		"Требование к отбору:\n\n> 100 штук\n> 5 кг",
	})
	c := cutter(t)
	for _, quote := range []string{"| Добрый день\n| Не работает", "> 100 штук"} {
		if kept, _ := c.Cut("Спасибо.\n\n" + quote); kept != "Спасибо." {
			t.Errorf("kept\n%s", kept)
		}
	}
}

// The last sentence may say how something was sent.
func TestCutOwnSentences(t *testing.T) {
	holdOwn(t, []string{
		"Акт подписан.\nОтправлено через Диадок 12 марта.",
		"Документы не приложились.\nПисьмо отправлено с другого адреса, проверьте.",
		"Где заказ?\nОтправлено со склада 10 марта, трек 8001122.",
		"Где заказ?\nОтправлено через Почту России 10 марта",
		"Где заказ?\nОтправлено с Яндекс Почты 10 марта",
		"Где заказ?\nОтправлено вчера с телефона бухгалтера",
		"Please check the parcel.\nSent by DHL on Monday, tracking 12345.",
		"Please check.\nSent from my other address, mobile does not work",
		"Прошу согласовать.\nСообщение проверено юристом.",
		"Проверьте диск.\nБез вирусов не открывается",
		"Документы у вас.\nНадіслано з Нової пошти вчора",
	})
}

// Lines that phones, programs and scanners append to a text.
func TestCutPrograms(t *testing.T) {
	c := cutter(t)
	const own = "Здравствуйте!\n\nРаботает."
	for _, sign := range []string{
		"Отправлено с iPhone", "Отправлено из мобильной Почты Mail",
		"Отправлено из мобильного приложения Яндекс Почты", "Отправлено с телефона Samsung Galaxy",
		"Отправлено из Яндекс.Почты для мобильных", "Отправлено из Почты Mail.ru для iOS",
		"Отправлено с помощью BlueMail", "Отправлено с моего мобильного устройства",
		"Отправлено через Почту для Windows 10", "Получить Outlook для iOS<https://aka.ms/o0ukef>",
		"Получите Outlook для Android", "Отправлено myMail",
		"Отправлено со смартфона Samsung Galaxy.", "Отправлено мобильным устройством",
		"Отправлено из 1С:Документооборот", "Отправлено из приложения VK Почта",
		"Отправлено из почты Рамблер", "Отправлено от Honor", "Написано с iPhone", "С iPhone", "Відправлено з iPhone",
		"Надіслано з Android",
		"Сообщение проверено антивирусом Avast", "Антивирус Касперского: сообщение проверено",
		"Без вирусов. www.avast.ru", "Virus-free.www.avast.com",
		"Данное сообщение проверено на вирусы антивирусом Avast.\nwww.avast.com",
		"Это сообщение проверено на вирусы антивирусом Avast.\nhttps://www.avast.com/antivirus",
		"Sent from my iPhone", "Sent from my Samsung Galaxy S21 5G", "Sent via mobile",
		"Sent from Yahoo Mail on Android", "Sent from my TI-85", "Sent from Outlook for Android",
	} {
		if kept, quoted := c.Cut(own + "\n\n" + sign); kept != own || quoted != sign {
			t.Errorf("kept\n%s", kept)
		}
	}
}
