package pass_test

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/render"
	"helpdesk/pkg/sandbox"
	"helpdesk/pkg/store"
	"helpdesk/templates"
)

// answered is a world in which the specialist has said two things about a letter between two passes.
func answered(t *testing.T, o sandbox.PortalOptions) *world {
	w := newWorld(t, o)
	set, err := render.New(templates.FS, render.Settings{Locale: "ru", Escape: markup.Escape, QuoteLimit: 40})
	w.check(err)
	w.spoil = func(pass.Texts) pass.Texts { return set }
	w.arrive(letter("1@stroymir.example", "Ivan <ivan@stroymir.example>", "=?utf-8?b?0J/RgNC40L3RgtC10YA=?=",
		"Не печатает принтер.\n\nОн стоит в бухгалтерии у окна, рядом со шкафом."))
	w.quiet()
	task := w.portal.Tasks()[0].ID
	w.portal.Say(task, specialist, "Проверьте [B]кабель[/B].")
	w.clock.Advance(time.Second)
	w.portal.Say(task, specialist, "// это не для клиента")
	w.portal.Say(task, specialist, "И пришлите <фото> [URL=https://portal.example/disk/1]отсюда[/URL].", sandbox.File{Name: "Схема.pdf", Content: []byte("%PDF")})
	return w
}

// mailed returns the letters that people sent, in their order.
func (w *world) mailed() []desk.Message {
	var all []desk.Message
	for _, l := range w.smtp.Letters() {
		m, err := eml.Parse(bytes.NewReader(l.Raw), desk.Listing{})
		w.check(err)
		if !m.Header.Has("Auto-Submitted") {
			all = append(all, m)
		}
	}
	return all
}

// TestCommentsMakeOneLetter reads the letter that two comments make: in their order, the files with it, the customer's own
// words below, cut, and a subject by which his answer is found.
func TestCommentsMakeOneLetter(t *testing.T) {
	for name, o := range map[string]sandbox.PortalOptions{"old card": {}, "new card": {NewCard: true}} {
		t.Run(name, func(t *testing.T) {
			w := answered(t, o)
			w.quiet()
			all := w.mailed()
			if len(all) != 1 {
				t.Fatalf("%d letters", len(all))
			}
			m := all[0]
			if !regexp.MustCompile(`^Re: Принтер \[#\d+-\d{4}\]$`).MatchString(m.Subject) {
				t.Errorf("subject %q", m.Subject)
			}
			if len(m.InReplyTo) != 1 || m.InReplyTo[0] != "1@stroymir.example" {
				t.Errorf("in reply to %v", m.InReplyTo)
			}
			wantOrder(t, m.Plain, "Здравствуйте, Ivan!", "Проверьте кабель.", "И пришлите <фото> отсюда.\n", "Во вложении:", "- Схема.pdf",
				"С уважением,", "Номер обращения:", "вы писали:", "> Не печатает принтер.", "> Он стоит в бухгалте…")
			for _, hidden := range []string{"не для клиента", "окна", "[B]", "portal.example"} {
				if strings.Contains(m.Plain, hidden) {
					t.Errorf("%q in %s", hidden, m.Plain)
				}
			}
			if len(m.Attachments) != 1 || m.Attachments[0].Name != "Схема.pdf" {
				t.Errorf("files %+v", m.Attachments)
			}
		})
	}
}

func wantOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, after, ok := strings.Cut(rest, part)
		if !ok {
			t.Errorf("%q is not in its place in %s", part, text)
			return
		}
		rest = after
	}
}

// TestCommentsMakeOneLetterEach turns the joining off.
func TestCommentsMakeOneLetterEach(t *testing.T) {
	w := answered(t, sandbox.PortalOptions{})
	w.policy.Combine = false
	w.quiet()
	all := w.mailed()
	if len(all) != 2 || all[0].ID == all[1].ID {
		t.Fatalf("%d letters", len(all))
	}
	for i, want := range []string{"Проверьте кабель.", "И пришлите"} {
		other := []string{"И пришлите", "Проверьте кабель."}[i]
		if !strings.Contains(all[i].Plain, want) || strings.Contains(all[i].Plain, other) {
			t.Errorf("letter %d: %s", i, all[i].Plain)
		}
	}
}

// TestCopyInSent holds that the copy that is saved is the very letter that went out, and that a mailbox that takes no copy
// does not hold the letter up.
func TestCopyInSent(t *testing.T) {
	for name, err := range map[string]error{"saved": nil, "refused": io.ErrUnexpectedEOF} {
		t.Run(name, func(t *testing.T) {
			w := answered(t, sandbox.PortalOptions{})
			var saved [][]byte
			for range 2 {
				w.clock.Advance(3 * time.Minute)
				p, s := w.open(store.Options{})
				p.Boxes[0].Save = func(_ context.Context, raw []byte, at time.Time) error {
					saved = append(saved, raw)
					return err
				}
				_, failed := p.Announce(t.Context())
				w.check(failed)
				w.check(s.Close())
			}
			all := w.smtp.Letters()
			sent := all[len(all)-1].Raw
			if len(w.mailed()) != 1 || len(saved) != 1 || !bytes.Equal(bytes.TrimSpace(saved[0]), bytes.TrimSpace(sent)) {
				t.Errorf("%d answers, %d copies:\n%q\n%q", len(w.mailed()), len(saved), saved, sent)
			}
		})
	}
}
