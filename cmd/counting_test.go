package cmd

import (
	"bytes"
	"fmt"
	"maps"
	"testing"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// TestIdleCosts: an idle poll sends no request to the portal and only the commands of a login to the mailbox. An idle
// notify sends one request. Neither writes a byte of the state.
func TestIdleCosts(t *testing.T) {
	t.Parallel()
	for _, card := range cards {
		t.Run(card.name, func(t *testing.T) {
			d := newDrive(t, card.o, "")
			d.letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print.")
			d.minute("poll")
			d.portal.Say(d.portal.Tasks()[0].ID, 7, "Please restart it.")
			for range 3 { // until notify has read everything that the portal may show late
				d.minute("notify")
				d.minute("poll")
			}
			d.portal.ResetCounts()
			d.imap.ResetCounts()
			before := d.stateBytes()
			d.minute("poll")
			if n := d.portal.Hits(); n != 0 {
				t.Errorf("an idle poll costs %d requests: %v", n, methods(d.portal))
			}
			got := d.imap.Commands()
			t.Logf("commands of an idle poll: %v", got)
			for name, n := range got {
				if n > 1 {
					t.Errorf("an idle poll gives %d times %s", n, name)
				}
			}
			if got["FETCH"]+got["STORE"]+got["ENVELOPE"]+got["BODYSTRUCTURE"] != 0 || d.imap.Writes() != 0 {
				t.Errorf("an idle poll fetches or writes: %v", got)
			}
			d.minute("notify")
			if n := d.portal.Hits(); n != 1 {
				t.Errorf("an idle notify costs %d requests: %v", n, methods(d.portal))
			}
			if !maps.Equal(got, d.imap.Commands()) {
				t.Error("a notify speaks to the mailbox")
			}
			if !bytes.Equal(before, d.stateBytes()) {
				t.Error("idle passes change the state")
			}
		})
	}
}

func methods(p *sandbox.Portal) []string {
	var names []string
	for _, c := range p.Calls() {
		names = append(names, c.Method)
	}
	return names
}

// TestFiftyLettersCost: the tasks of fifty new text letters take one request, and one more if the CRM is searched.
func TestFiftyLettersCost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, extra string
		most        int
	}{{"without CRM", withoutCRM, 1}, {"with CRM", "", 2}} {
		for _, card := range cards {
			t.Run(c.name+", "+card.name, func(t *testing.T) {
				o := card.o
				o.Contacts = []sandbox.Contact{{
					ID:       275,
					Name:     "Anna",
					LastName: "Kim",
					Emails:   []string{"c7@firm7.example"},
				}}
				d := newDrive(t, o, c.extra+"letters: {received: {limit: {per_address: 100, per_domain: 100}}}\n")
				for i := range 50 {
					d.letter(fmt.Sprintf("%d@firm%d.example", i, i), fmt.Sprintf("c%d@firm%d.example", i, i),
						fmt.Sprintf("Request %d", i), "Text.")
				}
				d.minute("poll")
				if n := d.portal.Hits(); n > c.most {
					t.Errorf("%d requests, want %d: %v", n, c.most, methods(d.portal))
				}
				if tasks, replies := len(d.portal.Tasks()), len(d.mailed()); tasks != 50 || replies != 50 ||
					len(d.unseen()) != 0 {
					t.Errorf("%d tasks, %d auto-replies, %d unseen", tasks, replies, len(d.unseen()))
				}
				if n := d.smtp.Connections(); n > 5 {
					t.Errorf("%d connections to the relay", n)
				}
				if c.extra == "" && len(d.portal.Tasks()[7].CRM) == 0 {
					t.Error("the contact is not bound")
				}
			})
		}
	}
}
