package desk_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"

	"helpdesk/pkg/charset"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/quote"
)

// TestNoWordIsLost holds the ninth promise: in letters made at random every word of three letters and more stands in
// the subject, the text or an attached file. What we wrote ourselves, and is quoted, is on the task already.
func TestNoWordIsLost(t *testing.T) {
	const letters = 1000
	rules, cutter := corpusRules(t)
	whole, forms := 0, map[desk.Form]int{}
	for seed := range uint64(letters) {
		l := newLetter(seed)
		post, files := posted(t, rules, cutter, l.raw, seed%2 == 1)
		if post == nil {
			t.Fatalf("letter %d: no post\n%s", seed, l.raw)
		}
		forms[post.Form]++
		if files == nil {
			whole++
			continue
		}
		shown := squashed(post.Title + " " + post.Subject + " " + post.Text)
		for _, word := range l.words {
			if !strings.Contains(shown, squashed(word)) && !strings.Contains(squashed(*files), squashed(word)) {
				t.Errorf("letter %d: %q is lost\nshown: %s\n%s", seed, word, shown, l.raw)
				break
			}
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d letters, %v, %d attached as a whole", letters, forms, whole)
	if forms[desk.FormTask] == 0 || forms[desk.FormRepeat] == 0 || whole > letters/2 {
		t.Errorf("%v, %d attached as a whole: nothing is tested so", forms, whole)
	}
}

// posted returns what becomes of a letter, and the content of its files; nil where the letter itself is one of them.
func posted(t *testing.T, rules *desk.Rules, cutter *quote.Cutter, raw []byte, known bool) (*desk.Post, *string) {
	m, err := pass.Read(bytes.NewReader(raw), desk.Listing{Size: int64(len(raw))}, pass.Reading{Cutter: cutter})
	if err != nil {
		t.Fatal(err)
	}
	f := desk.Facts{Now: corpusNow, Signer: corpusSigner, Known: map[string]desk.Link{}, Tickets: map[uint64]desk.Ticket{}}
	if known {
		a := desk.Address{Addr: "ivan@example.org"}
		f.Tickets[5] = desk.Ticket{Number: 5, Task: 3711, Requester: a, ReplyTo: a, Subject: "x", Status: desk.Open, Opened: corpusNow.Add(-time.Hour)}
		f.Known["first@example.org"] = desk.Link{Ticket: 5, Origin: desk.FromCustomer}
	}
	for _, e := range rules.Decide(&m, f).Effects {
		if e.Post == nil {
			continue
		}
		files := ""
		for _, file := range e.Post.Files {
			if file.Part == desk.WholeMessage {
				return e.Post, nil
			}
			var b bytes.Buffer
			if err := eml.Extract(bytes.NewReader(raw), file.Part, &b); err != nil {
				t.Fatal(err)
			}
			text, _ := charset.UTF8(b.Bytes(), "")
			files += file.Name + " " + text + " "
		}
		post := *e.Post
		post.Text = m.BBCode
		if post.Form == desk.FormTask || post.Whole {
			post.Text = m.FullCode
		}
		return &post, &files
	}
	return nil, nil
}

// squashed returns the letters and digits of a text, in lower case.
func squashed(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// randomLetter is a letter in the making, and the words in it that the customer wrote.
type randomLetter struct {
	*rand.Rand
	raw   []byte
	words []string
	parts int
}

func newLetter(seed uint64) *randomLetter {
	l := &randomLetter{Rand: rand.New(rand.NewPCG(seed, 9))}
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: Ivan <ivan@example.org>\r\nTo: support@example.ru\r\nMessage-ID: <%d@example.org>\r\n", seed)
	if subject := l.say(l.IntN(4)); subject != "" {
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
				word += l.pick("ка", "со", "ти", "ме", "ру", "на", "ло", "ви", "пре", "стор") + l.pick("м", "т", "р", "л", "ск", "")
			}
		}
		if len([]rune(word)) >= 3 {
			l.words = append(l.words, word)
		}
		all = append(all, word)
	}
	return strings.Join(all, " ")
}

// encoded writes a header value.
func (l *randomLetter) encoded(s string) string {
	switch l.IntN(4) {
	case 0:
		return s // raw
	case 1:
		b, _ := charmap.KOI8R.NewEncoder().String(s)
		return "=?koi8-r?B?" + base64.StdEncoding.EncodeToString([]byte(b)) + "?="
	case 2:
		code := base64.StdEncoding.EncodeToString([]byte(s))
		at := l.IntN(len(code))
		return "=?utf-8?B?" + code[:at] + "?=\r\n =?utf-8?B?" + code[at:] + "?="
	}
	return "=?" + l.pick("utf-8", "utf8mb4", "UTF-8*ru") + "?B?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?="
}

// entity writes what follows the header of a part: its fields, a blank line, and its body.
func (l *randomLetter) entity(b *bytes.Buffer, depth int, top bool) {
	l.parts++
	kind := l.IntN(7)
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
		l.multipart(b, "multipart/"+l.pick("mixed", "related", "signed", "report-to-nobody"), func(part *bytes.Buffer) { l.entity(part, depth+1, false) })
	case 6:
		l.multipart(b, "multipart/mixed", func(part *bytes.Buffer) {
			if l.IntN(2) == 0 {
				l.entity(part, depth+1, false)
				return
			}
			fmt.Fprintf(part, "Content-Type: %s; name=%s\r\nContent-Disposition: attachment\r\n\r\n%s", l.pick("text/plain", "application/octet-stream"),
				l.pick("заявка.txt", "ATT00001.txt", "a.pdf", "skan"), l.say(2))
		})
	}
}

// multipart writes one to three parts, by whatever boundary.
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
	if l.IntN(5) > 0 { // else cut off
		fmt.Fprintf(b, "--%s--\r\n", name)
	}
}

// alternative writes two forms of a text, of which one may say more than the other, or something else.
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

// text returns some lines, with a quote, a signature or a forward below them.
func (l *randomLetter) text() string {
	lines := []string{l.say(1 + l.IntN(6))}
	for range l.IntN(4) {
		lines = append(lines, l.say(l.IntN(5)))
	}
	switch l.IntN(8) {
	case 0:
		lines = append(lines, "", "12.03.2026 10:00, Пётр <petr@other.example> пишет:", "> "+l.say(3), "> "+l.say(2))
	case 1:
		lines = append(lines, "", "От: Пётр <petr@other.example>", "Отправлено: 12 марта 2026 г. 10:00", "Кому: Иван", "Тема: x", "", l.say(4))
	case 2:
		lines = append(lines, "", "-- ", l.say(2))
	case 3:
		lines = append([]string{l.pick("Добрый день!", "См. ниже", "Ответы в письме красным"), "", "12.03.2026 10:00, Пётр <petr@other.example> пишет:", "> " + l.say(3)}, lines...)
	case 4:
		lines = append(lines, "", "-------- Пересылаемое сообщение --------", "От: Пётр <petr@other.example>", "", l.say(3))
	}
	return strings.Join(lines, "\n")
}

// page makes HTML of a text, as programs do.
func (l *randomLetter) page(text string) string {
	var b strings.Builder
	b.WriteString(l.pick("", "<html><body>", "<title/>", "<style>p{margin:0}</style>", "<style>p{margin:0}<p></p>", "<!-- x -->", `<?xml version="1.0"?><html><head><title/></head><body>`))
	for line := range strings.SplitSeq(text, "\n") {
		line = html.EscapeString(line)
		switch l.IntN(8) {
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

// leaf writes a text in some charset and coding, of which the label may be wrong.
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
	switch l.IntN(4) {
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
