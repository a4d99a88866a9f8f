package main

import (
	"bytes"
	_ "embed" // for the words
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

//go:embed words.txt
var wordList string

const deskAddress = "support@desk.example"

// mix describes the letters of a mailbox.
type mix struct {
	count    int
	smallest int // least bytes of a file in every letter; 0 = some letters have a small file
	largest  int
	plain    bool // every letter is by a person and starts a thread
	brief    bool // letters have a line or two
	page     int  // bytes of the HTML page in every letter; 0 = text letters, half of them also in HTML
}

// writer makes letters; the same seed gives the same letters.
type writer struct {
	r     *rand.Rand
	words []string
	mix   mix
	past  []contact
	made  int
	at    time.Time
}

// contact is what a later letter in the thread refers to.
type contact struct{ id, from, subject, charset, text string }

func newWriter(seed uint64, m mix, at time.Time) *writer {
	return &writer{r: rand.New(rand.NewPCG(seed, uint64(m.count))), words: strings.Fields(wordList), mix: m, at: at}
}

// letter returns the next letter, with CRLF line ends. Seven in ten start a thread, each from another sender; the
// others continue a thread or are automatic.
func (w *writer) letter() []byte {
	w.made++
	one := contact{id: fmt.Sprintf("%d.%x@mail%d.example", w.made, w.r.Uint64(), w.made%97), charset: w.charset()}
	one.from = fmt.Sprintf("sender%d@company%d.example", w.made, w.made%313)
	one.subject, one.text = fmt.Sprintf("%s %d", w.sentence(5), w.made), w.text()
	var extra []string
	switch roll := w.r.Float64(); {
	case w.mix.plain:
	case roll < 0.15 && len(w.past) > 0:
		extra = w.answer(&one)
	case roll < 0.30:
		extra = w.automatic(&one)
	default:
		w.past = append(w.past, one)
	}
	return w.compose(one, extra)
}

// answer turns the letter into an answer in an earlier thread, with the text before quoted.
func (w *writer) answer(one *contact) []string {
	to := w.past[w.r.IntN(len(w.past))]
	one.from, one.charset, one.subject = to.from, to.charset, "Re: "+to.subject
	one.text += "\n> " + strings.ReplaceAll(to.text, "\n", "\n> ")
	return []string{"In-Reply-To: <" + to.id + ">", "References: <" + to.id + ">"}
}

func (w *writer) automatic(one *contact) []string {
	switch w.r.IntN(4) {
	case 0:
		return []string{"Auto-Submitted: auto-replied", "X-Auto-Response-Suppress: All"}
	case 1:
		return []string{"List-Id: news <news" + one.id + ">", "List-Unsubscribe: <mailto:off@list.example>",
			"Precedence: bulk"}
	case 2:
		one.from = "no-reply." + one.from
		return nil
	}
	return []string{"Precedence: auto_reply", "X-Autoreply: yes"}
}

func (w *writer) charset() string {
	return []string{"utf-8", "utf-8", "utf-8", "koi8-r", "windows-1251"}[w.r.IntN(5)]
}

func (w *writer) sentence(n int) string {
	picked := make([]string, n)
	for i := range picked {
		picked[i] = w.words[w.r.IntN(len(w.words))]
	}
	return strings.Join(picked, " ")
}

// text returns 200 bytes to 30 kB of text, mostly a short one.
func (w *writer) text() string {
	var b strings.Builder
	size := int(200 * math.Exp(w.r.Float64()*math.Log(150)))
	if w.mix.brief {
		size = 200
	}
	size = max(size, w.mix.page)
	for b.Len() < size {
		b.WriteString(w.sentence(4+w.r.IntN(12)) + ".\n")
	}
	return b.String()
}

var charsets = map[string]encoding.Encoding{
	"utf-8":        encoding.Nop,
	"koi8-r":       charmap.KOI8R,
	"windows-1251": charmap.Windows1251,
}

func encoded(charset, text string) []byte {
	raw, err := encoding.ReplaceUnsupported(charsets[charset].NewEncoder()).Bytes([]byte(text))
	if err != nil {
		panic(err) // cannot happen: characters outside the charset are replaced
	}
	return raw
}

func (w *writer) compose(one contact, extra []string) []byte {
	var b bytes.Buffer
	head := append([]string{
		"Return-Path: <" + one.from + ">",
		"Received: from mail.example (mail.example [192.0.2.1]) by mx.desk.example with ESMTPS id " + one.id[:6] +
			"; " + w.date(),
		"From: " + w.word(one.charset, w.sentence(2)) + " <" + one.from + ">",
		"To: <" + deskAddress + ">", "Subject: " + w.word(one.charset, one.subject), "Date: " + w.date(),
		"Message-ID: <" + one.id + ">", "MIME-Version: 1.0",
	}, extra...)
	for _, line := range head {
		b.WriteString(line + "\r\n")
	}
	file := w.file()
	if file != nil {
		b.WriteString("Content-Type: multipart/mixed; boundary=\"outer\"\r\n\r\n--outer\r\n")
	}
	w.body(&b, one)
	if file != nil {
		kind := "application/octet-stream"
		b.WriteString("\r\n--outer\r\nContent-Type: " + kind + "; name=\"file.bin\"\r\n" +
			"Content-Disposition: attachment; filename=\"file.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n")
		wrapped(&b, file)
		b.WriteString("\r\n--outer--\r\n")
	}
	return b.Bytes()
}

func (w *writer) date() string { return w.at.Format(time.RFC1123Z) }

func (w *writer) word(charset, s string) string {
	return mime.BEncoding.Encode(charset, string(encoded(charset, s)))
}

// body writes the text, and in half of the letters also an HTML page of it.
func (w *writer) body(b *bytes.Buffer, one contact) {
	page := "<html><head><style>p { margin: 0; font-family: sans-serif }</style></head><body><p>" +
		strings.ReplaceAll(one.text, "\n", "</p>\n<p>") + "</p></body></html>"
	switch {
	case w.mix.page > 0:
		w.part(b, "text/html", one.charset, page)
		return
	case w.r.IntN(2) == 0:
		w.part(b, "text/plain", one.charset, one.text)
		return
	}
	b.WriteString("Content-Type: multipart/alternative; boundary=\"inner\"\r\n\r\n--inner\r\n")
	w.part(b, "text/plain", one.charset, one.text)
	b.WriteString("\r\n--inner\r\n")
	w.part(b, "text/html", one.charset, page)
	b.WriteString("\r\n--inner--\r\n")
}

func (w *writer) part(b *bytes.Buffer, kind, charset, text string) {
	raw := bytes.ReplaceAll(encoded(charset, text), []byte("\n"), []byte("\r\n"))
	b.WriteString("Content-Type: " + kind + "; charset=" + charset + "\r\nContent-Transfer-Encoding: ")
	switch w.r.IntN(3) {
	case 0:
		b.WriteString("8bit\r\n\r\n")
		b.Write(raw)
	case 1:
		b.WriteString("quoted-printable\r\n\r\n")
		q := quotedprintable.NewWriter(b)
		_, _ = q.Write(raw) // in memory, it cannot fail
		_ = q.Close()
	default:
		b.WriteString("base64\r\n\r\n")
		wrapped(b, raw)
	}
}

func wrapped(b *bytes.Buffer, raw []byte) {
	const line = 57
	for ; len(raw) > line; raw = raw[line:] {
		b.WriteString(base64.StdEncoding.EncodeToString(raw[:line]) + "\r\n")
	}
	b.WriteString(base64.StdEncoding.EncodeToString(raw) + "\r\n")
}

// file returns an attachment, or nil. Its size is spread evenly over the orders of magnitude.
func (w *writer) file() []byte {
	low, high := w.mix.smallest, w.mix.largest
	if low == 0 {
		if low, high = 2000, 60_000; w.r.IntN(5) != 0 {
			return nil
		}
	}
	raw := make([]byte, int(float64(low)*math.Exp(w.r.Float64()*math.Log(float64(high)/float64(low)))))
	for i := range raw {
		raw[i] = byte(w.r.Uint32())
	}
	return raw
}
