package outbox_test

import (
	htmltemplate "html/template"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/render"
	"helpdesk/templates"
)

// pieces are parts of texts in the portal that may occur in any number.
var pieces = []string{
	"слово ", "слово\n", "\n", " ", "[B]", "[/B]", "[B]x[/B]", "[b][i][u]x[/u]", "[QUOTE]", "[QUOTE]x[/QUOTE]",
	"[/QUOTE]",
	"[LIST][*]x", "[LIST=1]\n[*]x[/LIST]", "[*]", "[TABLE][TR][TD]x", "[/TD][/TR][/TABLE]",
	"[URL=https://x.example/]y[/URL]",
	"[URL=https://portal.example/a]y[/URL]", "https://portal.example/b ", "https://x.example/a.b/c ", "[URL=",
	"[URL]x", "[",
	"]", "[[", "[CODE]", "[CODE]x[/CODE]", "[USER=5]Анна[/USER] ", "[IMG]https://x.example/a.png[/IMG]",
	"[SIZE=9][COLOR=red]",
	"&amp;", "&", "<", "<b>", "а@б.рф ", "www.", ">>x\n", "> x\n", "------\n", "-", ":)", "😀", "\u200b", "и\u0301",
	"&#91;",
	"[H1]x[/H1]", "[SPOILER=x]y[/SPOILER]", "[P]", "[TIMESTAMP=1710237600]", "1. x\n", "• x\n", "hd-0123456789abcdef\n",
}

// Rendering texts for the portal, cut or not, and letters takes time proportional to their size. Quadratic code would
// need sixteen times as long for four times the size.
func TestRenderingIsNotQuadratic(t *testing.T) {
	const size, more = 20_000, 4
	texts, err := render.New(templates.FS, render.Settings{Locale: "ru", Escape: markup.Escape})
	if err != nil {
		t.Fatal(err)
	}
	post := func(kind desk.Kind, form desk.Form) func(string) error {
		return func(s string) error {
			from := desk.Address{Name: s, Addr: "ivan@example.ru"}
			m := &desk.Message{BBCode: s, FullCode: s}
			return outbox.Describe(texts, time.UTC, m, &desk.Effect{Kind: kind, Post: &desk.Post{Form: form, Subject: s,
				From: from, Marker: "hd-0123456789abcdef"}}, s)
		}
	}
	forms := map[string]func(s string) error{
		"task":    post(desk.OpenTask, desk.FormTask),
		"comment": post(desk.CommentTask, desk.FormRepeat),
		"refused": post(desk.CommentTask, desk.FormRefused),
		"cut":     func(s string) error { markup.Cut(s, len(s)/2); markup.Title(s, 250); return nil },
		"plain":   func(s string) error { markup.Plain(markup.Outward(s, "portal.example")); return nil },
		"answer": func(s string) error {
			c := render.Comment{HTML: htmltemplate.HTML(markup.HTML(s)), Text: s, Name: s, Files: []string{s}}
			_, err := texts.Letter(desk.Answer, render.Vars{Subject: s, Contact: s, Comments: []render.Comment{c, c},
				Quote: strings.Split(s, "\n")})
			return err
		},
		"auto-reply": func(s string) error {
			_, err := texts.Letter(desk.Received, render.Vars{Subject: s, Contact: s, Mailbox: s})
			return err
		},
	}
	for name, form := range forms {
		took := func(s string) time.Duration {
			begun := time.Now()
			if err := form(s); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			return time.Since(begun)
		}
		for _, piece := range pieces {
			n := size / len(piece)
			var one, four time.Duration
			for range 30 { // quadratic code is slow every time, a busy machine is not
				one, four = took(strings.Repeat(piece, n)), took(strings.Repeat(piece, more*n))
				if four <= 10*one+100*time.Millisecond {
					break
				}
			}
			if four > 10*one+100*time.Millisecond {
				t.Errorf("%s of %q: %v, and %v for four times as much", name, piece, one, four)
			}
		}
	}
}
