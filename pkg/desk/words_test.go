package desk_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"helpdesk/pkg/charset"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/quote"
	"helpdesk/pkg/render"
	"helpdesk/templates"
)

// TestNoWordIsLost checks that no word of a random letter is lost: every word of three letters or more is in the
// subject, the text or an attached file. Quoted words of ours are exempt, since the task already shows them.
func TestNoWordIsLost(t *testing.T) {
	letters, first := 600, uint64(0)
	if testing.Short() {
		letters = 60
	}
	if wide := os.Getenv("HELPDESK_SEEDS"); wide != "" { // FIRST+COUNT
		if _, err := fmt.Sscanf(wide, "%d+%d", &first, &letters); err != nil {
			t.Fatal(err)
		}
	}
	rules, cutter := corpusRules(t)
	texts, err := render.New(templates.FS, render.Settings{Locale: "ru", Escape: markup.Escape})
	if err != nil {
		t.Fatal(err)
	}
	whole, lost, forms, kinds := 0, 0, map[desk.Form]int{}, map[string]int{}
	for seed := first; seed < first+uint64(letters) && lost < 5; seed++ {
		l := newLetter(seed)
		post, files := posted(t, rules, cutter, texts, l.raw, seed%2 == 1)
		if post == nil {
			t.Fatalf("letter %d: no post\n%s", seed, l.raw)
		}
		forms[post.Form]++
		if files == nil {
			whole++
			continue
		}
		for _, kind := range l.kinds {
			kinds[kind]++
		}
		shown := squashed(post.Title + " " + post.Text)
		for _, word := range l.words {
			if !strings.Contains(shown, squashed(word)) && !strings.Contains(squashed(*files), squashed(word)) {
				t.Errorf("letter %d, %v: %q is lost\nshown: %s\nfiles: %s\n%s", seed, l.kinds, word, post.Text, *files,
					l.raw)
				lost++
				break
			}
		}
	}
	t.Logf("%d letters, %v, %d attached as a whole; of the others: %v", letters, forms, whole, kinds)
	if forms[desk.FormTask] == 0 || forms[desk.FormRepeat] == 0 || whole > letters/2 {
		t.Errorf("%v, %d attached as a whole: nothing is tested so", forms, whole)
	}
	for _, kind := range oddKinds {
		if kinds[kind] == 0 && letters >= 600 {
			t.Errorf("no letter of the kind %q", kind)
		}
	}
}

// posted returns the post of a letter and the content of its files; nil = the letter itself is one of the files.
func posted(t *testing.T, rules *desk.Rules, cutter *quote.Cutter, texts *render.Set, raw []byte,
	known bool) (*desk.Post, *string) {
	m, err := pass.Read(bytes.NewReader(raw), desk.Listing{
		Place: desk.Place{UID: 7},
		Size:  int64(len(raw)),
	}, pass.Reading{Cutter: cutter,
		Event: func(e desk.Event) string { return texts.Event(e, time.UTC) }})
	if err != nil {
		t.Fatal(err)
	}
	f := desk.Facts{
		Now:     corpusNow,
		Signer:  corpusSigner,
		Known:   map[string]desk.Link{},
		Tickets: map[uint64]desk.Ticket{},
	}
	if known {
		a := desk.Address{Addr: "ivan@example.org"}
		f.Tickets[5] = desk.Ticket{
			Number:    5,
			Task:      3711,
			Requester: a,
			ReplyTo:   a,
			Subject:   "x",
			Status:    desk.Open,
			Opened:    corpusNow.Add(-time.Hour),
		}
		f.Known["first@example.org"] = desk.Link{Ticket: 5, Origin: desk.FromCustomer}
	}
	for _, e := range rules.Decide(&m, f).Effects {
		if e.Post == nil {
			continue
		}
		if err := outbox.Describe(texts, time.UTC, &m, &e, ""); err != nil {
			t.Fatal(err)
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
			files += file.Name + " " + opened(b.String()) + " "
		}
		return e.Post, &files
	}
	return nil, nil
}

// opened returns what a program shows for a file.
func opened(content string) string {
	content = strings.ReplaceAll(content, "\r\n ", "") // unfolds the lines of a calendar
	if strings.HasPrefix(content, `{\rtf`) {
		return shownRTF(content)
	}
	text := ""
	for _, label := range []string{"", "koi8-r", "windows-1251"} { // named in the letter; a person selects it
		s, _ := charset.UTF8([]byte(content), label)
		text += s + " "
	}
	return text
}

// squashed returns the letters and digits of a text in lower case.
func squashed(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
