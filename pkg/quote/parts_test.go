package quote

import (
	"strings"
	"testing"

	"helpdesk/pkg/tags"
)

// Cut returns the text that Part keeps, and the lines that it cuts off.
func (c *Cutter) Cut(text string) (kept, quoted string) {
	p := c.Part(text)
	left := strings.Split(p.Own, "\n")
	var gone []string
	for line := range strings.SplitSeq(trimBlank(strings.ReplaceAll(text, "\r\n", "\n")), "\n") {
		if len(left) > 0 && strings.TrimSpace(line) == strings.TrimSpace(left[0]) {
			left = left[1:]
			continue
		}
		gone = append(gone, line)
	}
	return p.Own, trimBlank(strings.Join(gone, "\n"))
}

// CutHTML returns the page that PartHTML keeps, and the part that it cuts off.
func (c *Cutter) CutHTML(text string) (kept, quoted string) {
	p := c.PartHTML(tags.Read(text))
	if p.Own.Source == text {
		return text, ""
	}
	if p.Cut {
		quoted = p.Quoted.Source
	}
	return p.Own.Source, quoted + p.Signature.Source
}

// If only a greeting, a closing, a signature or a reference to the answers is above a quote, the answers are in the
// quote.
func TestWhatSaysNothingCutsNothing(t *testing.T) {
	c := cutter(t)
	const asked = "1. Какой код? 7731\n2. Какой адрес? Пермь"
	const header = "От: Служба <support@example.ru>\nОтправлено: 12 марта 2026 г. 10:00\nКому: Мария\nТема: x\n\n" +
		asked
	for _, above := range []string{
		"Добрый день!", "Здравствуйте, Иван Петрович!", "Уважаемые коллеги, добрый день!", "Коллеги, здравствуйте.",
		"Hi team,", "Dear Mr. Smith,", "Good afternoon!", "Hello John,",
		"Добрый день!\n\nС уважением,\nМария Орлова\nООО «Завод»", "С уважением, Мария",
		"Добрый день!\n\nМария Орлова", "Здравствуйте!\n\nБухгалтерия\n+7 900 111-22-33",
		"Добрый день!\n-- \nМария\nтел. 8 800 555-35-35", "Best regards,\nMaria Orlova",
		"См. ниже", "см.ниже.", "Ниже", "Ответы в письме.", "Ответил в тексте письма", "Отвечаю по пунктам:",
		"Добрый день! Отвечаю по пунктам.", "Здравствуйте, ответы ниже по тексту", "выделил красным",
		"Ответы выделила жирным шрифтом", "Мои комментарии в тексте", "Вписала в ваше письмо", "смотрите по тексту",
		"По пунктам:", "Заполнила ниже", "Ответы по порядку:",
		"See inline", "See below.", "Please see my answers below in red", "My comments inline", "Inline.",
		"Hi,\nsee below please", "Answers are in the text", "Replies in blue",
		"Отправлено с iPhone", "Добрый день!\n\nОтправлено с iPhone",
	} {
		for name, quote := range map[string]string{
			"header":    header,
			"separator": "-----Original Message-----\n" + asked,
		} {
			text := above + "\n\n" + quote
			if p := c.Part(text); p.Own != text || p.Cut || !strings.Contains(p.Quoted, "Какой код") {
				t.Errorf("%q above a %s: %+v", above, name, p)
			}
		}
		page := page1(above) + `<div style="border:none;border-top:solid #E1E1E1 1.0pt">` + page1(header) + "</div>"
		if p := c.PartHTML(tags.Read(page)); p.Own.Source != page || p.Cut ||
			!strings.Contains(p.Quoted.Source, "Какой код") {
			t.Errorf("%q above a page: %+v", above, p)
		}
	}
	for _, above := range []string{
		"Спасибо!", "Добрый день! Всё заработало.", "Здравствуйте!\n\nРаботает.", "Ок", "Да", "Принято.",
		"Добрый день!\nДа", "Готово", "+7 900 111-22-33", "Добрый день! Когда приедете?", "Hi, it works.", "Thanks",
		"Hello!\nDone",
		"Пермь", "7731", "Здравствуйте!\nКод 7731\nС уважением,\nМария", "?", "Добрый день, касса 5",
	} {
		text := above + "\n\n" + header
		if p := c.Part(text); !p.Cut || !strings.HasPrefix(above, p.Own) || p.Own == "" ||
			!strings.Contains(p.Quoted, "Какой код") {
			t.Errorf("%q is kept with its quote: %+v", above, p)
		}
		page := page1(above) + `<div style="border:none;border-top:solid #E1E1E1 1.0pt">` + page1(header) + "</div>"
		if p := c.PartHTML(tags.Read(page)); !p.Cut || strings.Contains(p.Own.Source, "Какой код") {
			t.Errorf("%q is kept with its page: %s", above, p.Own.Source)
		}
	}
}

// A photo above a quote is an answer; the logo of a signature is not.
func TestPictureSays(t *testing.T) {
	c := cutter(t)
	const quote = `<blockquote type="cite"><p>Какой код? 7731</p></blockquote>`
	for above, cut := range map[string]bool{
		`<img src="cid:photo">`:                    true,
		`<p>Добрый день!</p><img src="cid:photo">`: true,
		`<p>Добрый день!</p><p>С уважением, Мария</p><img src="cid:logo">`: false,
	} {
		p := c.PartHTML(tags.Read(above + quote))
		if p.Cut != cut || p.Bare.Source != above || !strings.Contains(p.Quoted.Source, "Какой код") {
			t.Errorf("%s: %+v", above, p)
		}
	}
}

// A quote is reported even if it is not cut off.
func TestQuotedIsToldWhenKept(t *testing.T) {
	c := cutter(t)
	for name, text := range map[string]string{
		"nothing above": "От: Иванов <ivanov@example.ru>\nОтправлено: 12 марта 2026 г. 10:00\nКому: Мария\nТема: Ваш " +
			"счёт\n\nКакой код?\n7731",
		"answers below": "Ответы ниже.\n\nОт: Иванов <ivanov@example.ru>\nОтправлено: 12 марта 2026 г. 10:00\nКому: " +
			"Мария\n\nКакой код?\n7731",
		"behind marks": "> 12.03.2026, 10:00, Иванов <ivanov@example.ru>:\n> Какой код?\n7731\n> Адрес?\nПермь",
		"between":      "12.03.2026, 10:00, Иванов <ivanov@example.ru>:\n> Какой код?\n7731\n> Адрес?\nПермь",
		"no marks":     "12.03.2026, 10:00, Иванов <ivanov@example.ru>:\nКакой код?",
		"announced": "Вот что вы писали:\n\nОт: Иванов <ivanov@example.ru>\nОтправлено: 12 марта 2026 г. " +
			"10:00\nКому: Мария\n\nКакой код?",
	} {
		if p := c.Part(text); !strings.Contains(p.Quoted, "ivanov@example.ru") {
			t.Errorf("%s: %+v", name, p)
		}
		if p := c.PartHTML(tags.Read(page1(text))); !strings.Contains(tags.Text(p.Quoted.Source), "ivanov@example.ru") &&
			name != "behind marks" {
			t.Errorf("%s, a page: %+v", name, p)
		}
	}
	for name, text := range map[string]string{
		"an order":  "Прошу отгрузить:\nСтол: 5\nСтул: 10",
		"a mention": "Писал вам на support@example.ru, ответа нет.",
		"a forward": "Смотрите:\n\n---------- Пересылаемое сообщение ----------\nОт: Иванов " +
			"<ivanov@example.ru>\nДата: 12.03.2026 10:00\nКому: Мария\n\nКакой код?",
	} {
		if p := c.Part(text); p.Quoted != "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestSignatureIsTold(t *testing.T) {
	c := cutter(t)
	const sign = "-- \nИван Петров\n8 800 555-35-35"
	for text, want := range map[string]Parts{
		"Работает.\n\n" + sign: {Own: "Работает.", Signature: sign},
		"Работает.\n\n" + sign + "\n\n> Модель?": {
			Own:       "Работает.",
			Signature: sign,
			Quoted:    "> Модель?",
			Cut:       true,
		},
		"Работает.\n\n> Модель?":                        {Own: "Работает.", Quoted: "> Модель?", Cut: true},
		"Работает.\n\nОтправлено с iPhone":              {Own: "Работает."},
		"Работает.\n\nОтправлено с iPhone\n\n> Модель?": {Own: "Работает.", Quoted: "> Модель?", Cut: true},
	} {
		if p := c.Part(text); p != want {
			t.Errorf("%q:\n%+v\nwant\n%+v", text, p, want)
		}
	}
}

// The lines above a quote may look like a copied header that goes on below the quote. The cut begins at the quote.
func TestAHeaderAcrossAQuote(t *testing.T) {
	quoted := `----------------</div><div>Кому: Пётр (p@x.example);</div><div>Тема: Принтер;</div>` +
		`<div>12.03.2024, 10:00, "Иван" &lt;a@b.ru&gt;:</div><blockquote><p>Что сломалось?</p></blockquote>`
	p := cutter(t).PartHTML(tags.Read(`<p>Не печатает принтер.</p><div>` + quoted + `<div>От: Ивана</div>`))
	if bare := p.Bare.Source; !strings.Contains(bare, "Не печатает") || !strings.Contains(bare, "От: Ивана") ||
		p.Quoted.Source != quoted {
		t.Errorf("bare %q, quoted %q", p.Bare.Source, p.Quoted.Source)
	}
}
