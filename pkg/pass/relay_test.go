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
