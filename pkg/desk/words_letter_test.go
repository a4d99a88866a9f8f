package desk_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// randomLetter is a letter being generated, with the words in it that the customer wrote.
type randomLetter struct {
	*rand.Rand
	raw   []byte
	words []string
	parts int
	kinds []string // odd kinds of parts and texts in it
}

func newLetter(seed uint64) *randomLetter {
	l := &randomLetter{Rand: rand.New(rand.NewPCG(seed, 9))}
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: Ivan <ivan@example.org>\r\nTo: support@example.ru\r\nMessage-ID: <%d@example.org>\r\n", seed)
	long := 0
	if l.IntN(25) == 0 {
		long = 40 + l.IntN(40)
		l.kinds = append(l.kinds, "long subject")
	}
	if subject := l.say(l.IntN(4) + long); subject != "" {
		fmt.Fprintf(&b, "Subject: %s\r\n", l.encoded(subject))
	}
	if l.IntN(6) == 0 {
		fmt.Fprintf(&b, "%s\r\n", l.pick("Тема: приветствие", "wrapped without a blank", "----"))
	}
	b.WriteString("In-Reply-To: <first@example.org>\r\nMIME-Version: 1.0\r\n")
	l.entity(&b, 0, true)
	l.raw = b.Bytes()
	return l
}

func (l *randomLetter) pick(of ...string) string { return of[l.IntN(len(of))] }

// say returns n new words.
func (l *randomLetter) say(n int) string {
	var all []string
	for range n {
		word := ""
		switch l.IntN(5) {
		case 0:
			for range 4 + l.IntN(5) {
				word += string(rune('a' + l.IntN(26)))
			}
		case 1:
			word = fmt.Sprint(1000 + l.IntN(900000))
		default:
			for range 2 + l.IntN(3) {
				word += l.pick("ка", "со", "ти", "ме", "ру", "на", "ло", "ви", "пре", "стор") +
					l.pick("м", "т", "р", "л", "ск", "")
			}
		}
		if len([]rune(word)) >= 3 {
			l.words = append(l.words, word)
		}
		all = append(all, word)
	}
	return strings.Join(all, " ")
}

// encoded returns a header value in a random encoding.
func (l *randomLetter) encoded(s string) string {
	switch l.IntN(4) {
	case 0:
		return s // raw
	case 1:
		b, _ := charmap.KOI8R.NewEncoder().String(s)
		return "=?koi8-r?B?" + base64.StdEncoding.EncodeToString([]byte(b)) + "?="
	case 2:
		if l.IntN(2) == 0 {
			return l.cutWords(s)
		}
		code := base64.StdEncoding.EncodeToString([]byte(s))
		at := l.IntN(len(code))
		return "=?utf-8?B?" + code[:at] + "?=\r\n =?utf-8?B?" + code[at:] + "?="
	}
	return "=?" + l.pick("utf-8", "utf8mb4", "UTF-8*ru") + "?B?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?="
}

// entity writes the rest of a part: its header fields, a blank line, and its body.
func (l *randomLetter) entity(b *bytes.Buffer, depth int, top bool) {
	l.parts++
	kind := l.IntN(10)
	if depth > 2 || l.parts > 12 {
		kind = l.IntN(3)
	}
	switch kind {
	case 0, 1:
		l.leaf(b, "text/plain", l.text())
	case 2:
		l.leaf(b, "text/html", l.page(l.text()))
	case 3, 4:
		l.alternative(b)
	case 5:
		l.multipart(b, "multipart/"+l.pick("mixed", "related", "signed", "report-to-nobody"), func(part *bytes.Buffer) {
			l.entity(part, depth+1, false)
		})
	case 7, 8, 9:
		l.odd(b, depth)
	case 6:
		l.multipart(b, "multipart/mixed", func(part *bytes.Buffer) {
			if l.IntN(2) == 0 {
				l.entity(part, depth+1, false)
				return
			}
			fmt.Fprintf(part, "Content-Type: %s; name=%s\r\nContent-Disposition: attachment\r\n\r\n%s",
				l.pick("text/plain", "application/octet-stream"),
				l.pick("заявка.txt", "ATT00001.txt", "a.pdf", "skan"), l.say(2))
		})
	}
}

// multipart writes one to three parts with a random boundary.
func (l *randomLetter) multipart(b *bytes.Buffer, typ string, part func(*bytes.Buffer)) {
	name := fmt.Sprintf("b%d", l.Uint32())
	declared := name
	if l.IntN(5) == 0 {
		declared = l.pick("'"+name+"'", "other", strings.ToUpper(name))
	}
	fmt.Fprintf(b, "Content-Type: %s%s boundary=%s\r\n\r\n", typ, l.pick(";", ";", ","), declared)
	for range 1 + l.IntN(3) {
		var one bytes.Buffer
		part(&one)
		if !bytes.HasPrefix(one.Bytes(), []byte("Content-")) && declared != name {
			one = *bytes.NewBufferString("Content-Language: ru\r\n" + one.String())
		}
		fmt.Fprintf(b, "--%s\r\n%s\r\n", name, one.Bytes())
	}
	if l.IntN(5) > 0 { // otherwise the end is missing
		fmt.Fprintf(b, "--%s--\r\n", name)
	}
}

// alternative writes two forms of a text. One may say more than the other, or something else.
func (l *randomLetter) alternative(b *bytes.Buffer) {
	before := len(l.words)
	plain := l.text()
	page := plain
	switch l.IntN(5) {
	case 0:
		page += "\n" + l.say(3)
	case 1:
		plain += "\n" + l.say(3)
	case 2:
		page = l.text()
	case 3:
		l.words = l.words[:before]
		plain = " "
		page = l.text()
	}
	forms := []func(*bytes.Buffer){
		func(part *bytes.Buffer) { l.leaf(part, "text/plain", plain) },
		func(part *bytes.Buffer) { l.leaf(part, "text/html", l.page(page)) },
	}
	next := 0
	name := fmt.Sprintf("a%d", l.Uint32())
	fmt.Fprintf(b, "Content-Type: multipart/alternative; boundary=%s\r\n\r\n", name)
	for ; next < len(forms); next++ {
		var one bytes.Buffer
		forms[next](&one)
		fmt.Fprintf(b, "--%s\r\n%s\r\n", name, one.Bytes())
	}
	fmt.Fprintf(b, "--%s--\r\n", name)
}

// text returns some lines, perhaps with a quote, a signature or a forward below them.
func (l *randomLetter) text() string {
	lines := []string{l.say(1 + l.IntN(6))}
	for range l.IntN(4) {
		lines = append(lines, l.say(l.IntN(5)))
	}
	if l.IntN(60) == 0 {
		l.kinds = append(l.kinds, "long text")
		for range 260 {
			lines = append(lines, l.say(10))
		}
	}
	switch l.IntN(8) {
	case 0:
		lines = append(lines, "", "12.03.2026 10:00, Пётр <petr@other.example> пишет:", "> "+l.say(3), "> "+l.say(2))
	case 1:
		lines = append(lines, "", "От: Пётр <petr@other.example>", "Отправлено: 12 марта 2026 г. 10:00", "Кому: Иван",
			"Тема: x", "", l.say(4))
	case 2:
		lines = append(lines, "", "-- ", l.say(2))
	case 3:
		lines = append([]string{l.pick("Добрый день!", "См. ниже", "Ответы в письме красным"), "",
			"12.03.2026 10:00, Пётр <petr@other.example> пишет:", "> " + l.say(3)}, lines...)
	case 4:
		lines = append(lines, "", "-------- Пересылаемое сообщение --------", "От: Пётр <petr@other.example>", "",
			l.say(3))
	}
	return strings.Join(lines, "\n")
}

// page converts a text to HTML as mail programs do.
func (l *randomLetter) page(text string) string {
	var b strings.Builder
	b.WriteString(l.pick("", "<html><body>", "<title/>", "<style>p{margin:0}</style>", "<style>p{margin:0}<p></p>",
		"<!-- x -->", `<?xml version="1.0"?><html><head><title/></head><body>`))
	for line := range strings.SplitSeq(text, "\n") {
		line = html.EscapeString(line)
		switch l.IntN(9) {
		case 8:
			l.element(&b, line)
		case 0:
			fmt.Fprintf(&b, "<div>%s</div>", line)
		case 1:
			fmt.Fprintf(&b, "<ol start=%d><li>%s</li></ol>", l.IntN(5), line)
		case 2:
			fmt.Fprintf(&b, "<table><tr><td>%s</td></tr></table>", line)
		case 3:
			fmt.Fprintf(&b, "<noscript>%s</noscript><br>", line)
		case 4:
			fmt.Fprintf(&b, "<p>%s<sup>1</sup></p>", line)
		default:
			fmt.Fprintf(&b, "%s<br>\n", line)
		}
	}
	return b.String()
}

// leaf writes a text in a random charset and transfer encoding, with labels that may be wrong.
func (l *randomLetter) leaf(b *bytes.Buffer, typ, text string) {
	label, body := "utf-8", []byte(text)
	for name, c := range map[string]encoding.Encoding{"windows-1251": charmap.Windows1251, "koi8-r": charmap.KOI8R} {
		if encoded, err := c.NewEncoder().Bytes([]byte(text)); err == nil && l.IntN(3) == 0 {
			label, body = name, encoded
		}
	}
	if label == "utf-8" && l.IntN(3) == 0 {
		label = l.pick("foo", "gb2312", "utf-16", "us-ascii", "ru-RU", "iso-8859-1", "windows-1251")
	}
	fmt.Fprintf(b, "Content-Type: %s; charset=%s\r\n", typ, label)
	if l.IntN(8) == 0 {
		b.WriteString("Content-Disposition: " + l.pick("inline", "inline; filename=text.txt", "attachment") + "\r\n")
	}
	switch l.IntN(6) {
	case 4:
		l.noisyBase64(b, body)
	case 5:
		l.brokenQuoted(b, body)
	case 0:
		code := base64.StdEncoding.EncodeToString(body)
		b.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
		for len(code) > 76 {
			b.WriteString(code[:76] + "\r\n")
			code = code[76:]
		}
		b.WriteString(code)
		if l.IntN(3) == 0 && typ == "text/plain" {
			fmt.Fprintf(b, "\r\n_____\r\n%s mailing list", l.say(1))
		}
	case 1:
		b.WriteString("Content-Transfer-Encoding: quoted-printable\r\n\r\n")
		w := quotedprintable.NewWriter(b)
		_, _ = w.Write(body)
		_ = w.Close()
	default:
		b.WriteString("\r\n")
		b.Write(bytes.ReplaceAll(body, []byte("\n"), []byte("\r\n")))
	}
}
