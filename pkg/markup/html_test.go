package markup

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readings are HTML letters with their plain text and BBCode.
var readings = []struct{ name, html, text, bbcode string }{
	{"nothing", "", "", ""},
	{
		"paragraphs",
		"<p>Добрый день!</p>\n<p>Не печатает\n  принтер.</p>",
		"Добрый день!\n\nНе печатает принтер.",
		"Добрый день!\n\nНе печатает принтер.",
	},
	{
		"lines",
		"one<br>two<br/><br>three<div>four</div>five",
		"one\ntwo\n\nthree\nfour\nfive",
		"one\ntwo\n\nthree\nfour\nfive",
	},
	{"Gmail blank line", "<div>a</div><div><br></div><div>b<br></div><div>c</div>", "a\n\nb\nc", "a\n\nb\nc"},
	{
		"Outlook lines",
		`<p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal>b</p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>c</p>`,
		"a\nb\n\nc",
		"a\nb\n\nc",
	},
	{
		"conditional comments",
		`a<!--[if mso]><table><tr><td>no</td></tr></table><![endif]--><![if !mso]>b<![endif]>`,
		"ab",
		"ab",
	},
	{
		"bold",
		"a <b>bo<strong>ld</strong> </b>text <i></i><u>u</u><s>s</s>",
		"a bold text us",
		"a [B]bold[/B] text [U]u[/U][S]s[/S]",
	},
	{
		"bold by style",
		`<span style="font-weight:bold">a <span style="font-style: italic">b</span></span> <b style="font-weight:normal">c</b> <font style="font-weight:700;font-style:italic">d</font>`,
		"a b c d",
		"[B]a [I]b[/I][/B] c [B][I]d[/I][/B]",
	},
	{"bold over paragraphs", "<b><p>a</p><p>b</p></b>c", "a\n\nb\n\nc", "[B]a\n\nb[/B]\n\nc"},
	{"crossed", "<b>a<i>b</b>c</i>d", "abcd", "[B]a[I]b[/I][/B]cd"},
	{"heading", "<h1>Title</h1>text", "Title\n\ntext", "[B]Title[/B]\n\ntext"},
	{"lists", "x<ul><li>a<li>b<ol><li>c</li><li></li><li>d</li></ol></li></ul>y",
		"x\n\n- a\n- b\n  1. c\n  3. d\n\ny", "x\n\n[LIST]\n[*]a\n[*]b\n1. c\n3. d\n[/LIST]\n\ny"},
	{"long item", "<ol start=9><li>a<br>b</li><li>c</li></ol>", "9. a\n   b\n10. c", "9. a\nb\n10. c"},
	{"numbers given", "<ol><li>a</li><li value=5>b</li><li>c</li></ol>", "1. a\n5. b\n6. c", "1. a\n5. b\n6. c"},
	{
		"numbers as they are",
		"<ol><li value=1>a</li><li value=2>b</li></ol>",
		"1. a\n2. b",
		"[LIST=1]\n[*]a\n[*]b\n[/LIST]",
	},
	{"reversed", "<ol reversed><li>a</li><li>b</li></ol>", "2. a\n1. b", "2. a\n1. b"},
	{
		"letters",
		`<ol type=a start=26><li>a</li><li>b</li></ol><ol style="list-style-type: upper-roman"><li>c</li></ol>`,
		"z. a\naa. b\n\nI. c",
		"z. a\naa. b\n\nI. c",
	},
	{
		"continued",
		"<ol><li>a</li></ol><p>x</p><ol start=2><li>b</li></ol>",
		"1. a\n\nx\n\n2. b",
		"[LIST=1]\n[*]a\n[/LIST]\n\nx\n\n2. b",
	},
	{
		"raised",
		"1 299<sup>90</sup> H<sub>2</sub>O 10<sup>-3</sup> 5<sup>1/2</sup> 1<sup>st</sup> x<sub>i</sub> 7<sub>1a</sub>",
		"1 299⁹⁰ H₂O 10⁻³ 5^1/2 1st xi 7_1a",
		"1 299⁹⁰ H₂O 10⁻³ 5^1/2 1st xi 7_1a",
	},
	{
		"raised by style",
		`5<span style="vertical-align:super">2</span> 1<span style='vertical-align: sub'>0</span>`,
		"5² 1₀",
		"5² 1₀",
	},
	{
		"raised in a link",
		"<a href='http://a.ru/'>5<sup>2</sup> 7<sup>1/2</sup></a>",
		"5² 7^1/2 (http://a.ru/)",
		"[URL=http://a.ru/]5² 7^1/2[/URL]",
	},
	{
		"prices beside each other",
		"<s>1000</s>900 <del>5</del><b>4</b> 299<small>90</small> <b>1</b>2",
		"1000 900 5 4 299 90 12",
		"[S]1000[/S] 900 [S]5[/S] [B]4[/B] 299 90 [B]1[/B]2",
	},
	{"base",
		`<base href="https://p.ru/d/"><a href="x.pdf">a</a> <a href="?id=5">b</a> <a href="/c">c</a> <a href="http://e.ru/">e</a> <a href="#f">f</a> <a href="//g.ru/">g</a>`,
		"a (https://p.ru/d/x.pdf) b (https://p.ru/d/?id=5) c (https://p.ru/c) e (http://e.ru/) f g (https://g.ru/)",
		"[URL=https://p.ru/d/x.pdf]a[/URL] [URL=https://p.ru/d/?id=5]b[/URL] [URL=https://p.ru/c]c[/URL] " +
			"[URL=http://e.ru/]e[/URL] f [URL=https://g.ru/]g[/URL]"},
	{"a base that leads nowhere", `<base href="file:///c/"><a href="x.pdf">a</a>`, "a", "a"},
	{
		"without scripts and frames",
		"<noscript>a</noscript> <object data=x>b</object> <video>c</video> <iframe src=x>d</iframe> " +
			"<noframes>e</noframes>",
		"a b c d e",
		"a b c d e",
	},
	{
		"forms",
		"<textarea>a\nb</textarea><input value=c><input type=text value=d><input type=hidden " +
			"value=e><button>f</button>",
		"a\nb d f",
		"a\nb d f",
	},
	{"QUIRK self-closed", `<title/><style/><div style="display:none"/>a<iframe/>b`, "ab", "ab"},
	{"QUIRK unclosed style", "<style>p{margin:0}<p>a</p>", "a", "a"},
	{"data table", "see<table " +
		"border=1><tr><th>Name</th><th>Sum</th></tr><tr><td>a</td><td></td></tr><tr><td>b</td><td><p>2</p></td></tr></table>end",
		"see\n\nName | Sum\na |\nb | 2\n\nend",
		"see\n\n[TABLE]\n[TR][TD]Name[/TD][TD]Sum[/TD][/TR]\n[TR][TD]a[/TD][TD][/TD][/TR]\n[TR][TD]b[/TD][TD]2[/TD][/TR]\n[/TABLE]\n\nend"},
	{
		"layout table",
		"<table><tr><td><table " +
			"role=presentation><tr><td>Hello</td></tr><tr><td>text</td></tr></table></td></tr></table>",
		"Hello\ntext",
		"Hello\ntext",
	},
	{
		"presentation",
		"<table role=presentation><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>",
		"a\nb\nc\nd",
		"a\nb\nc\nd",
	},
	{"link", `see <a href="https://example.ru/?a=1&amp;b=[2]#x">our page</a>.`,
		"see our page (https://example.ru/?a=1&b=[2]#x).",
		"see [URL=https://example.ru/?a=1&b=%5B2%5D#x]our page[/URL]."},
	{"link to itself",
		`<a href="https://example.ru/">https://example.ru/</a> <a href="http://example.ru">example.ru</a>`,
		"https://example.ru/ example.ru", "[URL]https://example.ru/[/URL] [URL=http://example.ru]example.ru[/URL]"},
	{
		"mail link",
		`<a href="mailto:a@b.ru">a@b.ru</a>, <a href="MAILTO:a@b.ru">us</a>`,
		"a@b.ru, us (MAILTO:a@b.ru)",
		"a@b.ru, [URL=MAILTO:a@b.ru]us[/URL]",
	},
	{
		"bad links",
		`<a href="java&#10;script:x()">a</a><a href="file:///c:/x">b</a><a name=x>c</a><a href="#top">d</a>`,
		"abcd",
		"abcd",
	},
	{"spaced link", `a<a href="http://x.ru"> b </a>c`, "a b (http://x.ru) c", "a [URL=http://x.ru]b[/URL] c"},
	{
		"block link",
		`<a href="http://x.ru"><p>a</p><p>b</p></a>`,
		"a\n\nb\n\n(http://x.ru)",
		"a\n\nb\n\n[URL]http://x.ru[/URL]",
	},
	{"pictures",
		`a<img src="cid:image001.png@01D9.1">b<img alt="screen.png" src="cid:ii_1"><img src=http://x/p.gif width=1 height=1 alt=t><img src=http://x/y.png alt="[Logo]">`,
		"a (image001.png) b (screen.png) Logo", "a (image001.png) b (screen.png) Logo"},
	{
		"hidden",
		`<div style="display:none">a</div><span style="font-size:0">b<i style="font-size:12px">c</i></span><style>p{}</style><script>x("<b>")</script><title>t</title>d<p hidden>e</p>`,
		"cd",
		"[I]c[/I]d",
	},
	{
		"preheader filling",
		`<div style="max-height:0;overflow:hidden">x</div>a&zwnj;&nbsp;&zwnj;&nbsp;&#847; b`,
		"a\u200c b",
		"a\u200c b",
	},
	{
		"quote",
		"a<blockquote><p>b</p><p>c</p><blockquote>d</blockquote></blockquote>e",
		"a\n\n> b\n>\n> c\n>\n> > d\n\ne",
		"a\n\n[QUOTE]b\n\nc\n\n[QUOTE]d[/QUOTE][/QUOTE]\n\ne",
	},
	{"code", "a<pre>x  [B]\n\ty</pre>b", "a\n\nx  [B]\n    y\n\nb", "a\n\n[CODE]x  [\u200bB]\n    y[/CODE]\n\nb"},
	{"Thunderbird pre", `<pre class="moz-quote-pre" wrap="">a  b
c <a href="http://x.ru">http://x.ru</a> d</pre>`, "a  b\nc http://x.ru d", "a  b\nc [URL]http://x.ru[/URL] d"},
	{"brackets", "[user=1]x[/user] [b] [1] #tag a#b [<b></b>USER=1] &#91;url=x]",
		"[user=1]x[/user] [b] [1] #tag a#b [USER=1] [url=x]",
		"[\u200buser=1]x[\u200b/user] [\u200bb] [1] \u200b#tag a#b [\u200bUSER=1] [\u200burl=x]"},
	{"bracket before ours", "[<b>USER=1]</b>", "[USER=1]", "[[B]USER=1][/B]"},
	{"forged marks", "a&#1;USER=1&#2;b&#0;c\x00", "aUSER=1b\ufffdc", "aUSER=1b\ufffdc"},
	{"entities once", "&amp;lt;b&amp;gt; &lt;b&gt; AT&T", "&lt;b&gt; <b> AT&T", "&lt;b&gt; <b> AT&T"},
	{"unclosed svg", "a<svg><text>b", "ab", "ab"},
	{"closed svg", "a<svg><text>b</text></svg>c", "ac", "ac"},
	{
		"plain text as HTML",
		"<html><body>\nDear all,\n\n  first\n<b>second</b> line\n</body></html>",
		"Dear all,\n\n  first\nsecond line",
		"Dear all,\n\n  first\n[B]second[/B] line",
	},
	{"wrapped in the source", "Dear\nall, <i>hello</i>", "Dear all, hello", "Dear all, [I]hello[/I]"},
	{"broken", "</p></td>a<td>b</div><p>c</table>d<", "a\nb\n\ncd<", "a\nb\n\ncd<"},
}

func TestText(t *testing.T) {
	for _, r := range readings {
		if diff := cmp.Diff(r.text, Text(r.html)); diff != "" {
			t.Errorf("%s: %s", r.name, diff)
		}
	}
}

func TestBBCode(t *testing.T) {
	for _, r := range readings {
		if diff := cmp.Diff(r.bbcode, parsed(r.html).BBCode()); diff != "" {
			t.Errorf("%s: %s", r.name, diff)
		}
	}
}
