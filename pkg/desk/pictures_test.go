package desk

import (
	"slices"
	"testing"
)

func TestPictures(t *testing.T) {
	r := compile(t, testPolicy(t))
	logo := Attachment{Name: "logo.png", Type: "image/png", Size: 4000, Inline: true, ContentID: "logo", Hash: "logo"}
	with := func(change func(*Attachment)) Attachment { a := logo; change(&a); return a }
	for _, tt := range []struct {
		name   string
		a      Attachment
		seen   int
		thread bool
		quoted string
		out    bool
		noted  bool
	}{
		{"new", logo, 0, false, "", false, false},
		{"once before", logo, 1, false, "", false, false},
		{"twice before", logo, 2, false, "", true, false},
		{"once before, in the signature", with(func(a *Attachment) { a.Cut = true }), 1, false, "-- ", true, false},
		{"new, in the signature of a new request", with(func(a *Attachment) {
			a.Cut = true
		}), 0, false, "-- ", false, false},
		{"new, in the quote of a comment", with(func(a *Attachment) { a.Cut = true }), 0, true, "> x", true, false},
		{"new, shown in a comment", logo, 0, true, "> x", false, false},
		{"twice before, attached", with(func(a *Attachment) { a.Inline = false }), 2, false, "", true, true},
		{"twice before, large", with(func(a *Attachment) { a.Size = pictureMax + 1 }), 2, false, "", false, false},
		{"twice before, no picture", with(func(a *Attachment) {
			a.Type = "application/pdf"
		}), 2, false, "", false, false},
	} {
		m := letter("From: Ivan <ivan@example.org>", "Subject: printer")
		m.HTML, m.Quoted, m.QuoteCut, m.Attachments = `<img src="cid:logo">`, tt.quoted, tt.quoted != "", []Attachment{tt.a}
		f := facts()
		f.Pictures = map[string]int{"logo": tt.seen}
		if tt.thread {
			m.InReplyTo = []string{"first@example.org"}
			f.Known = map[string]Link{"first@example.org": {Ticket: 1, Origin: FromCustomer}}
			f.Tickets = map[uint64]Ticket{1: {Number: 1, Task: 1, Status: Open, Requester: m.From, ReplyTo: m.From}}
		}
		d := r.Decide(m, f)
		post := d.Effects[0].Post
		there := slices.ContainsFunc(post.Files, func(f File) bool { return f.Name == "logo.png" })
		noted := slices.ContainsFunc(post.Notes, func(n Note) bool {
			return n.Key == "pictures" && n.Detail == "logo.png"
		})
		told := slices.ContainsFunc(d.Reasons, func(r Reason) bool {
			return r.Rule == "pictures" && r.Hit && r.Note == "logo.png"
		})
		if there == tt.out || noted != tt.noted || told != tt.out {
			t.Errorf("%s: uploaded %v, noted %v, told %v", tt.name, there, noted, told)
		}
	}
}

func TestForwardedNote(t *testing.T) {
	r := compile(t, testPolicy(t))
	m := letter("From: Ivan <ivan@example.org>", "Subject: Fwd: printer")
	m.Forwarded = []Address{{Name: "Пётр", Addr: "petr@client.example"}, {Name: "Анна"}, {Addr: "Ivan@Example.org"}, {}}
	notes := r.Decide(m, facts()).Effects[0].Post.Notes
	if i := slices.IndexFunc(notes, func(n Note) bool {
		return n.Key == "forwarded"
	}); i < 0 || notes[i].Detail != "Пётр <petr@client.example>, Анна" {
		t.Errorf("%+v", notes)
	}
}
