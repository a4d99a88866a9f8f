package desk_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// oddKinds are the kinds of parts and texts that must each occur at least once.
var oddKinds = []string{"calendar", "rtf", "tnef", "flowed", "languages", "amp", "rfc822", "element", "noisy base64",
	"broken quoted-printable", "words cut apart", "long subject"}

// odd writes a part of a rare kind.
func (l *randomLetter) odd(b *bytes.Buffer, depth int) {
	kinds := map[string]func(*bytes.Buffer, int){
		"calendar": l.calendar, "rtf": l.rtf, "tnef": l.tnef, "flowed": l.flowed, "languages": l.languages,
		"amp": l.amp, "rfc822": l.nested,
	}
	kind := l.pick("calendar", "rtf", "tnef", "flowed", "languages", "amp", "rfc822")
	l.kinds = append(l.kinds, kind)
	kinds[kind](b, depth)
}

func (l *randomLetter) calendar(b *bytes.Buffer, _ int) {
	var c strings.Builder
	fmt.Fprintf(&c, "BEGIN:VCALENDAR\r\nMETHOD:%s\r\nBEGIN:VEVENT\r\n",
		l.pick("REQUEST", "REPLY", "CANCEL", "COUNTER", "PUBLISH"))
	for _, name := range []string{"SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT"} {
		line := []byte(name + l.pick("", ";LANGUAGE=ru", ";ALTREP=\"CID:a;b\"") + ":" + l.say(l.IntN(4)) +
			l.pick("", "\\, ", "\\n") + l.say(1))
		for len(line) > 40 { // folded anywhere, even within a character
			c.Write(line[:40])
			c.WriteString("\r\n ")
			line = line[40:]
		}
		c.Write(line)
		c.WriteString("\r\n")
	}
	c.WriteString("DTSTART;TZID=\"Наша " +
		"зона\":20260316T100000\r\nBEGIN:VALARM\r\nDESCRIPTION:alarm\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
	b.WriteString("Content-Type: text/calendar; charset=utf-8" + l.pick("", "; method=REPLY", "; name=a.ics") +
		"\r\n\r\n" + c.String())
}

func (l *randomLetter) rtf(b *bytes.Buffer, _ int) {
	var text strings.Builder
	text.WriteString(`{\rtf1\ansi\ansicpg1251{\fonttbl{\f0 Arial;}}\f0 `)
	for _, r := range l.say(2+l.IntN(4)) + "\n" + l.say(2) {
		code, single := charmap.Windows1251.EncodeRune(r)
		switch {
		case r == '\n':
			text.WriteString(l.pick(`\par `, `\line `, `{\b\par}`))
		case r < 0x80:
			text.WriteRune(r)
		case single && l.IntN(2) == 0:
			fmt.Fprintf(&text, `\'%02x`, code)
		default:
			fmt.Fprintf(&text, `\u%d?`, int16(r))
		}
	}
	b.WriteString("Content-Type: " + l.pick("text/rtf", "application/rtf") + l.pick("", "; name=letter.rtf") +
		"\r\n\r\n" + text.String() + "}")
}

var codedRTF = regexp.MustCompile(`\\'([0-9a-f]{2})|\\u(-?\d+)\?`)

// shownRTF returns the text that a word processor shows for RTF written by rtf.
func shownRTF(text string) string {
	return codedRTF.ReplaceAllStringFunc(text, func(code string) string {
		m := codedRTF.FindStringSubmatch(code)
		if n, err := strconv.ParseUint(m[1], 16, 8); err == nil {
			return string(charmap.Windows1251.DecodeByte(byte(n)))
		}
		n, _ := strconv.Atoi(m[2])
		return string(rune(n))
	})
}

// tnef writes a winmail.dat that contains a text, and perhaps a file.
func (l *randomLetter) tnef(b *bytes.Buffer, _ int) {
	attr := func(level byte, id uint32, data []byte) []byte {
		a := append([]byte{level}, binary.LittleEndian.AppendUint32(nil, id)...)
		a = append(binary.LittleEndian.AppendUint32(a, uint32(len(data))), data...)
		sum := uint16(0)
		for _, c := range data {
			sum += uint16(c)
		}
		return binary.LittleEndian.AppendUint16(a, sum)
	}
	stream := []byte{0x78, 0x9f, 0x3e, 0x22, 1, 0}
	stream = append(stream, attr(1, 0x00069007, []byte{0xe3, 4, 0, 0, 0, 0, 0, 0})...) // attOemCodepage
	text := l.say(2 + l.IntN(3))
	if l.IntN(2) == 0 {
		body, _ := charmap.Windows1251.NewEncoder().String(text)
		stream = append(stream, attr(1, 0x0002800c, append([]byte(body), 0))...) // attBody
	} else {
		var wide []byte
		for _, u := range utf16.Encode([]rune(text)) {
			wide = binary.LittleEndian.AppendUint16(wide, u)
		}
		prop := []byte{1, 0, 0, 0, 0x1f, 0, 0x00, 0x10, 1, 0, 0, 0} // one property, PR_BODY
		prop = append(binary.LittleEndian.AppendUint32(prop, uint32(len(wide))), wide...)
		stream = append(stream, attr(1, 0x00069003, append(prop, make([]byte, -len(wide)&3)...))...) // attMsgProps
	}
	if l.IntN(2) == 0 {
		stream = append(stream, attr(2, 0x00069002, make([]byte, 14))...) // attAttachRenddata
		stream = append(stream, attr(2, 0x00018010, []byte("a.txt\x00"))...)
		stream = append(stream, attr(2, 0x0006800f, []byte(l.say(2)))...)
	}
	b.WriteString("Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString(stream))
}

func (l *randomLetter) flowed(b *bytes.Buffer, _ int) {
	delSp := l.IntN(2) == 0
	var text strings.Builder
	for range 1 + l.IntN(3) {
		for _, r := range l.say(3+l.IntN(8)) + l.pick("", " ") {
			text.WriteRune(r)
			switch {
			case r == ' ' && !delSp && l.IntN(3) == 0:
				text.WriteString("\r\n")
			case delSp && l.IntN(12) == 0:
				text.WriteString(" \r\n")
			}
		}
		text.WriteString("\r\n")
	}
	fmt.Fprintf(b, "Content-Type: text/plain; charset=utf-8; format=%s%s\r\n\r\n%s",
		l.pick("flowed", "Flowed", "\"flowed\""), map[bool]string{true: "; delsp=yes"}[delSp], text.String())
}

// tongue is a charset with words in a language that uses it.
type tongue struct {
	label  string
	coding encoding.Encoding
	words  []string
}

var tongues = []tongue{
	{"shift_jis", japanese.ShiftJIS, []string{"プリンター", "印刷できません", "請求書を送付"}},
	{"iso-2022-jp", japanese.ISO2022JP, []string{"プリンター", "印刷できません", "お願いします"}},
	{"gb2312", simplifiedchinese.GBK, []string{"打印机坏了", "请帮助我们", "发票号码"}},
	{"gb18030", simplifiedchinese.GB18030, []string{"打印机坏了", "请帮助我们", "发票号码"}},
	{"big5", traditionalchinese.Big5, []string{"印表機壞了", "請幫助我們", "發票號碼"}},
	{"euc-kr", korean.EUCKR, []string{"프린터가", "고장났습니다", "도와주세요"}},
	{"iso-8859-1", charmap.ISO8859_1, []string{"Grüße", "Äpfel", "naïve", "Señor", "façade"}},
	{"windows-1252", charmap.Windows1252, []string{"Straße", "Kühlschränke", "Œuvre", "Ångström"}},
	{"iso-8859-2", charmap.ISO8859_2, []string{"Zażółć", "gęślą", "jaźń", "příliš"}},
	{"windows-1250", charmap.Windows1250, []string{"Žluťoučký", "kůň", "úpěl", "łódź"}},
	{"windows-1253", charmap.Windows1253, []string{"εκτυπωτής", "βοήθεια", "τιμολόγιο"}},
	{"windows-1255", charmap.Windows1255, []string{"מדפסת", "עזרה", "חשבונית"}},
	{"windows-1256", charmap.Windows1256, []string{"طابعة", "مساعدة", "فاتورة"}},
	{"windows-1254", charmap.Windows1254, []string{"yazıcı", "şikâyet", "ğüzel"}},
	{"koi8-u", charmap.KOI8U, []string{"її", "друкарка", "не", "працює", "ґанок"}},
	{"windows-1251", charmap.Windows1251, []string{"прынтэр", "ўсё", "Україна", "Ђорђе"}},
	{"iso-8859-5", charmap.ISO8859_5, []string{"принтер", "сломался", "помогите"}},
	{"ibm866", charmap.CodePage866, []string{"касса", "печать", "ошибка"}},
}

func (l *randomLetter) languages(b *bytes.Buffer, _ int) {
	in := tongues[l.IntN(len(tongues))]
	text := ""
	for range 3 + l.IntN(4) {
		word := in.words[l.IntN(len(in.words))]
		if len([]rune(word)) >= 3 {
			l.words = append(l.words, word)
		}
		text += word + l.pick(" ", ", ", "\r\n")
	}
	body, err := in.coding.NewEncoder().String(text)
	if err != nil {
		panic(in.label + ": " + err.Error())
	}
	coding := "8bit"
	if l.IntN(2) == 0 {
		coding, body = "base64", base64.StdEncoding.EncodeToString([]byte(body))
	}
	fmt.Fprintf(b, "Content-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: %s\r\n\r\n%s",
		l.pick(in.label, strings.ToUpper(in.label), `"`+in.label+`"`), coding, body)
}

func (l *randomLetter) amp(b *bytes.Buffer, _ int) {
	text := l.text()
	name := fmt.Sprintf("m%d", l.Uint32())
	fmt.Fprintf(b, "Content-Type: multipart/alternative; boundary=%s\r\n\r\n", name)
	for _, form := range []string{"text/plain", l.pick("text/x-amp-html", "text/watch-html"), "text/html"} {
		said, content := len(l.words), text
		if form != "text/plain" {
			content = l.page(text)
		}
		if form != "text/html" { // nobody sees words that are in that form only
			l.words = l.words[:said]
		}
		fmt.Fprintf(b, "--%s\r\nContent-Type: %s; charset=utf-8\r\n\r\n%s\r\n", name, form, content)
	}
	fmt.Fprintf(b, "--%s--\r\n", name)
}

// nested writes a message as a part of a multipart, a digest or a multilingual message.
func (l *randomLetter) nested(b *bytes.Buffer, depth int) {
	name := fmt.Sprintf("n%d", l.Uint32())
	fmt.Fprintf(b, "Content-Type: multipart/%s; boundary=%s\r\n\r\n--%s\r\nContent-Type: text/plain; "+
		"charset=utf-8\r\n\r\n%s\r\n",
		l.pick("mixed", "digest", "multilingual", "parallel"), name, name, l.say(2))
	for range 1 + l.IntN(2) {
		fmt.Fprintf(b, "--%s\r\nContent-Type: message/rfc822%s\r\n\r\nFrom: petr@other.example\r\nSubject: "+
			"%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n",
			name, l.pick("", "\r\nContent-Language: en\r\nContent-Translation-Type: original", "; name=x.eml"),
			l.say(1), l.say(3))
	}
	fmt.Fprintf(b, "--%s--\r\n", name)
}

// element writes a line of HTML as some programs do, surrounded by hidden words.
func (l *randomLetter) element(b *strings.Builder, line string) {
	l.kinds = append(l.kinds, "element")
	const hidden = `<div style="display:none">unseen</div>`
	switch l.IntN(16) {
	case 0:
		fmt.Fprintf(b,
			"<table><thead><tr><th>%s</th><th>x</th></tr></thead><tbody><tr><td>1<table><tr><td>%s</td></tr></table></td></tr></table>", line, l.say(1))
	case 1:
		b.WriteString(hidden + "<p>" + line + "</p>" + `<span style="font-size:0;mso-hide:all">unseen</span>`)
	case 2:
		fmt.Fprintf(b, "<select><option>%s<option selected>%s</select><br>", line, l.say(1))
	case 3:
		fmt.Fprintf(b, "<textarea rows=2>%s</textarea><br>", line)
	case 4:
		fmt.Fprintf(b, "<details><summary>%s</summary>%s</details>", line, l.say(2))
	case 5:
		fmt.Fprintf(b, "<![if !mso]><p>%s</p><![endif]>", line)
	case 6:
		fmt.Fprintf(b, "<p class=MsoNormal>%s<o:p></o:p></p>", line)
	case 7:
		fmt.Fprintf(b, "<p>%s<p>%s<b>%s", line, l.say(1), l.say(1)) // never closed
	case 8:
		fmt.Fprintf(b, "<object data=x.swf><embed src=y>%s</object><br>", line)
	case 9:
		fmt.Fprintf(b, "<dl><dt>%s<dd>%s</dl>", line, l.say(1))
	case 10:
		fmt.Fprintf(b, "<pre>%s\n\n%s</pre>", line, l.say(1))
	case 11:
		fmt.Fprintf(b, "<fieldset><legend>%s</legend><label>%s</label><button>%s</button></fieldset>", line, l.say(1),
			l.say(1))
	case 12:
		fmt.Fprintf(b, "<a href=\"https://example.org/\">%s</a> <a href=mailto:x@y.example>%s</a><br>", line, l.say(1))
	case 13:
		fmt.Fprintf(b, "<div><blockquote>%s</blockquote>%s</div>", line, l.say(1))
	case 14:
		fmt.Fprintf(b, "<center><font color=red><marquee>%s</marquee></font></center><script/><title/>%s<br>", line,
			l.say(1))
	case 15:
		fmt.Fprintf(b, "<p>%s <x-%s a='1>2'>%s</p> < 5 &nbsp%s<br>", line, "tag", l.say(1), l.say(1))
	}
}

// noisyBase64 writes base64 with the noise that devices and gateways add.
func (l *randomLetter) noisyBase64(b *bytes.Buffer, body []byte) {
	l.kinds = append(l.kinds, "noisy base64")
	b.WriteString("Content-Transfer-Encoding: " + l.pick("base64", "Base64", "base64 ", "\"base64\"") + "\r\n\r\n")
	code := base64.StdEncoding.EncodeToString(body)
	if l.IntN(3) == 0 {
		code = strings.TrimRight(code, "=")
	}
	length := []int{60, 72, 76, 64, 1000, 77}[l.IntN(6)]
	end := l.pick("\r\n", "\n", " \r\n", "\r\n\r\n", "\t\r\n")
	for len(code) > length {
		b.WriteString(code[:length] + end)
		code = code[length:]
	}
	b.WriteString(code + l.pick("", "\r\n", "=", "\r\n\r\n", "==\r\n"))
}

// brokenQuoted writes quoted-printable with the mistakes of hand-written encoders.
func (l *randomLetter) brokenQuoted(b *bytes.Buffer, body []byte) {
	l.kinds = append(l.kinds, "broken quoted-printable")
	b.WriteString("Content-Transfer-Encoding: quoted-printable\r\n\r\n")
	hex := l.pick("=%02X", "=%02x")
	raw := l.IntN(3) == 0 // bytes beyond ASCII are not encoded
	column := 0
	for _, c := range body {
		if column > 60 && l.IntN(8) == 0 {
			b.WriteString(l.pick("=\r\n", "=\n", "= \r\n", "=\t \r\n"))
			column = 0
		}
		switch {
		case c == '\n':
			b.WriteString(l.pick("\r\n", "\n"))
			column = 0
		case c == '=' && l.IntN(2) == 0, c < 0x80 && c != '=' && l.IntN(40) > 0, c >= 0x80 && raw:
			b.WriteByte(c)
			column++
		default:
			fmt.Fprintf(b, hex, c)
			column += 3
		}
	}
	b.WriteString(l.pick("", "=", "=\r\n", "=0", " =XY", "=3D"))
}

// cutWords returns a header value as encoded words that may end within a character.
func (l *randomLetter) cutWords(s string) string {
	l.kinds = append(l.kinds, "words cut apart")
	var words []string
	coding := l.pick("B", "Q", "b", "q")
	for s != "" {
		n := min(len(s), 1+l.IntN(40))
		one := s[:n]
		s = s[n:]
		if strings.EqualFold(coding, "b") {
			words = append(words, "=?utf-8?"+coding+"?"+base64.StdEncoding.EncodeToString([]byte(one))+"?=")
			continue
		}
		q := ""
		for _, c := range []byte(one) {
			q += fmt.Sprintf("=%02X", c)
		}
		words = append(words, "=?UTF-8?"+coding+"?"+q+"?=")
	}
	return strings.Join(words, l.pick(" ", "\r\n ", "\r\n\t", ""))
}
