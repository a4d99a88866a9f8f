package pass_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// Letters wait while the relay refuses us because of a setting. None is dropped, and all are sent after the setting was
// corrected.
func TestLettersWaitWhileTheRelayDoesNotKnowUs(t *testing.T) {
	t.Parallel()
	w := answered(t, sandbox.PortalOptions{})
	asked := 0
	w.smtp.Inject(func(stage, _ string) error {
		if stage != "mail" {
			return nil
		}
		asked++
		return &smtp.SMTPError{
			Code:         553,
			EnhancedCode: smtp.EnhancedCode{5, 7, 1},
			Message:      "Sender address rejected: not owned by auth user.",
		}
	})
	w.arrive(letter("2@romashka.example", "anna@romashka.example", "Phone", "It does not ring."))
	w.poll()
	for range 2 {
		r, _ := w.notify()
		if left, err := r.Left(); left != pass.Setup || err == nil || !strings.Contains(err.Error(), "smtp.user") {
			t.Errorf("left %v, %v", left, err)
		}
	}
	if asked > 2*3 {
		t.Errorf("asked %d times in three passes", asked)
	}
	w.smtp.Inject(nil)
	w.quiet()
	if human, auto := w.letters(); len(human) != 1 || len(auto) != 2 {
		t.Errorf("%d answers, %d auto-replies", len(human), len(auto))
	}
	for _, task := range w.portal.Tasks() {
		for _, text := range w.said(task) {
			t.Errorf("told on %s: %s", task.Title, text)
		}
	}
}

// Several recipients refused in the same words are not at fault, whatever the words say, as long as the relay accepts
// nothing.
func TestSeveralRecipientsRefusedInTheSameWordsAreNotAtFault(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stage string
		say   smtp.SMTPError
	}{
		{"rcpt", smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}},
		{
			"data",
			smtp.SMTPError{
				Code:         554,
				EnhancedCode: smtp.EnhancedCode{5, 7, 1},
				Message:      "Message rejected under suspicion of SPAM",
			},
		},
		{"data", smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode, Message: "Requested action not taken"}},
	} {
		w := newWorld(t, sandbox.PortalOptions{})
		w.smtp.Inject(func(stage, _ string) error {
			if stage == c.stage {
				return &c.say
			}
			return nil
		})
		w.arrive(letter("1@romashka.example", "anna@romashka.example", "Phone", "It does not ring."))
		w.arrive(letter("2@lutik.example", "boris@lutik.example", "Lamp", "It does not shine."))
		r, _ := w.poll()
		if left, err := r.Left(); left != pass.Setup || err == nil ||
			!strings.Contains(err.Error(), "several recipients") {
			t.Errorf("%s: left %v, %v", c.say.Message, left, err)
		}
		w.smtp.Inject(nil)
		w.quiet()
		if _, auto := w.letters(); len(auto) != 2 {
			t.Errorf("%s: %d auto-replies", c.say.Message, len(auto))
		}
	}
}

// suspected makes the relay refuse letters after their transfer if the address contains one of the parts. The words do
// not say what they refer to.
func (w *world) suspected(words string, parts ...string) {
	to := ""
	w.smtp.Inject(func(stage, arg string) error {
		if stage == "rcpt" {
			to = arg
		}
		for _, part := range parts {
			if stage == "data" && strings.Contains(to, part) {
				return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: words}
			}
		}
		return nil
	})
}

// A letter refused without a reason is not given up at once, because the cause may disappear. If it lasts, the task
// says so.
func TestALetterRefusedWithoutAReason(t *testing.T) {
	t.Parallel()
	const words = "Message rejected under suspicion of SPAM; see https://a.example/1"
	w := newWorld(t, sandbox.PortalOptions{})
	w.suspected(words, "anna")
	w.arrive(letter("1@romashka.example", "anna@romashka.example", "Phone", "It does not ring."))
	w.poll()
	w.clock.Advance(time.Minute)
	if r, _ := w.poll(); r.Waiting != 1 || len(w.said(w.portal.Tasks()[0])) != 0 {
		t.Errorf("%+v, told %q", r, w.said(w.portal.Tasks()[0]))
	}
	w.smtp.Inject(nil)
	w.quiet()
	w.want("when it passes", 1, 1)

	w.suspected(words, "boris")
	w.arrive(letter("2@lutik.example", "boris@lutik.example", "Lamp", "It does not shine."))
	w.poll()
	told := func() int { return len(w.said(w.portal.Tasks()[1])) }
	for range 50 {
		w.clock.Advance(time.Minute)
		w.poll()
	}
	if told() != 0 {
		t.Errorf("given up within the hour: %q", w.said(w.portal.Tasks()[1]))
	}
	for range 100 {
		w.clock.Advance(time.Minute)
		w.poll()
	}
	if told() != 1 {
		t.Errorf("in the end: %q", w.said(w.portal.Tasks()[1]))
	}
	w.want("after it was given up", 2, 1)
}

// Recipients refused in the same words are not at fault if no letter is accepted in between, even if none of their
// letters go out in the same pass. If letters to others are accepted in between, the refused letters are at fault.
func TestRecipientsRefusedOneAfterTheOther(t *testing.T) {
	t.Parallel()
	for _, between := range []bool{false, true} {
		w := newWorld(t, sandbox.PortalOptions{})
		w.suspected("No.", "anna", "boris")
		w.arrive(letter("1@romashka.example", "anna@romashka.example", "Phone", "It does not ring."))
		w.poll()
		blamed := 0
		for minute := range 180 {
			w.clock.Advance(20 * time.Second)
			if minute == 3 {
				w.arrive(letter("2@lutik.example", "boris@lutik.example", "Lamp", "It does not shine."))
			}
			if between && minute%4 == 3 {
				w.arrive(letter(fmt.Sprintf("t%d@klever.example", minute),
					fmt.Sprintf("vera%d@klever%d.example", minute, minute),
					fmt.Sprintf("Tap %d", minute), "It drips."))
			}
			w.clock.Advance(40 * time.Second)
			r, _ := w.poll()
			if left, err := r.Left(); left == pass.Setup && strings.Contains(err.Error(), "several recipients") {
				blamed++
			}
		}
		told := len(w.said(w.portal.Tasks()[0])) + len(w.said(w.portal.Tasks()[1]))
		if !between && (blamed < 5 || told != 0) {
			t.Errorf("nothing taken in between: %d passes blame the account; told %d times", blamed, told)
		} else if between && told != 2 {
			t.Errorf("others taken in between: told %d times", told)
		}
		if between {
			continue
		}
		w.smtp.Inject(nil)
		w.clock.Advance(10 * time.Minute)
		w.quiet()
		w.want("when the relay takes letters again", 2, 2)
	}
}

// A recipient who is refused while others are accepted is at fault.
func TestARecipientWhoIsRefusedWhileOthersAreNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.PortalOptions{})
	w.smtp.Inject(func(stage, addr string) error {
		if stage == "rcpt" && (strings.Contains(addr, "anna") || strings.Contains(addr, "clara")) {
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
		}
		return nil
	})
	for _, who := range []string{"boris", "anna", "clara"} {
		w.arrive(letter(who+"@romashka.example", who+"@romashka.example", "Phone of "+who, "It does not ring."))
	}
	w.quiet()
	w.smtp.Inject(nil)
	w.quiet()
	if _, auto := w.letters(); len(auto) != 1 {
		t.Errorf("%d auto-replies", len(auto))
	}
}
