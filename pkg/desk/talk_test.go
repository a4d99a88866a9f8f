package desk

import (
	"testing"
)

// The prefix is found after invisible characters, markup, mentions and quotes.
func TestPrefixIsFound(t *testing.T) {
	r := compile(t, testPolicy(t))
	for _, lead := range []string{
		"", " \n\t", "\u00ad", "\u200e", "\u202a", "\u2028", "\u3000", "\ufe0f", "\u200b\u200d\u2060\ufeff",
		"\u061c\u2066", "\u115f\u0301", "\u180e", "\U000e0020", "\r\n",
		"&nbsp;", "&#8206;", "&shy; &#xFEFF;", "&#32;",
		"[B]", "[b][i][U]", "[FONT=Arial][SIZE=3]", "[COLOR=#ff0000]", "[P]", "[CENTER]", "[URL=https://x.example]",
		"[URL]", "[TABLE][TR][TD]", "[LIST][*]", "[LIST=1]\n[*] ", "[SPOILER]", "[CODE]", "[IMG WIDTH=10]",
		"[DISK FILE ID=n12]\n", "[ICON=https://x.example/a.png title=x]", "[SEND=x]", "[H1]", "[VIDEO WIDTH=4]",
		"[S][/S]", "[justify]",
		"[USER=5]Анна[/USER], ", "[USER=5]Анна[/USER] [USER=6]Пётр[/USER]: ", "[CHAT=7]Чат[/CHAT] ", "@Анна ",
		"@Анна Смирнова, ", "@anna.s: ",
		"[QUOTE]текст[/QUOTE]\n", "[QUOTE]раз [QUOTE]два[/QUOTE] три[/QUOTE]\n",
		"[QUOTE=Иван]\nтекст\n[/QUOTE]\n[QUOTE]ещё[/QUOTE]\n", "> цитата\n> ещё\n", "&gt; цитата\n", ">>текст\n>>ещё\n",
		"------------------\nИван [12.03.2026]\nтекст\n------------------\n",
		"\u202a[B]\u200e[USER=5]Анна[/USER],\u3000[I]",
	} {
		for _, begin := range []string{"// внутри", "//внутри", "/\u200b/ внутри", "&#47;&#47; внутри",
			"\uff0f\uff0f внутри"} {
			d := r.Announce(change(said(101, lead+begin)), announceFacts())
			if d.Reasons[0].Rule != "internal" {
				t.Errorf("%q: %s", lead+begin, d.Reasons[0].Rule)
			}
		}
	}
	for _, text := range []string{"https://x.example", "Готово // почти", "Да/нет", "[B]Готово[/B] // почти",
		"[важно] готово", "Путь: //server/share", "> 5 шт\nотгрузили"} {
		if d := r.Announce(change(said(101, text)), announceFacts()); d.Reasons[0].Rule != ForCustomer {
			t.Errorf("%q: %s", text, d.Reasons[0].Rule)
		}
	}
}

// An answer goes out without quotes of what stayed inside, in whatever form.
func TestQuotesOfWhatStaysInside(t *testing.T) {
	r := compile(t, testPolicy(t))
	f := announceFacts()
	f.Ticket.Sent = "Проверьте, пожалуйста, кабель принтера.\nДобрый день! Принтер не печатает."
	const chat = "------------------------------------------------------\nАнна Смирнова [12.03.2026 10:00]\n"
	for text, want := range map[string]string{
		"[QUOTE]// клиент неправ[/QUOTE]\nКабель заменим.":                   "Кабель заменим.",
		"[QUOTE]Анна пишет:\n[B]// клиент неправ[/B][/QUOTE]Кабель заменим.": "Кабель заменим.",
		"[quote=Анна]скидку не давать[/quote]\n\nКабель заменим.":            "Кабель заменим.",
		"[QUOTE]раз [QUOTE]// два[/QUOTE] три[/QUOTE]\nКабель заменим.":      "Кабель заменим.",
		"[QUOTE]не закрыта // секрет":                                        "",
		chat +
			"// клиент неправ\n------------------------------------------------------\nКабель заменим.": "Кабель заменим.",
		chat +
			"скидку не давать\n------------------------------------------------------\nКабель заменим.": "Кабель заменим.",
		">>// клиент неправ\n>>скидку не давать\nКабель заменим.": "Кабель заменим.",
		"Кабель заменим.\n[QUOTE]\u200e// клиент неправ[/QUOTE]":  "Кабель заменим.",
		"Раз.\n[QUOTE]скидку не давать[/QUOTE]\nДва.":             "Раз.\n\nДва.",
		// Quotes of what we mailed or the customer wrote are kept.
		"[QUOTE]Проверьте кабель[/QUOTE]\nПроверили?": "[QUOTE]Проверьте кабель[/QUOTE]\nПроверили?",
		"[QUOTE]Иван пишет:\nПринтер не печатает[/QUOTE]\nПочиним.": "[QUOTE]Иван пишет:\nПринтер не " +
			"печатает[/QUOTE]\nПочиним.",
		chat + "Проверьте кабель принтера\n------------------------------------------------------\nПроверили?": chat +
			"Проверьте кабель принтера\n------------------------------------------------------\nПроверили?",
		"Отгрузили:\n> 5 столов": "Отгрузили:\n> 5 столов",
	} {
		d := r.Announce(change(said(101, text)), f)
		got := ""
		if len(d.Effects) > 0 {
			got = d.Effects[0].Letter.Comments[0].Text
		}
		if got != want {
			t.Errorf("%q:\n%q, want\n%q by %s", text, got, want, d.Reasons[0].Rule)
		}
	}
}

// A post carries its marker in its last line, or in its first if an older version made it. What the letter in the post
// quotes or leaves open makes no difference. A quote of the post does not carry the marker.
func TestCarriesTheMarker(t *testing.T) {
	marker := testSigner.Marker(DeriveKey("comment", "x"))
	const head = "Письмо: [B]Иван[/B] · 12.03.2026 10:00\n\n"
	post := func(text string) string { return (&Post{Text: text, Marker: marker}).Marked() }
	for text, want := range map[string]bool{
		post(head + "Касса стоит."): true,
		post(""):                    true,
		// the quote is never closed
		post(head + "[QUOTE]Касса стоит."):                                                                    true,
		post(head + "[QUOTE]Касса стоит.[/QUOTE]"):                                                            true,
		post(head + "Касса\n------------------\nИван"):                                                        true,
		post(head + "------------------\nКасса\n------------------"):                                          true,
		post(head + "Касса стоит.\n>>цитата"):                                                                 true,
		post(head+"[LIST][*]Касса") + "\r\n \n":                                                               true,
		"Письмо: Иван · " + marker + "\n\nКасса стоит.":                                                       true,
		"[B]Письмо: Иван · " + marker + "[/B]\n[QUOTE]Касса[/QUOTE]":                                          true,
		"[QUOTE]" + post(head+"Касса") + "[/QUOTE]\nЗаменим.":                                                 false,
		"[QUOTE]\n" + post(head+"Касса") + "\n[/QUOTE]":                                                       false,
		"Заменим.\n[QUOTE=Иван]" + post(head+"Касса") + "[/QUOTE]":                                            false,
		"------------------\nМы [12.03.2026 10:00]\n" + post(head+"Касса") + "\n------------------\nЗаменим.": false,
		"Заменим.\n------------------\nМы [12.03.2026 10:00]\n" + post(head+"Касса") + "\n------------------": false,
		">>Письмо\n>>Касса\n>>" + marker:                                                                      false,
		"Заменим.\n" + marker + "\nЗавтра.":                                                                   false,
		post(head+"Касса") + "\n\nЗаменим завтра.":                                                            false,
	} {
		if Carries(text, marker) != want || testSigner.Carries(text) != want {
			t.Errorf("%q: carries %v, signed %v, want %v", text, Carries(text, marker), testSigner.Carries(text), want)
		}
	}
	forged := (&Post{Text: "Касса", Marker: "hd-0123456789abcdef"}).Marked()
	if !Carries(forged, "hd-0123456789abcdef") || testSigner.Carries(forged) || Carries("Касса", "") {
		t.Error("a forged marker, or none, is taken for ours")
	}
	twice := &Post{Text: post("Касса"), Marker: marker}
	if twice.Marked() != twice.Text {
		t.Errorf("marked twice: %q", twice.Marked())
	}
}

// Markers and the portal's own remarks count only outside of quotes. The remarks count only if the portal does not mark
// its own messages.
func TestMarksInQuotes(t *testing.T) {
	marker := testSigner.Marker(DeriveKey("comment", "x"))
	r := compile(t, testPolicy(t))
	for _, c := range []struct {
		comment Comment
		chat    int64
		rule    string
	}{
		{Comment{ID: 101, Author: 17, Text: "[QUOTE]Письмо · " + marker + "[/QUOTE]\nЗаменим кабель."}, 0, ForCustomer},
		{
			Comment{
				ID:     101,
				Author: 17,
				Text: "------------------\nМы [12.03.2026 10:00]\nПисьмо · " + marker +
					"\n------------------\nЗаменим кабель.",
			},
			77,
			ForCustomer,
		},
		{Comment{ID: 101, Author: 17, Text: ">>Письмо · " + marker + "\nЗаменим кабель."}, 77, ForCustomer},
		{Comment{ID: 101, Author: 17, Text: "Письмо · " + marker + "\n[QUOTE]x[/QUOTE]"}, 0, "own"},
		{Comment{ID: 101, Author: 17, Text: "Письмо\n[QUOTE]x[/QUOTE]\n\n" + marker}, 0, "own"},
		{said(101, "Задача завершена."), 0, "service"},
		{said(101, "Задача завершена."), 77, ForCustomer},
		{said(101, "[QUOTE]Когда?[/QUOTE]\nЗадача завершена."), 0, "service"},
		{said(101, "[QUOTE]Задача завершена.[/QUOTE]\nКабель заменили."), 0, ForCustomer},
	} {
		ch := change(c.comment)
		ch.State.Chat = c.chat
		if d := r.Announce(ch, announceFacts()); d.Reasons[0].Rule != c.rule {
			t.Errorf("%q, chat %d: %s, want %s", c.comment.Text, c.chat, d.Reasons[0].Rule, c.rule)
		}
	}
}
