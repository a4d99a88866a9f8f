package desk

import (
	"testing"
	"time"

	"helpdesk/pkg/worktime"

	"github.com/google/go-cmp/cmp"
)

func routed(t *testing.T, m Message, routes ...Route) Decision {
	t.Helper()
	p := Policy{Lexicon: testLexicon(t), Routes: routes, Fields: map[string]Fields{"support": {Responsible: 7}},
		Calendar: week, Own: []string{"support@x.example"}}
	r, err := Compile(&p)
	if err != nil {
		t.Fatal(err)
	}
	m.Mailbox = "support"
	return r.Decide(&m, Facts{Now: testNow, Signer: testSigner})
}

func to(responsible int64) map[string]Fields {
	return map[string]Fields{"support": {Responsible: responsible}}
}

func TestFirstRouteThatFitsChooses(t *testing.T) {
	m := Message{
		ID:      "1@a",
		From:    Address{Addr: "ivan@Bank.example"},
		To:      []Address{{Addr: "Sales@x.example"}},
		Subject: "\u0421\u0447\u0451\u0442\u0430 \u0437\u0430 \u043c\u0430\u0440\u0442",
	}
	for name, tt := range map[string]struct {
		routes []Route
		want   int64
		note   string
	}{
		"mailbox":         {[]Route{{Mailbox: "Support", Fields: to(1)}}, 1, "rule 1: mailbox support"},
		"another mailbox": {[]Route{{Mailbox: "sales", Fields: to(1)}}, 7, ""},
		"alias": {
			[]Route{{To: []string{"other@x.example", "sales@x.example"}, Fields: to(1)}},
			1,
			"rule 1: to sales@x.example",
		},
		"sender's domain": {
			[]Route{{From: []string{"@bank.example"}, Fields: to(1)}},
			1,
			"rule 1: from ivan@bank.example",
		},
		"a subdomain alone": {[]Route{{From: []string{"@*.bank.example"}, Fields: to(1)}}, 7, ""},
		"a word's beginning, io or ie": {[]Route{{Subject: []string{"\u0441\u0447\u0435\u0442"}, Fields: to(1)}}, 1,
			"rule 1: subject has \"\u0441\u0447\u0435\u0442\""},
		"not within a word": {[]Route{{Subject: []string{"\u0447\u0435\u0442\u0430"}, Fields: to(1)}}, 7, ""},
		"every condition": {
			[]Route{{From: []string{"@bank.example"}, Subject: []string{"printer"}, Fields: to(1)}},
			7,
			"",
		},
		"the first": {[]Route{{
			From:   []string{"@other.example"},
			Fields: to(1),
		}, {Name: "bank", From: []string{"@bank.example"}, Fields: to(2)},
			{Fields: to(3)}}, 2, "bank: from ivan@bank.example"},
		"the rest": {
			[]Route{{From: []string{"@other.example"}, Fields: to(1)}, {Name: "rest", Fields: to(3)}},
			3,
			"rest: every message",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := routed(t, m, tt.routes...)
			last := d.Reasons[len(d.Reasons)-1]
			if got := d.Effects[0].Post.Fields.Responsible; got != tt.want || last.Rule != "routing" ||
				last.Hit != (tt.note != "") {
				t.Errorf("responsible %d, %+v", got, last)
			}
			if tt.note != "" && last.Note != tt.note {
				t.Errorf("note %q", last.Note)
			}
		})
	}
}

func TestAliasOfTheDelivery(t *testing.T) {
	m := Message{ID: "1@a", From: Address{Addr: "i@b.example"}, Header: Header{{"X-Original-To", "<sales@x.example>"}}}
	if d := routed(t, m, Route{
		To:     []string{"sales@x.example"},
		Fields: to(1),
	}); d.Effects[0].Post.Fields.Responsible != 1 {
		t.Error(d.Reasons)
	}
}

func TestNoRoutesNoReason(t *testing.T) {
	for _, reason := range routed(t, Message{ID: "1@a", From: Address{Addr: "i@b.example"}}).Reasons {
		if reason.Rule == "routing" {
			t.Error(reason)
		}
	}
}

func TestBadPatternOfARoute(t *testing.T) {
	p := Policy{Lexicon: testLexicon(t), Routes: []Route{{Name: "x", From: []string{"bank"}}, {To: []string{"@"}}}}
	if _, err := Compile(&p); err == nil {
		t.Error("taken")
	}
}

var week = worktime.Calendar{From: 9 * time.Hour, To: 18 * time.Hour,
	Days:     map[string]bool{"mon": true, "tue": true, "wed": true, "thu": true, "fri": true},
	Holidays: map[string]bool{"2026-03-09": true}, Workdays: map[string]bool{"2026-03-14": true},
	Zone: time.FixedZone("MSK", 3*60*60)}

func TestDeadlineInWorkingTime(t *testing.T) {
	fields := map[string]Fields{"support": {Responsible: 1, Deadline: 8 * time.Hour, Working: true}}
	d := routed(t, Message{ID: "1@a", From: Address{Addr: "i@b.example"}}, Route{Fields: fields})
	want := week.After(testNow, 8*time.Hour)
	if diff := cmp.Diff(want, d.Effects[0].Post.Fields.Due); diff != "" {
		t.Error(diff)
	}
	if fields["support"].Due != (time.Time{}) {
		t.Error("the settings were changed")
	}
}

// A comment becomes a result when it is marked, even if it was read long before.
func TestResultsHaveACursorOfTheirOwn(t *testing.T) {
	p := Policy{Lexicon: testLexicon(t), Send: SendResults, Answer: true, Combine: true}
	r, err := Compile(&p)
	if err != nil {
		t.Fatal(err)
	}
	said := func(id, result int64, ago time.Duration) Comment {
		return Comment{ID: id, ResultID: result, Result: true, Author: 7, Text: "Restart it", At: testNow.Add(-ago)}
	}
	for name, tt := range map[string]struct {
		last, lastResult int64
		comment          Comment
		rule             string
	}{
		"new":                              {100, 5, said(101, 6, 0), "for-customer"},
		"marked late":                      {100, 5, said(90, 6, 0), "for-customer"},
		"marked late, message not told":    {100, 5, said(0, 6, 0), "for-customer"},
		"sent":                             {100, 6, said(90, 6, 0), "known"},
		"same words as one that was sent":  {100, 6, said(101, 6, 0), "known"},
		"first ever, marked long ago":      {100, 0, said(90, 6, 2*time.Hour), "known"},
		"first ever, marked since reading": {100, 0, said(90, 6, 0), "for-customer"},
	} {
		f := AnnounceFacts{Now: testNow, Signer: testSigner,
			Ticket: Ticket{Number: 1, Task: 3, Key: "k", LastComment: tt.last,
				LastResult: tt.lastResult, ReadAt: testNow.Add(-time.Hour), ReplyTo: Address{Addr: "i@b.example"}}}
		d := r.Announce(Change{State: TaskState{Task: 3}, Comments: []Comment{tt.comment}, ReadAt: testNow}, f)
		if got := d.Reasons[0].Rule; got != tt.rule {
			t.Errorf("%s: %s, want %s", name, got, tt.rule)
		}
		if d.Ticket.LastResult < tt.comment.ResultID {
			t.Errorf("%s: the cursor stays", name)
		}
	}
}
