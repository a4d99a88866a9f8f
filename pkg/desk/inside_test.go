package desk

import (
	"strings"
	"testing"
)

// The prefix is found after more kinds of invisible characters, markup and names. Nothing that begins with it goes out,
// even if comments that begin with a mention do.
func TestPrefixBehindOddLeads(t *testing.T) {
	p := testPolicy(t)
	r := compile(t, p)
	for _, lead := range []string{
		"\u00a0", "\ufffc", "\u3164", "\u2063", "\u034f", "\ufff9", "\x00", "\x07", "\u0085", "\u1680", "\uffa0",
		"\U0001d173", "\U000e0100", "\u17b4", "&zwnj;&ensp;&emsp;", "&lrm;", "&#160;", "&ZeroWidthSpace;", "&NoBreak;",
		"<br />", "<br>", "<p>", "[BR]", "[HR]", "[LEFT]", "[BGCOLOR=#fff]", "[CUT]", "[ATTACH=1]", "[SUP]", "[PRE]",
		"[DISK FILE ID=n12] [DISK FILE ID=n13]\n[B]", "[SIZE=18pt][COLOR=red][B]", "[color=rgb(0,0,0)]",
		"[LIST]\n[*][B]",
		"[URL=https://x.example/?q=" + strings.Repeat("abcdefghij", 40) + "]",
		"[IMG]https://x.example/a.png[/IMG]\n", "[img width=10 height=20]https://x.example/a.png[/img] ",
		"[VIDEO TYPE=YOUTUBE WIDTH=400]https://video.example/x[/VIDEO]\n", "[URL=https://x.example/u/5]@Анна[/URL] ",
		"[URL=/company/personal/user/5/]Анна[/URL], ", "[DEPARTMENT=5]Склад[/DEPARTMENT] ", "[USER ID=5]Анна[/USER] ",
		"[USER=5 REPLACE]Анна[/USER]!!! ", "[B]@Анна[/B], ", "@Анна Смирнова — ", "@Анна (склад): ",
		"[USER=5]Анна[/USER] (склад), ", "[USER=5]Анна[/USER] и [USER=6]Пётр[/USER] ", "@Анна, @Пётр, ",
		"@Анна и @Пётр ",
		"[QUOTE]\r\nтекст\r\n[/QUOTE]\r\n", ">>текст\r\n>>ещё\r\n", "> цитата\r\n\r\n> ещё\r\n\r\n",
		"------------------\r\nИван [12.03.2026]\r\nтекст\r\n------------------\r\n",
		"-----------------------\nАнна [Сегодня, 10:00] #chat77/123\nтекст\n\nещё\n-----------------------\n\n",
		"[USER=5]Анна[/USER]\n[QUOTE]a[/QUOTE]\n", "> раз\n\n[QUOTE]a[/QUOTE]\n@Анна ",
	} {
		for _, begin := range []string{"// внутри", "/\u0338/ внутри", "&sol;&sol; внутри", "\u2571\u2571 внутри"} {
			if d := r.Announce(change(said(101, lead+begin)), announceFacts()); d.Reasons[0].Rule != "internal" {
				t.Errorf("%q: %s", lead+begin, d.Reasons[0].Rule)
			}
		}
	}
	p.InternalPrefix = "--"
	r = compile(t, p)
	for _, text := range []string{"-- внутри", "[USER=5]Анна[/USER] -- внутри", "@Анна, -- внутри"} {
		if d := r.Announce(change(said(101, text)), announceFacts()); d.Reasons[0].Rule != "internal" {
			t.Errorf("%q: %s", text, d.Reasons[0].Rule)
		}
	}
	for _, text := range []string{"Готово -- почти", "(склад) -- почти"} {
		if d := r.Announce(change(said(101, text)), announceFacts()); d.Reasons[0].Rule != ForCustomer {
			t.Errorf("%q: %s", text, d.Reasons[0].Rule)
		}
	}
}

// Text that stays inside is not mailed in a quote, in whatever form.
func TestQuotesInOddForms(t *testing.T) {
	r := compile(t, testPolicy(t))
	f := announceFacts()
	f.Ticket.Sent = "Проверьте, пожалуйста, кабель принтера.\nДобрый день! Принтер не печатает."
	for _, text := range []string{
		"------------------\r\nАнна [12.03.2026 10:00]\r\nСЕКРЕТ\r\n------------------\r\nКабель заменим.",
		"------------------\nАнна [Сегодня, 10:00] #chat77/123\nСЕКРЕТ\n------------------\nКабель заменим.",
		"-------\nАнна\nСЕКРЕТ\n-------\nКабель заменим.",
		"------------------\nАнна [12.03.2026 10:00]\nСЕКРЕТ\nКабель заменим.",
		"------------------\nАнна [12.03.2026 10:00]\n>>СЕКРЕТ\n------------------\nКабель заменим.",
		">> СЕКРЕТ\r\n>>СЕКРЕТ\r\nКабель заменим.", " >>СЕКРЕТ\nКабель.", "\u200b>>СЕКРЕТ\nКабель.",
		"[B]>>СЕКРЕТ[/B]\nКабель.", "Кабель.\n> // СЕКРЕТ\n> СЕКРЕТ\nКабель.", "&gt; // СЕКРЕТ\nКабель.",
		"[quote author=Анна]СЕКРЕТ[/quote]Кабель", "[QUOTE]Принтер не печатает СЕКРЕТ[/QUOTE]Кабель",
		"[QUOTE][B]С[/B]ЕКРЕТ[/QUOTE]Кабель", "[CODE][QUOTE]СЕКРЕТ[/QUOTE][/CODE]Кабель",
		"[SPOILER][QUOTE]СЕКРЕТ[/QUOTE][/SPOILER]Кабель", "Кабель [QUOTE]СЕКРЕТ[/QUOTE",
		"[QUOTE ]СЕКРЕТ[/QUOTE ]Кабель",
	} {
		d := r.Announce(change(said(101, text)), f)
		if len(d.Effects) > 0 && strings.Contains(d.Effects[0].Letter.Comments[0].Text, "СЕКРЕТ") {
			t.Errorf("%q goes out as %q", text, d.Effects[0].Letter.Comments[0].Text)
		}
	}
	for _, text := range []string{"Отгрузили:\n> 5 столов", "> Принтер не печатает\nПочиним.", "-----\nИтог: готово"} {
		d := r.Announce(change(said(101, text)), f)
		if len(d.Effects) == 0 || d.Effects[0].Letter.Comments[0].Text != text {
			t.Errorf("%q: %+v", text, d.Effects)
		}
	}
}
