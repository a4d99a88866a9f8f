package pass_test

import (
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// TestLettersWaitWhileTheRelayDoesNotKnowUs: none is dropped over a setting, and each goes out once it is mended.
func TestLettersWaitWhileTheRelayDoesNotKnowUs(t *testing.T) {
	w := answered(t, sandbox.PortalOptions{})
	asked := 0
	w.smtp.Inject(func(stage, _ string) error {
		if stage != "mail" {
			return nil
		}
		asked++
		return &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Sender address rejected: not owned by auth user."}
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

// TestSeveralRecipientsRefusedInTheSameWordsAreNotAtFault, whatever the words say, as long as nothing is taken.
func TestSeveralRecipientsRefusedInTheSameWordsAreNotAtFault(t *testing.T) {
	for _, c := range []struct {
		stage string
		say   smtp.SMTPError
	}{
		{"rcpt", smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}},
		{"data", smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Message rejected under suspicion of SPAM"}},
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
		w.poll()
		r, _ := w.notify()
		if left, err := r.Left(); left != pass.Setup || err == nil || !strings.Contains(err.Error(), "several recipients") {
			t.Errorf("%s: left %v, %v", c.say.Message, left, err)
		}
		w.smtp.Inject(nil)
		w.quiet()
		if _, auto := w.letters(); len(auto) != 2 {
			t.Errorf("%s: %d auto-replies", c.say.Message, len(auto))
		}
	}
}

// TestARecipientWhoIsRefusedWhileOthersAreNot is to blame for it.
func TestARecipientWhoIsRefusedWhileOthersAreNot(t *testing.T) {
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
