package cmd

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// remarks returns our user's comments on the first task, without their marks.
func (d *drive) remarks() (texts []string) {
	task, _ := d.portal.Task(3701)
	for _, c := range task.Comments {
		if c.Author == 17 && !c.System {
			text, _, _ := strings.Cut(c.Text, "\n\nhd-")
			texts = append(texts, text)
		}
	}
	return texts
}

func (d *drive) remarked(what string, want ...string) {
	d.t.Helper()
	if diff := cmp.Diff(want, d.remarks()); diff != "" {
		d.t.Errorf("%s: %s", what, diff)
	}
}

// TestRemarks: on both cards a task gets one comment for each kind of trouble with answers, and one when the trouble is
// over.
func TestRemarks(t *testing.T) {
	t.Parallel()
	const (
		delayed = "Ответ клиенту на адрес ivan@romashka.example пока не ушёл. Он не потерян: когда уйдёт, здесь " +
			"появится отметка."
		late  = "Задержавшийся ответ отправлен клиенту на адрес ivan@romashka.example."
		muted = "Комментарий клиенту не отправлен: письма ему не отправляются (в списке исключений: " +
			"@romashka.example (letters)). Свяжитесь с ним другим способом."
		unmuted = "Клиенту снова отправляются письма: комментарии из этой задачи уходят."
		left    = "К письму клиенту не приложены файлы: video.mp4 (3 kB). Передайте их другим способом."
		sent    = "Ответ отправлен клиенту на адрес ivan@romashka.example."
	)
	for name, newCard := range map[string]bool{"new card": true, "old card": false} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, sandbox.PortalOptions{NewCard: newCard}, "notify: {delay: 0s, max_attachments: 2kB}\n")
			d.letter("1@romashka.example", "Ivan <ivan@romashka.example>", "Printer", "It does not print.")
			d.minute("poll")
			d.minute("notify")

			d.portal.Say(3701, 7, "Restart it.")
			d.smtp.Inject(func(stage, _ string) error {
				if stage == "connect" {
					return mail.ErrDrop
				}
				return nil
			})
			for range 9 {
				d.run("notify")
				d.clock.Advance(time.Minute)
			}
			d.remarked("it waits for nine minutes")
			for range 25 {
				d.run("notify")
				d.clock.Advance(time.Minute)
			}
			d.remarked("it waits for long", delayed)
			d.smtp.Inject(nil)
			d.clock.Advance(time.Hour) // the pause after the failures has to pass
			d.minute("notify")
			d.minute("notify")
			d.remarked("it is out", delayed, late)

			d.must(0, "exclude", "add", "--scope", "letters", "@romashka.example")
			d.portal.Say(3701, 7, "And?")
			d.minute("notify")
			d.portal.Say(3701, 7, "And now?")
			d.minute("notify")
			d.minute("notify")
			d.remarked("excluded", delayed, late, muted)
			d.must(0, "exclude", "remove", "@romashka.example")
			d.portal.Say(3701, 7, "See the video.", sandbox.File{Name: "video.mp4", Content: make([]byte, 3000)})
			d.minute("notify")
			d.minute("notify")
			d.remarked("not excluded, and a file too large", delayed, late, muted, unmuted, left)
		})
	}
	d := newDrive(t, sandbox.PortalOptions{NewCard: true}, "notify: {delay: 0s, confirm: comment}\n")
	d.letter("1@romashka.example", "Ivan <ivan@romashka.example>", "Printer", "It does not print.")
	d.minute("poll")
	d.portal.Say(3701, 7, "Restart it.")
	d.minute("notify")
	d.minute("notify")
	d.remarked("confirmed", sent)
	all, err := d.letters()
	if err != nil || len(all) != 2 || all[1].Message.Header.Has("Auto-Submitted") ||
		desk.FoldAddress(all[1].To[0]) != "ivan@romashka.example" {
		t.Errorf("%v, %v", all, err)
	}
}

// A specialist's answer that a person drops gets a remark on its task, once, whether the task told of it before or not;
// so does the copy that waits for one of several people.
func TestADroppedAnswerIsRemarked(t *testing.T) {
	t.Parallel()
	const (
		delayed = "Ответ клиенту на адрес ivan@romashka.example пока не ушёл. Он не потерян: когда уйдёт, здесь " +
			"появится отметка."
		dropped = "Ответ клиенту на адрес ivan@romashka.example больше не отправляется: администратор снял его с " +
			"отправки. Напишите ответ ещё раз или свяжитесь с клиентом другим способом."
	)
	for name, newCard := range map[string]bool{"new card": true, "old card": false} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, sandbox.PortalOptions{NewCard: newCard}, "")
			d.letter("1@romashka.example", "Ivan <ivan@romashka.example>", "Printer", "It does not print.")
			d.minute("poll")
			d.minute("notify")
			d.smtp.Inject(func(string, string) error { return mail.ErrDrop })
			for _, c := range []struct {
				minutes int
				want    []string
			}{
				{3, []string{dropped}},
				{25, []string{dropped, delayed, dropped}},
			} {
				d.portal.Say(3701, 7, "Restart it.")
				for range c.minutes {
					d.run("notify")
					d.clock.Advance(time.Minute)
				}
				d.must(0, "outbox", "drop", "--all")
				d.clock.Advance(time.Hour)
				for range 3 {
					d.run("notify")
					d.clock.Advance(time.Minute)
				}
				d.remarked("dropped", c.want...)
			}
			d.smtp.Inject(nil)
			d.clock.Advance(time.Hour)
			before := len(d.mailed())
			d.minute("notify")
			if n := len(d.mailed()); n != before {
				t.Errorf("%d letters were sent that had been dropped", n-before)
			}
		})
	}
}
