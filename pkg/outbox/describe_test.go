package outbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/render"
	"helpdesk/templates"
)

// A text is never too long for the portal, and if it was cut, the whole message is attached.
func TestBounded(t *testing.T) {
	texts, err := render.New(templates.FS, render.Settings{Locale: "ru", Escape: markup.Escape})
	if err != nil {
		t.Fatal(err)
	}
	long := func(what string, n int) string { return strings.Repeat(what, n) }
	var many []desk.Address
	for i := range 20 {
		many = append(many, desk.Address{Name: long("Фамилия ", 80), Addr: fmt.Sprintf("a%d@example.ru", i)})
	}
	for _, tt := range []struct {
		name    string
		kind    desk.Kind
		form    desk.Form
		body    string
		to      []desk.Address
		subject string
		cause   string
		whole   bool // the whole message is attached
	}{
		{name: "a short comment", kind: desk.CommentTask, form: desk.FormRepeat, body: "Касса"},
		{
			name:  "a long comment",
			kind:  desk.CommentTask,
			form:  desk.FormRepeat,
			body:  long("Касса ", 5000),
			whole: true,
		},
		{
			name:  "people with long names",
			kind:  desk.CommentTask,
			form:  desk.FormWritten,
			body:  long("Касса ", 1500),
			to:    many,
			whole: true,
		},
		{
			name:  "a head that is too long",
			kind:  desk.CommentTask,
			form:  desk.FormWritten,
			body:  "Касса",
			to:    append(many, many...),
			whole: true,
		},
		{
			name:    "a long subject",
			kind:    desk.CommentTask,
			form:    desk.FormRepeat,
			body:    "Касса",
			subject: long("Касса ", 4000),
			whole:   true,
		},
		{name: "a long cause", kind: desk.CommentTask, form: desk.FormRefused, cause: long("550 ", 9000), whole: true},
		{name: "a task", kind: desk.OpenTask, form: desk.FormTask, body: long("😀", 14000), to: many, whole: true},
	} {
		m := &desk.Message{BBCode: tt.body, FullCode: tt.body, To: tt.to, Cc: tt.to}
		m.UID, m.Size = 7, 40000
		e := &desk.Effect{Kind: tt.kind,
			Post: &desk.Post{Form: tt.form, Marker: "hd-0123456789abcdef", Subject: tt.subject,
				From: desk.Address{Addr: "ivan@example.ru"}, At: time.Unix(1710237600, 0)}}
		if err := outbox.Describe(texts, time.UTC, m, e, tt.cause); err != nil {
			t.Fatal(tt.name, err)
		}
		text := e.Post.Marked()
		if tt.kind == desk.CommentTask && utf8.RuneCountInString(text) > 20_000 ||
			len(text) > 1<<16-1 && tt.kind == desk.OpenTask {
			t.Errorf("%s: %d characters, %d bytes", tt.name, utf8.RuneCountInString(text), len(text))
		}
		if whole := len(e.Post.Files) > 0; whole != tt.whole {
			t.Errorf("%s: attached whole %v", tt.name, whole)
		}
		if tt.kind == desk.CommentTask && !strings.HasSuffix(text, "\n\n"+e.Post.Marker) {
			t.Errorf("%s: no mark in the last line of %.100q", tt.name, text)
		}
	}
}
