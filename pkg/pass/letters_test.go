package pass_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/render"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
	"helpdesk/templates"
)

// answered returns a world in which the specialist has written two comments on a letter between two passes.
func answered(t *testing.T, o sandbox.PortalOptions) *world {
	w := newWorld(t, o)
	set, err := render.New(templates.FS, render.Settings{Locale: "ru", Escape: markup.Escape, QuoteLimit: 40})
	w.check(err)
	w.breakTexts = func(outbox.Texts) outbox.Texts { return set }
	w.arrive(letter("1@stroymir.example", "Ivan <ivan@stroymir.example>", "=?utf-8?b?0J/RgNC40L3RgtC10YA=?=",
		"Не печатает принтер.\n\nОн стоит в бухгалтерии у окна, рядом со шкафом."))
	w.quiet()
	task := w.portal.Tasks()[0].ID
	w.portal.Say(task, specialist, "Проверьте [B]кабель[/B].")
	w.clock.Advance(time.Second)
	w.portal.Say(task, specialist, "// это не для клиента")
	w.portal.Say(task, specialist, "И пришлите <фото> [URL=https://portal.example/disk/1]отсюда[/URL].", sandbox.File{
		Name:    "Схема.pdf",
		Content: []byte("%PDF"),
	})
	return w
}

// mailed returns the letters that people sent, in order.
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

// TestCommentsMakeOneLetter reads the letter made from two comments. It contains the comments in order, their files,
// the cut words of the customer below, and a subject that leads a reply to the ticket.
func TestCommentsMakeOneLetter(t *testing.T) {
	t.Parallel()
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
			wantOrder(t, m.Plain, "Здравствуйте, Ivan!", "Проверьте кабель.", "И пришлите <фото> отсюда.\n",
				"Во вложении:", "- Схема.pdf",
				"С уважением,", "Обращение №", "вы писали:", "> Не печатает принтер.", "> Он стоит в бухгалте…")
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

// The same with the joining of comments turned off.
func TestCommentsMakeOneLetterEach(t *testing.T) {
	t.Parallel()
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

// The letter kept for a copy is exactly the one that was sent, and it is kept as soon as the letter counts as sent.
func TestCopyInSent(t *testing.T) {
	t.Parallel()
	w := answered(t, sandbox.PortalOptions{})
	for range 2 {
		w.clock.Advance(3 * time.Minute)
		p, s := w.open(store.Options{})
		p.Outbox.Senders[0].Copies = true
		_, failed := p.Announce(t.Context())
		w.check(failed)
		w.check(s.Close())
	}
	_, s := w.open(store.Options{})
	defer s.Close()
	left, err := s.Copies.Left("support")
	w.check(err)
	if len(w.mailed()) != 1 || len(left) != 1 {
		t.Fatalf("%d answers, %d copies due", len(w.mailed()), len(left))
	}
	raw, err := s.Copies.Raw(left[0].Seq)
	w.check(err)
	all := w.smtp.Letters()
	if sent := all[len(all)-1].Raw; !bytes.Equal(bytes.TrimSpace(raw), bytes.TrimSpace(sent)) ||
		left[0].Size != len(raw) ||
		!strings.Contains(string(raw), "<"+left[0].ID+">") {
		t.Errorf("%+v\n%q\n%q", left[0], raw, sent)
	}
	w.check(s.Copies.Note(nil, []uint64{left[0].Seq}))
	raw, err = s.Copies.Raw(left[0].Seq)
	if again, gerr := s.Copies.Left("support"); len(again)+len(raw) != 0 || err != nil || gerr != nil {
		t.Errorf("after it was made: %+v, %d bytes, %v, %v", again, len(raw), err, gerr)
	}
}

// sizeless is a portal that reports no file sizes and delivers an endless file.
type sizeless struct {
	pass.Feed
	outbox.Portal
	gave int64
}

func (f *sizeless) Talks(ctx context.Context, ws []desk.Watch) ([]desk.Talk, error) {
	talks, err := f.Feed.Talks(ctx, ws)
	for _, t := range talks {
		for _, c := range t.Comments {
			for i := range c.Files {
				c.Files[i].Size = 0
			}
		}
	}
	return talks, err
}

func (f *sizeless) Download(_ context.Context, _ desk.File, w io.Writer) error {
	for {
		n, err := w.Write(make([]byte, 1<<20))
		if f.gave += int64(n); err != nil {
			return fmt.Errorf("download file: %w", err)
		}
		if f.gave > 100<<20 {
			return errors.New("it is held in memory without bound")
		}
	}
}

// A file of unknown size that turns out too large is left out of the letter, which names it.
func TestAFileOfUnknownSizeIsTakenUpToWhatALetterMayCarry(t *testing.T) {
	t.Parallel()
	w := answered(t, sandbox.PortalOptions{NewCard: true})
	w.clock.Advance(time.Minute) // the portal writes the date of the answer late
	p, s := w.open(store.Options{})
	portal := &sizeless{Feed: p.Feed, Portal: p.Outbox.Portal}
	p.Feed, p.Outbox.Portal = portal, portal
	_, err := p.Announce(t.Context())
	w.check(err)
	w.check(s.Close())
	if portal.gave > p.Outbox.MaxAttachments {
		t.Errorf("%d MB taken for a letter of %d MB at most", portal.gave>>20, p.Outbox.MaxAttachments>>20)
	}
	all := w.mailed()
	if len(all) != 1 || len(all[0].Attachments) != 0 {
		t.Fatalf("letters %+v", all)
	}
	wantOrder(t, all[0].Plain, "отсюда", "- Схема.pdf\n")
}

// A letter that is too large for the relay is sent without files, whether the relay has announced its limit or refuses
// the letter. If it is too large even so, the task says so.
func TestALetterTooLargeForTheRelayGoesOutWithoutItsFiles(t *testing.T) {
	t.Parallel()
	tooBig := &smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4}, Message: "Message too big"}
	for name, c := range map[string]struct {
		takes int64
		fails int // number of refusals after the letter was transferred
		sent  int
	}{"said before": {1 << 20, 0, 1}, "refused": {0, 1, 1}, "refused without files": {0, 99, 0}} {
		t.Run(name, func(t *testing.T) {
			w := answered(t, sandbox.PortalOptions{NewCard: true})
			w.check(w.smtp.Close())
			var err error
			w.smtp, err = mail.NewSMTP(mail.SMTPOptions{MaxBytes: c.takes})
			w.check(err)
			w.smtp.Inject(func(stage, _ string) error {
				if c.fails == 0 || stage != "data" {
					return nil
				}
				c.fails--
				return tooBig
			})
			task := w.portal.Tasks()[0].ID
			w.portal.Say(task, specialist, "Install this, then restart.", sandbox.File{
				Name:    "fix.exe",
				Content: make([]byte, 3<<20),
			})
			w.quiet()
			all := w.mailed()
			if len(all) != c.sent {
				t.Fatalf("%d letters", len(all))
			}
			told := strings.Contains(fmt.Sprint(w.said(w.portal.Tasks()[0])), "Message too big")
			if told != (c.sent == 0) {
				t.Errorf("told on the task: %v", told)
			}
			for _, m := range all {
				wantOrder(t, m.Plain, "кабель", "- Схема.pdf (4 B)\n", "then restart.", "- fix.exe (3.1 MB)\n")
				if len(m.Attachments) != 0 {
					t.Errorf("files %+v", m.Attachments)
				}
				// The recorded letter was sent, so a reply to it leads to its ticket.
				w.arrive(letter("2@stroymir.example", "ivan@stroymir.example", "Done", "It works.",
					"In-Reply-To: <"+m.ID+">"))
				w.quiet()
			}
			if n := len(w.portal.Tasks()); n != 1 {
				t.Errorf("%d tasks", n)
			}
		})
	}
}
