package pass_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/emersion/go-smtp"

	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
)

// If the relay refuses the envelope sender of auto-replies, they wait until a person has changed the setting, and the
// person is informed. Answers of specialists have another sender and are sent meanwhile.
func TestTheEnvelopeOfAutoRepliesIsRefused(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"<>", "bounces@helpdesk.example"} {
		w := answered(t, sandbox.PortalOptions{})
		w.wired = func(p *pass.Pass, _ *store.Store) { p.Outbox.Senders[0].EnvelopeFrom = from }
		var asked atomic.Int32
		w.smtp.Inject(func(stage, arg string) error {
			if stage != "mail" || strings.Trim(arg, "<>") != strings.Trim(from, "<>") {
				return nil
			}
			asked.Add(1)
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Not that sender"}
		})
		for i := range 15 {
			w.arrive(letter(fmt.Sprintf("%d@x.example", i), fmt.Sprintf("who%d@x.example", i), "Phone", "It rings."))
		}
		r, _ := w.poll()
		if left, err := r.Left(); left != pass.Setup || err == nil ||
			!strings.Contains(err.Error(), "smtp.envelope_from") || r.Waiting < 15 {
			t.Errorf("as %q: left %v, %v, %d wait", from, left, err, r.Waiting)
		}
		if asked.Load() < 15 { // the relay is still used
			t.Errorf("as %q: asked for %d letters", from, asked.Load())
		}
		w.notify()
		if human, _ := w.letters(); len(human) != 1 {
			t.Errorf("as %q: %d answers", from, len(human))
		}
		w.wired = nil
		w.quiet()
		if _, auto := w.letters(); len(auto) != 16 {
			t.Errorf("as %q: %d auto-replies", from, len(auto))
		}
		for _, task := range w.portal.Tasks() {
			for _, text := range w.said(task) {
				t.Errorf("told on %s: %s", task.Title, text)
			}
		}
	}
}
