package desk

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSpam(t *testing.T) {
	marks := map[string]bool{
		"X-Spam-Flag: YES": true,
		"X-Spam-Status: Yes, score=7.1 required=5.0 tests=BAYES_99": true,
		"X-Spam: Yes": true,
		"X-Spamd-Result: default: True [16.30 / 15.00]; BAYES_SPAM(5.10)": true,
		"X-Spamd-Result: default: False [15.00 / 15.00]":                  true,
		"X-Rspamd-Action: add header":                                     true,
		"X-Yandex-Spam: 4":                                                true,
		"X-MS-Exchange-Organization-SCL: 6":                               true,
		"X-Forefront-Antispam-Report: CIP:1.2.3.4;CTRY:RU;SFV:SPM;H:x":    true,
		"X-Forefront-Antispam-Report: CIP:1.2.3.4;CAT:HPHISH;SFS:":        true,
		"X-KLMS-AntiSpam-Status: spam":                                    true,
		"X-DrWeb-SpamState: yes":                                          true,
		"X-Barracuda-Spam-Status: Yes, SCORE=9":                           true,
		"X-Spam-Flag: NO":                                                 false,
		"X-Spam-Status: No, score=-1.9 required=5.0":                      false,
		"X-Spam: undefined":                                               false,
		"X-Spam-Score: 7.1":                                               false,
		"X-Spamd-Result: default: False [14.99 / 15.00]; TRUE_X(1.00)[]":  false,
		"X-Spamd-Result: default: False [-3.10 / 15.00]":                  false,
		"X-Rspamd-Action: no action":                                      false,
		"X-Yandex-Spam: 1":                                                false,
		"X-MS-Exchange-Organization-SCL: -1":                              false,
		"X-Forefront-Antispam-Report: SFV:NSPM":                           false,
		"X-KLMS-AntiSpam-Status: not_detected":                            false,
		"Subject: ***SPAM*** printer":                                     false,
	}
	for policy, want := range map[string]struct {
		verdict Verdict
		silent  bool
	}{"quiet": {Task, true}, "ignore": {Ignored, false}, "task": {Task, false}} {
		p := testPolicy(t)
		p.Spam = policy
		r := compile(t, p)
		for line, marked := range marks {
			d := r.Decide(letter(line), facts())
			if !marked || policy == "task" {
				if has(d, "T10 spam") || !d.AutoReply || d.Verdict != Task || d.Ticket.Silent {
					t.Errorf("%s, %s: %s by %v", policy, line, d.Verdict, hits(d))
				}
				continue
			}
			if !has(d, "T10 spam") || d.AutoReply || d.Verdict != want.verdict ||
				d.Ticket != nil && d.Ticket.Silent != want.silent {
				t.Errorf("%s, %s: %s by %v", policy, line, d.Verdict, hits(d))
			}
		}
	}
}

// In a known thread a letter marked as spam becomes an ordinary comment, since filters make mistakes.
func TestSpamInAThread(t *testing.T) {
	p := testPolicy(t)
	for _, p.Spam = range []string{"quiet", "ignore"} {
		d := compile(t, p).Decide(letter("In-Reply-To: <1@x>", "X-Spam-Flag: YES"), knownTicket(nil))
		if d.Verdict != Commented || d.Ticket.Silent {
			t.Errorf("%s: %s, silent %v", p.Spam, d.Verdict, d.Ticket.Silent)
		}
	}
	p.Spam = "quiet"
	silent := func(t *Ticket) { t.Silent = true }
	if d := compile(t, p).Decide(letter("In-Reply-To: <1@x>", "X-Spam-Flag: YES"),
		knownTicket(silent)); !d.Ticket.Silent {
		t.Error("a second marked letter lets letters go to a spammer")
	}
}

// Limits count the address that gets the auto-reply, and treat addresses that differ in a +tag as one.
func TestCountedFor(t *testing.T) {
	r := compile(t, testPolicy(t))
	for _, c := range []struct {
		lines []string
		want  string
	}{
		{[]string{"From: Ivan+a@Example.org"}, "ivan@example.org @example.org"},
		{
			[]string{"From: x1@evil.example", "Reply-To: victim+7@firm.example"},
			"x1@evil.example @evil.example victim@firm.example @firm.example",
		},
		{[]string{"From: a@mail.ru", "Reply-To: victim@gmail.com"}, "a@mail.ru victim@gmail.com"},
		{[]string{"From: a@x.example", "Reply-To: A+1@x.example"}, "a@x.example @x.example"},
		{[]string{"From: a@x.example", "Reply-To: b+1+2@X.Example."}, "a@x.example @x.example b@x.example"},
		{[]string{"From: a@x.example", `Reply-To: "b"@x.example`}, "a@x.example @x.example b@x.example"},
		{[]string{"From: a@x.example", `Reply-To: "b+7"@x.example`}, "a@x.example @x.example b@x.example"},
		{[]string{"From: a@x.example", "Reply-To: V (the boss) <v+9@yandex.ru>"}, "a@x.example @x.example v@yandex.ru"},
		{[]string{"From: +1@x.example"}, "+1@x.example @x.example"},
		{
			[]string{"From: a@xn--e1afmkfd.xn--p1ai", "Reply-To: a+1@ПРИМЕР.рф"},
			"a@xn--e1afmkfd.xn--p1ai @xn--e1afmkfd.xn--p1ai",
		},
	} {
		if got := strings.Join(r.Ask(letter(c.lines...), testSigner).Counted, " "); got != c.want {
			t.Errorf("%v: %s", c.lines, got)
		}
	}
	p := testPolicy(t)
	p.PerDay = 2000
	f := facts()
	f.Replies.Day = 2000
	if d := compile(t, p).Decide(letter(), f); d.AutoReply || !d.Capped || !has(d, "T3 capped") {
		t.Errorf("over the day's limit: %v", hits(d))
	}
	f.Replies.Day = 1999
	if d := compile(t, p).Decide(letter(), f); !d.AutoReply {
		t.Errorf("below the day's limit: %v", hits(d))
	}
}

func TestAnswerGoesElsewhere(t *testing.T) {
	r := compile(t, testPolicy(t))
	for replyTo, want := range map[string]string{
		"":                   "",
		"ivan@EXAMPLE.org":   "",
		"support@example.ru": "",
		// the mail server delivers it to us
		"Support+web@Example.ru": "",
		"olga@other.example":     "olga@other.example",
	} {
		var lines []string
		if replyTo != "" {
			lines = append(lines, "Reply-To: "+replyTo)
		}
		post := find(r.Decide(letter(lines...), facts()), OpenTask).Post
		i := slices.IndexFunc(post.Notes, func(n Note) bool { return n.Key == NoteAnswerTo })
		if (i >= 0) != (want != "") || i >= 0 && post.Notes[i].Detail != want {
			t.Errorf("%q: %v", replyTo, post.Notes)
		}
	}
}

// Letters to the requester quote and answer only the requester's own letters.
func TestOnlyTheRequesterIsQuoted(t *testing.T) {
	r := compile(t, testPolicy(t))
	ours := testSigner.MessageID(DeriveKey("received", "1"), "example.ru")
	for name, lines := range map[string][]string{
		"a colleague":      {"From: olga@example.org", "In-Reply-To: <" + ours + ">", "Cc: new@x.example"},
		"somebody in copy": {"From: petr@other.example", "In-Reply-To: <1@x>"},
		"a forged sender": {
			"In-Reply-To: <1@x>",
			"Cc: new@x.example",
			"Authentication-Results: mx.example.ru; dmarc=fail",
		},
	} {
		f := knownTicket(func(t *Ticket) {
			t.LastText, t.LastID, t.References = "theirs", "0@x", []string{"0@x"}
			t.Participants = []string{"petr@other.example"}
		})
		f.Known[ours] = Link{Ticket: 5, Origin: FromUs}
		d := r.Decide(letter(lines...), f)
		if got := d.Ticket; d.Verdict != Commented || got.LastText != "theirs" || got.LastID != "0@x" ||
			len(got.References) != 1 || len(got.Participants) != 1 {
			t.Errorf("%s: %s, %+v", name, d.Verdict, got)
		}
	}
	d := r.Decide(letter("Cc: new@x.example", "Authentication-Results: mx.example.ru; dmarc=fail"), facts())
	if d.Verdict != Task || len(d.Ticket.Participants) > 0 || d.Ticket.LastText == "" {
		t.Errorf("a new one by a forged sender: %+v", d.Ticket)
	}
}

// No rule takes an id with a cut signature for ours.
func TestOwnIDCutShort(t *testing.T) {
	own := testSigner.MessageID(DeriveKey("received", "1"), "example.ru")
	for id, want := range map[string][2]bool{ // form, valid
		own:                  {true, true},
		strings.ToUpper(own): {true, true},
		strings.Replace(own, "example.ru", "relay.example", 1): {true, true},
		own[:51] + "@example.ru":                               {true, false},
		own[:40] + "@example.ru":                               {true, false},
		own[:36] + "@example.ru":                               {true, false},
		own[:35] + "@example.ru":                               {true, false},
		own[:35]:                                               {true, false},
		own[:52]:                                               {true, false},
		own[:52] + "00@example.ru":                             {true, false},
		own[:52] + ".x@example.ru":                             {true, false},
		own[:34] + "@example.ru":                               {false, false},
		"hd.zz@example.ru":                                     {false, false},
	} {
		if _, form, valid := testSigner.OwnID(id); form != want[0] || valid != want[1] || (OwnKey(id) != "") != form {
			t.Errorf("%s: form %v, ours %v", id, form, valid)
		}
	}
	r := compile(t, testPolicy(t))
	for _, cut := range []string{own[:51] + "@example.ru", own[:35] + "@example.ru", own[:35]} {
		f := knownTicket(nil)
		f.Known[cut] = Link{Ticket: 5, Origin: FromUs} // found by its key
		if d := r.Decide(letter("In-Reply-To: <"+cut+">"), f); d.Verdict != Task || !has(d, "R4") || has(d, "R8") {
			t.Errorf("%s: %s by %v", cut, d.Verdict, hits(d))
		}
		if q := r.Ask(letter("In-Reply-To: <"+cut+">"), testSigner); slices.Contains(q.IDs, cut) {
			t.Errorf("%s is asked for", cut)
		}
	}
}

// Alarms without an id and a date are distinguished by the time of receipt.
func TestKeyOfAlarms(t *testing.T) {
	alarm := func(with func(*Message)) string {
		m := letter("Received: from a by b; Thu, 12 Mar 2026 10:00:00 +0300")
		m.DerivedID, m.ID = true, "derived@x"
		if with != nil {
			with(m)
		}
		return MessageKey(m)
	}
	same := alarm(nil)
	if alarm(nil) != same {
		t.Error("the same letter has two keys")
	}
	if alarm(func(m *Message) { m.Received = m.Received.In(time.FixedZone("", 3*3600)) }) != same {
		t.Error("a zone makes another letter")
	}
	for name, with := range map[string]func(*Message){
		"later":    func(m *Message) { m.Received = m.Received.Add(time.Minute) },
		"received": func(m *Message) { m.Header[0].Value = "from a by b; Thu, 12 Mar 2026 10:05:00 +0300" },
	} {
		if alarm(with) == same {
			t.Errorf("%s: one key for two alarms", name)
		}
		for what, known := range map[string]func(*Message){"an id": func(m *Message) {
			m.DerivedID = false
		}, "a date": func(m *Message) { m.Date = testNow }} {
			if alarm(known) != alarm(func(m *Message) { known(m); with(m) }) {
				t.Errorf("%s: %s tells, and when it was received must not", name, what)
			}
		}
	}
}
