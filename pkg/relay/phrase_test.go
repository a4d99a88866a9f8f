package relay

import (
	"mime"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
)

// TestNames checks that programs show the sender's whole name, even those that decode each encoded word by itself and
// keep the blank between two.
func TestNames(t *testing.T) {
	for name, words := range map[string]int{
		"Служба поддержки": 1, "Иван": 1, "Поддержка (Москва)": 1,
		"Служба технической поддержки ООО «Ромашка и партнёры», Москва": 3,
		strings.Repeat("я", 40): 2, "Support, Ltd": 0, "Müller": 1,
	} {
		raw, err := Compose(desk.Letter{MessageID: "a@b.ru", From: desk.Address{
			Name: name,
			Addr: "support@b.ru",
		}, To: desk.Address{Addr: "x@y.ru"},
			Subject: "x", Text: "x", Date: time.Unix(1e9, 0)})
		if err != nil {
			t.Fatal(err)
		}
		m, err := netmail.ReadMessage(strings.NewReader(string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		from := m.Header.Get("From")
		a, err := netmail.ParseAddress(from)
		if err != nil || a.Name != name || a.Address != "support@b.ru" || len(m.Header["From"]) != 1 {
			t.Errorf("%s: %v, %v of %q", name, a, err, from)
		}
		if n := strings.Count(from, "=?utf-8?b?"); n != words {
			t.Errorf("%s: %d encoded words, want %d: %s", name, n, words, from)
		}
		var d mime.WordDecoder
		for _, word := range strings.Fields(from) {
			if shown, err := d.Decode(word); err == nil && !strings.Contains(name, shown) {
				t.Errorf("%s: %q is no part of it", name, shown)
			}
		}
		for _, line := range strings.Split(string(raw[:strings.Index(string(raw), "\r\n\r\n")]), "\r\n") {
			if len(line) > 78 {
				t.Errorf("%s: a line of %d characters", name, len(line))
			}
		}
	}
}
