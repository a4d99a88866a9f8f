package quote

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
)

func TestForwarded(t *testing.T) {
	c := cutter(t)
	ivan := desk.Address{Name: "Иван Петров", Addr: "ivan@example.ru"}
	for _, tt := range []struct {
		name, subject, text string
		want                desk.Address
	}{
		{
			"Gmail",
			"Fwd: Принтер",
			"Посмотрите\n\n---------- Forwarded message ---------\nОт: Иван Петров <ivan@example.ru>\nDate: вт, 12 " +
				"мар. 2024 г. в 10:00\nSubject: Принтер\nTo: <support@b.ru>\n\nНе работает",
			ivan,
		},
		{
			"Mail.ru",
			"Fwd: Принтер",
			"-------- Пересылаемое сообщение --------\nОт кого: Иван Петров <ivan@example.ru>\nКому: " +
				"support@b.ru\nДата: Вторник, 12 марта 2024, 10:00 +03:00\nТема: Принтер\n\nНе работает",
			ivan,
		},
		{
			"Yandex",
			"Fwd: Принтер",
			"-------- Пересылаемое сообщение --------\n12.03.2024, 10:00, \"Иван Петров\" <ivan@example.ru>:\n\nНе " +
				"работает\n\n-------- Конец пересылаемого сообщения --------",
			ivan,
		},
		{
			"Apple",
			"Fwd: Принтер",
			"Начало переадресованного сообщения:\n\n> От: Иван Петров <ivan@example.ru>\n> Тема: Принтер\n> Дата: 12 " +
				"марта 2024 г., 10:00\n> Кому: support@b.ru\n> \n> Не работает",
			ivan,
		},
		{
			"Thunderbird",
			"Fwd: Принтер",
			"-------- Перенаправленное сообщение --------\nТема: \tПринтер\nДата: \tTue, 12 Mar 2024 10:00:00 " +
				"+0300\nОт: \tИван Петров <ivan@example.ru>\nКому: \tsupport@b.ru\n\nНе работает",
			ivan,
		},
		{
			"Outlook says it in the subject alone",
			"FW: Принтер",
			"Посмотрите\n\nОт: Иван Петров <ivan@example.ru>\nОтправлено: 12 марта 2024 г. 10:00\nКому: " +
				"support@b.ru\nТема: Принтер\n\nНе работает",
			ivan,
		},
		{
			"Outlook in Russian",
			"Пересл: Принтер",
			"________________________________\nОт: Иван Петров " +
				"<ivan@example.ru<mailto:ivan@example.ru>>\nОтправлено: 12 марта 2024 г. 10:00\nКому: " +
				"support@b.ru\nТема: Принтер\n\nНе работает",
			ivan,
		},
		{
			"Outlook 2010",
			"FW: Printer",
			"From: Иван Петров [mailto:ivan@example.ru] \nSent: Tuesday, March 12, 2024 10:00 AM\nTo: " +
				"support\nSubject: Printer\n\nHello",
			ivan,
		},
		{
			"Yandex says it in the subject alone",
			"Fwd: Принтер",
			"Посмотрите\n\n----------------\nКому: support@b.ru;\nТема: Принтер;\n12.03.2024, 10:00, \"Иван Петров\" " +
				"<ivan@example.ru>:\n\nНе работает",
			ivan,
		},
		{
			"no address",
			"FW: Принтер",
			"От: Иван Петров\nОтправлено: 12 марта 2024 г. 10:00\nКому: support\nТема: Принтер\n\nНе работает",
			desk.Address{Name: "Иван Петров"},
		},
		{
			"without a subject that says so, the line does",
			"Принтер",
			"Посмотрите\n\nBegin forwarded message:\n\nFrom: Иван Петров <ivan@example.ru>\nSubject: x\nDate: 12 " +
				"March 2024\nTo: support@b.ru\n\nHello",
			ivan,
		},
	} {
		got, ok := c.Forwarded(tt.subject, tt.text)
		if !ok || !cmp.Equal(got, tt.want) {
			t.Errorf("%s: %v, %v", tt.name, got, ok)
		}
	}
	for _, tt := range []struct{ subject, text string }{
		{
			"RE: FW: Принтер",
			"Спасибо\n\nОт: Иван Петров <ivan@example.ru>\nОтправлено: 12 марта 2024 г. 10:00\nКому: " +
				"support@b.ru\nТема: Принтер\n\nНе работает",
		},
		{"Принтер", "Спасибо"},
		{"Fwd: Принтер", "Посмотрите вложение"},
		{"", ""},
	} {
		if got, ok := c.Forwarded(tt.subject, tt.text); ok {
			t.Errorf("%s: no forward, but %v", tt.subject, got)
		}
	}
}
