package pass_test

import (
	"strings"
	"testing"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// What guests, bots and other integrations write is never sent, on either card, even if the portal does not say who
// wrote it. What a specialist writes is sent.
func TestStrangersAreNotMailed(t *testing.T) {
	t.Parallel()
	for name, o := range cards {
		for _, scopes := range [][]string{nil, {"task", "im", "disk"}} {
			t.Run(name+" "+strings.Join(scopes, ","), func(t *testing.T) {
				o.Scopes = scopes
				o.Users = []sandbox.User{{
					ID:    1,
					Admin: true,
				}, {ID: specialist, Name: "Anna"}, {ID: 9, Name: "Oleg"}, {ID: 50, Name: "Guest", Guest: true},
					{
						ID:   51,
						Name: "Bot",
						Bot:  true,
					}, {ID: 52, Name: "Other", AuthID: "rest_system"}, {ID: 53, Name: "Partner", Type: "extranet"}}
				o.Unlisted = []int64{specialist, 9, 50, 51, 52, 53, 4711}
				w := newWorld(t, o)
				task := w.opened()
				for _, user := range []int64{50, 51, 52, 53, 4711} {
					w.portal.Say(task, user, "not for the customer")
				}
				w.portal.Say(task, 9, "Please restart it.")
				w.minutes(3, w.notify)
				got := strings.Join(w.answers(), "\n")
				if strings.Contains(got, "not for") || !strings.Contains(got, "Please restart it.") {
					t.Error(got)
				}
			})
		}
	}
}
