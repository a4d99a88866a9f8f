package mailbox

import (
	"strings"
	"testing"

	"helpdesk/pkg/desk"
)

// TestMessageIDs checks that only the fields are read, unchanged, and that nothing is marked.
func TestMessageIDs(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, s *testServer) {
		s.put(t, "INBOX", letter(1, 300), day)
		s.put(t, "INBOX", []byte("From: a@b.ru\r\nSubject: none\r\n\r\ntext\r\n"), day)
		s.put(t, "INBOX", []byte("Message-ID:\r\n <folded@b.ru>\r\nFrom: a@b.ru\r\n\r\ntext\r\n"), day)
		m := open(t, s.options(), false)
		got, err := m.MessageIDs(t.Context(), []uint32{3, 1, 2, 9, 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := got[9]; ok || len(got) != 3 || !strings.Contains(string(got[1]), "<1@example.org>") ||
			strings.TrimSpace(string(got[2])) != "" || !strings.Contains(string(got[3]), "folded@b.ru") {
			t.Errorf("got %v", got)
		}
		who, err := m.Writers(t.Context(), []uint32{2, 9})
		if err != nil {
			t.Fatal(err)
		}
		if text := string(who[2]); len(who) != 1 || !strings.Contains(text, "a@b.ru") ||
			!strings.Contains(text, "Subject: none") {
			t.Errorf("got %v", who)
		}
		if left := list(t, m); len(left) != 3 {
			t.Errorf("%d are unseen", len(left))
		}
	})
}

// TestStampsTellMessagesApart checks that stamps differ by size, date, folder, user and server.
func TestStampsTellMessagesApart(t *testing.T) {
	t.Parallel()
	l := desk.Listing{Size: 300, Received: day}
	o := Options{Host: "mail.example.ru", User: "support", Folder: "INBOX"}
	stamp := func(change func(*Options, *desk.Listing)) string {
		o, l := o, l
		change(&o, &l)
		return (&Mailbox{origin: o.origin()}).stamp(l)
	}
	same := stamp(func(*Options, *desk.Listing) {})
	if got := stamp(func(o *Options, l *desk.Listing) {
		o.Host, l.Received = "MAIL.example.ru", l.Received.Local()
	}); got != same {
		t.Errorf("%s, %s", got, same)
	}
	for name, change := range map[string]func(*Options, *desk.Listing){
		"host": func(o *Options, _ *desk.Listing) {
			o.Host = "mx2.example.ru"
		}, "user": func(o *Options, _ *desk.Listing) { o.User = "sales" },
		"folder": func(o *Options, _ *desk.Listing) {
			o.Folder = "INBOX.new"
		}, "size": func(_ *Options, l *desk.Listing) { l.Size++ },
		"date": func(_ *Options, l *desk.Listing) { l.Received = l.Received.Add(1e9) },
	} {
		if stamp(change) == same {
			t.Errorf("another %s has the same stamp", name)
		}
	}
}
