package markup

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	quoteTag = `<blockquote style="margin:0 0 12px 0;padding:0 0 0 12px;border-left:3px solid #9aa0a6">`
	pTag     = `<p style="margin:0 0 12px 0">`
	listTag  = ` style="margin:0 0 12px 0;padding:0 0 0 24px">`
	liTag    = `<li style="margin:0 0 4px 0">`
	tdTag    = `<td align="left" valign="top" style="padding:4px 8px;border:1px solid #9aa0a6">`
	tableTag = `<table cellpadding="0" cellspacing="0" style="border-collapse:collapse;margin:0 0 12px 0">`
	linkEnd  = `" style="color:#1a5fb4;text-decoration:underline">`
)

func TestLetter(t *testing.T) {
	pre := openHTML["pre"]
	for _, c := range []struct{ name, in, html, text string }{
		{"nothing", " \n ", "", ""},
		{
			"text",
			"a < b & \"c\"\nd\n\n\ne",
			pTag + "a &lt; b &amp; &#34;c&#34;<br/>d</p>\n" + pTag + "e</p>",
			"a < b & \"c\"\nd\n\ne",
		},
		{
			"entities once",
			"&lt;script&gt; &amp;lt; &#91;B&#93;",
			pTag + "&lt;script&gt; &amp;lt; [B]</p>",
			"<script> &lt; [B]",
		},
		{"our own marks", "[\u200bB] \u200b#tag", pTag + "[B] #tag</p>", "[B] #tag"},
		{
			"formats",
			"[b]a[I]b[/B]c[/i] [u]d[/u][S]e[/S]",
			pTag + "<b>a</b><b><i>b</i></b><i>c</i> <u>d</u><s>e</s></p>",
			"abc de",
		},
		{"unknown", "[#3711-4821] [x] [B [/Q]", pTag + "[#3711-4821] [x] [B [/Q]</p>", "[#3711-4821] [x] [B [/Q]"},
		{
			"mentions",
			"[USER=12]Иван[/USER], [USER=all]все[/USER] [USER=5 REPLACE]Пётр[/USER] [USER=7][/USER]",
			pTag + "Иван, все Пётр </p>",
			"Иван, все Пётр",
		},
		{"links", "[URL=https://x.ru/a?b=\"1\"&amp;c[]=2]t[/URL] [URL]http://y.ru[/URL] [url=mailto:a@b.ru]us[/url]",
			pTag + `<a href="https://x.ru/a?b=&#34;1&#34;&amp;c[]=2` + linkEnd + `t</a> <a href="http://y.ru` +
				linkEnd + `http://y.ru</a> <a href="mailto:a@b.ru` + linkEnd + `us</a></p>`,
			`t (https://x.ru/a?b="1"&c[]=2) http://y.ru us (mailto:a@b.ru)`},
		{"bad links", "[URL=javascript:alert(1)]a[/URL] [URL=/company/1/]b[/URL] [URL]data:x[/URL] [URL= " +
			"java&#10;script:x]c[/URL]",
			pTag + "a b data:x c</p>", "a b data:x c"},
		{
			"bare link",
			"see https://x.ru/a?b=1&c=2, ok",
			pTag + `see <a href="https://x.ru/a?b=1&amp;c=2` + linkEnd + `https://x.ru/a?b=1&amp;c=2</a>, ok</p>`,
			"see https://x.ru/a?b=1&c=2, ok",
		},
		{
			"portal only",
			"a[IMG]https://portal/x.png[/IMG][IMG size=medium]/y.png [/IMG][DISK FILE " +
				"ID=n4755][DISK=12][ICON=http://p/i.png title=x]b",
			pTag + "ab</p>",
			"ab",
		},
		{"transparent", "[SIZE=20][COLOR=#ff0000]a[/COLOR][/SIZE][FONT=x]b[/FONT] [SEND=/x]c[/SEND] [PUT]d[/PUT] " +
			"[CALL=1]e[/CALL] [CHAT=3]f[/CHAT] [CONTEXT=chat1/2]g[/CONTEXT]",
			pTag + "ab c d e f g</p>", "ab c d e f g"},
		{
			"time",
			"[TIMESTAMP=1645844720 FORMAT=SHORT_DATE_FORMAT] [TIMESTAMP=1645844720] [TIMESTAMP=x]",
			pTag + "26.02.2022 26.02.2022 03:05 UTC </p>",
			"26.02.2022 26.02.2022 03:05 UTC",
		},
		{
			"quote",
			"a\n[QUOTE]b\n\nc[/QUOTE]\nd",
			pTag + "a</p>\n" + quoteTag + "\n" + pTag + "b</p>\n" + pTag + "c</p></blockquote>\n" + pTag + "d</p>",
			"a\n\n> b\n>\n> c\n\nd",
		},
		{
			"signs",
			"a\n>>b\n>> [B]c\nd",
			pTag + "a</p>\n" + quoteTag + "\n" + pTag + "b<br/><b>c</b></p></blockquote>\n" + pTag + "d</p>",
			"a\n\n> b\n> c\n\nd",
		},
		{
			"dashes",
			"------------\nИван [сегодня, 10:00]\nтекст\n------------\nответ",
			quoteTag + "\n" + pTag + "Иван [сегодня, 10:00]<br/>текст</p></blockquote>\n" + pTag + "ответ</p>",
			"> Иван [сегодня, 10:00]\n> текст\n\nответ",
		},
		{"lone dashes", "a\n--------\nb", pTag + "a<br/>--------<br/>b</p>", "a\n--------\nb"},
		{"code", "[CODE]a [B]x[/B]\n  <b>[/CODE]", pre + "a [B]x[/B]\n  &lt;b&gt;</pre>", "a [B]x[/B]\n  <b>"},
		{"list", "a\n[LIST]\n[*]b\n[*][B]c\n[LIST=1][*]d[/LIST]\n[/LIST]\ne",
			pTag + "a</p>\n<ul" + listTag + "\n" + liTag + "b</li>\n" + liTag + "<b>c</b>\n<ol" + listTag + "\n" +
				liTag + "<b>d</b></li></ol></li></ul>\n" + pTag + "e</p>",
			"a\n- b\n- c\n  1. d\ne"},
		{"item alone", "[*]a", pTag + "• a</p>", "• a"},
		{"table", "[TABLE][TR][TD]a[/TD][TD][/TD][/TR]\n[TR][TH]b[/TH]c[/TABLE]d",
			tableTag + "\n<tr>\n" + tdTag + "a</td>\n" + tdTag + "</td></tr>\n<tr>\n" + tdTag + "b</td>\n" + tdTag +
				"c</td></tr></table>\n" + pTag + "d</p>",
			"a |\nb | c\nd"},
		{
			"broken table",
			"[TD]a[/TABLE][TR]b[TABLE]c",
			pTag + "ab</p>\n" + tableTag + "\n<tr>\n" + tdTag + "c</td></tr></table>",
			"ab\nc",
		},
		{
			"centre",
			"[CENTER]a[/CENTER][P]b[/P][p][/p]",
			"<div style=\"text-align:center\">\n" + pTag + "a</p></div>\n<div>\n" + pTag + "b</p></div>",
			"a\nb",
		},
		{"spaces", "  a\tb   c", pTag + "&#160; a&#160;&#160;&#160;&#160;b&#160;  c</p>", "a b c"},
		{"emoji", ":) 👍🏽 ¯\\_(ツ)_/¯", pTag + ":) 👍🏽 ¯\\_(ツ)_/¯</p>", ":) 👍🏽 ¯\\_(ツ)_/¯"},
		{"breaks", "a[BR]b", pTag + "a<br/>b</p>", "a\nb"},
	} {
		if diff := cmp.Diff(c.html, HTML(c.in)); diff != "" {
			t.Errorf("%s: HTML: %s", c.name, diff)
		}
		if diff := cmp.Diff(c.text, Plain(c.in)); diff != "" {
			t.Errorf("%s: Plain: %s", c.name, diff)
		}
	}
}

func TestEscape(t *testing.T) {
	const z = "\u200b"
	for in, want := range map[string]string{
		"[B]x[/b]":                            "[" + z + "B]x[" + z + "/b]",
		"[Bold] [1] [] [/] [ B]":              "[Bold] [1] [] [/] [ B]",
		"[*] [USER=1] [disk file":             "[" + z + "*] [" + z + "USER=1] [" + z + "disk file",
		"[URL":                                "[" + z + "URL",
		"[Б]":                                 "[Б]",
		"#заказ #12 # x #":                    z + "#заказ " + z + "#12 # x #",
		"a\t#b\n#c ##d a#e (#f) #,g #[h] #<i": "a\t" + z + "#b\n" + z + "#c " + z + "##d a#e (#f) #,g #[h] #<i",
		"https://x.ru/a#b (www.x.ru#b) www.x.ru#b": "https://x.ru/a#b (www.x.ru#b) www.x.ru#b",
		"a\x00b\xffc\x01d\r\ne\rf😀":                "abcd\ne\nf😀",
	} {
		got := Escape(in)
		if got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
		if again := Escape(got); again != got {
			t.Errorf("Escape(%q) = %q, not the same", got, again)
		}
	}
}

func TestTitle(t *testing.T) {
	for _, c := range []struct {
		in   string
		max  int
		want string
	}{
		{" a\n b ", 9, "a b"}, {"абвгд", 5, "абвгд"}, {"абвгде", 5, "абвг…"}, {"a", 0, ""}, {"", 0, ""},
		{"ab e\u0301x", 4, "ab…"}, {"a👨‍👩‍👧b", 4, "a…"}, {"🇷🇺🇷🇺🇷🇺", 4, "🇷🇺…"}, {"abc", 1, "…"}, {"👍🏽👍🏽", 2, "…"},
	} {
		if got := Title(c.in, c.max); got != c.want {
			t.Errorf("Title(%q, %d) = %q, want %q", c.in, c.max, got, c.want)
		}
	}
}
