package desk

import (
	"testing"
	"time"
)

// unansweredCases are letters that become a task without an auto-reply. rule and note say why; closed says whether a
// closed letter may go out.
var unansweredCases = []struct {
	name   string
	lines  []string
	change func(*Policy, *Facts)
	rule   string
	note   NoteKey
	closed bool
}{
	{"an exclusion", []string{"From: a@bank.example"}, nil, "T1 excluded", NoteExcluded, false},
	{
		"an exclusion and bulk",
		[]string{"From: a@bank.example", "Precedence: bulk"},
		nil,
		"T1 excluded",
		NoteExcluded,
		false,
	},
	{"an exclusion and a robot", []string{"From: no-reply@bank.example"}, nil, "T1 excluded", NoteExcluded, false},
	{"an exclusion of letters", []string{"From: mute@quiet.example"}, nil, "T1 excluded", NoteExcluded, false},
	{"an exclusion and switched off", []string{"From: a@bank.example"}, func(p *Policy, _ *Facts) {
		p.AutoReply = false
	}, "T1 excluded", NoteExcluded, false},
	{"bulk", []string{"Precedence: bulk"}, nil, "precedence", NoteBulk, false},
	{"bulk and switched off", []string{"List-Id: <x>"}, func(p *Policy, _ *Facts) {
		p.AutoReply = false
	}, "list", NoteBulk, false},
	{"bulk as a blind copy", []string{"List-Id: <x>", "To: list@else.example"}, nil, "list", NoteBulk, false},
	{"spam and bulk", []string{"X-Spam-Flag: YES", "List-Id: <x>"}, nil, "T10 spam", NoteSpam, false},
	{"spam", []string{"X-Spam-Flag: YES"}, nil, "T10 spam", NoteSpam, false},
	{"an out-of-office note", []string{"Subject: Автоответ: отпуск"}, nil, "ooo-subject", NoteAutomatic, false},
	{"an automatic letter", []string{"Auto-Submitted: auto-generated"}, nil, "auto-submitted", NoteAutomatic, false},
	{"a null sender", []string{"Return-Path: <>"}, nil, "null-path", NoteAutomatic, false},
	{"a robot", []string{"From: noreply@shop.example"}, nil, "robot", NoteRobot, false},
	{
		"a form of a site",
		[]string{"From: support@example.ru", "Reply-To: maria@else.example"},
		nil,
		"via",
		NoteVia,
		false,
	},
	{"silence asked for", []string{"X-Auto-Response-Suppress: All"}, nil, "suppress", NoteSuppress, false},
	{
		"forged",
		[]string{"Authentication-Results: mx.example.ru; dmarc=fail"},
		nil,
		"T2 unverified",
		NoteUnverified,
		false,
	},
	{
		"forged, as a blind copy",
		[]string{"Authentication-Results: mx.example.ru; dmarc=fail", "To: x@else.example"},
		nil,
		"T2 unverified",
		NoteUnverified,
		false,
	},
	{"a blind copy", []string{"To: x@else.example"}, nil, "T4 blind copy", NoteBlindCopy, false},
	{
		"a specialist's letter is answered",
		[]string{"In-Reply-To: <x@firma.example>"},
		nil,
		"T5 reply-to-staff",
		NoteStaffReply,
		true,
	},
	{"nobody to answer", []string{"Reply-To: noreply@shop.example"}, nil, "T8 no address", NoteNoAddress, false},
	{"an address that bounced", []string{"Reply-To: lost@else.example"}, func(_ *Policy, f *Facts) {
		f.Undelivers = true
	}, "T7 undeliverable", NoteUndeliverable, false},
	{"old", nil, func(p *Policy, _ *Facts) { p.MaxAge = time.Second }, "T6 stale", NoteStale, true},
	{"old, and switched off", nil, func(p *Policy, _ *Facts) {
		p.MaxAge, p.AutoReply = time.Second, false
	}, "T6 stale", NoteStale, true},
	{"capped", nil, func(_ *Policy, f *Facts) { f.Replies.Address = 5 }, "T3 capped", NoteCapped, true},
	{"capped and old", nil, func(p *Policy, f *Facts) {
		p.MaxAge, f.Replies.Address = time.Second, 5
	}, "T6 stale", NoteStale, true},
	{"switched off", nil, func(p *Policy, _ *Facts) { p.AutoReply = false }, "T9 off", NoteOff, true},
	{"a flood", nil, func(p *Policy, f *Facts) {
		p.Flood, p.FloodWithin = 1, time.Hour
		f.Arrivals = []Arrivals{{Key: "ivan@example.org", Times: []int64{testNow.Unix()}}}
	}, "T11 flood", NoteFlood, false},
}

func TestUnanswered(t *testing.T) {
	for _, c := range unansweredCases {
		p, f := testPolicy(t), facts()
		p.Spam = spamQuiet
		if c.change != nil {
			c.change(p, &f)
		}
		d := compile(t, p).Decide(letter(c.lines...), f)
		if d.Verdict != Task || d.AutoReply {
			t.Errorf("%s: %s by %v", c.name, d.Verdict, hits(d))
			continue
		}
		var because []NoteKey
		for _, n := range find(d, OpenTask).Post.Notes {
			if n.Quiet {
				because = append(because, n.Key)
			}
		}
		if d.Unanswered != c.rule || len(because) != 1 || because[0] != c.note {
			t.Errorf("%s: %s, notes %v; want %s, %s", c.name, d.Unanswered, because, c.rule, c.note)
		}
	}
	d := compile(t, testPolicy(t)).Decide(letter(), facts())
	if d.Unanswered != "" || len(find(d, OpenTask).Post.Notes) != 0 {
		t.Errorf("answered: %q, %v", d.Unanswered, find(d, OpenTask).Post.Notes)
	}
}

// TestClosedLetters checks that a closed letter goes only to people whom an auto-reply could have reached.
func TestClosedLetters(t *testing.T) {
	closing := change()
	closing.State.Status, closing.State.ClosedAt = Done, testNow
	goes := func(p *Policy, f AnnounceFacts) bool {
		p.Closed = true
		d := compile(t, p).Announce(closing, f)
		return len(d.Effects) == 1 && d.Effects[0].Letter.Kind == Closed
	}
	announce := func(d Decision) AnnounceFacts {
		f := announceFacts()
		f.Ticket, f.Ticket.Number = *d.Ticket, 5
		return f
	}
	for _, c := range unansweredCases {
		p, f := testPolicy(t), facts()
		p.Spam = spamQuiet
		if c.change != nil {
			c.change(p, &f)
		}
		d := compile(t, p).Decide(letter(c.lines...), f)
		if got := goes(p, announce(d)); got != c.closed {
			t.Errorf("%s: %t, want %t", c.name, got, c.closed)
		}
	}
	answered := compile(t, testPolicy(t)).Decide(letter(), facts())
	f := announce(answered)
	if !goes(testPolicy(t), f) {
		t.Error("whoever got an auto-reply gets none")
	}
	f.Excluded = []Exclusion{{Match: "@example.org", Scope: ScopeAutoReply}}
	if goes(testPolicy(t), f) {
		t.Error("it goes to an address that was excluded since")
	}
	f = announce(answered)
	f.Undelivers = true
	if goes(testPolicy(t), f) {
		t.Error("it goes to an address whose mail came back, in another ticket")
	}
	f = announce(answered)
	f.Ticket.Undeliver = "550 no such user"
	if goes(testPolicy(t), f) {
		t.Error("it goes to an address whose mail came back")
	}
	d := compile(t, testPolicy(t)).Decide(letter("From: eve@evil.example", "In-Reply-To: <"+ownID1+">"), known())
	if !has(d, "R3") || goes(testPolicy(t), announce(d)) {
		t.Error("it goes to a stranger in another's thread")
	}
	// A machine opened the ticket, and a person wrote later.
	d = compile(t, testPolicy(t)).Decide(letter("Auto-Submitted: auto-generated"), facts())
	k := facts()
	d.Ticket.Number = 5
	k.Known["letter-1@example.org"], k.Tickets[5] = Link{Ticket: 5, Origin: FromCustomer}, *d.Ticket
	d = compile(t, testPolicy(t)).Decide(letter("Message-ID: <letter-2@example.org>",
		"In-Reply-To: <letter-1@example.org>"), k)
	if d.Verdict != Commented || !goes(testPolicy(t), announce(d)) {
		t.Errorf("the person wrote since, and gets none: %s by %v", d.Verdict, hits(d))
	}
	old := announceFacts()
	old.Ticket.Reachable, old.Ticket.Replied = false, 1
	if !goes(testPolicy(t), old) {
		t.Error("a ticket of an earlier version, whose auto-reply went")
	}
	if old.Ticket.Replied = 0; goes(testPolicy(t), old) {
		t.Error("a ticket of an earlier version of which nothing is known")
	}
}

// The task names the limit that is reached: only that of one address is about the sender.
func TestWhichLimitIsReached(t *testing.T) {
	for want, reached := range map[Limit]Replies{
		"":           {Address: 5, Domain: 50, Day: 2000, Subject: 1},
		LimitDomain:  {Domain: 50, Day: 2000, Subject: 1},
		LimitDay:     {Day: 2000, Subject: 1},
		LimitSubject: {Subject: 1},
	} {
		p, f := testPolicy(t), facts()
		p.PerAddress, p.PerDomain, p.PerDay = 5, 50, 2000
		f.Replies = reached
		d := compile(t, p).Decide(letter(), f)
		var got []Note
		for _, e := range d.Effects {
			if e.Post != nil {
				got = e.Post.Notes
			}
		}
		if len(got) != 1 || got[0] != (Note{Key: NoteCapped, Detail: string(want), Quiet: true}) {
			t.Errorf("%+v: the task says %+v", reached, got)
		}
	}
}
