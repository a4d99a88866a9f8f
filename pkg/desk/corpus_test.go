package desk_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/quote"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	corpusNow    = time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)
	corpusSigner = desk.Signer{Secret: []byte("a secret of tests")}
)

func load(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../templates", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func corpusRules(t testing.TB) (*desk.Rules, *quote.Cutter) {
	p := desk.Policy{
		Own:   []string{"support@example.ru"},
		Staff: []string{"@firma.example"},
		Exclusions: []desk.Exclusion{{
			Match: "@bank.example",
			Scope: desk.ScopeAutoReply,
		}, {Match: "@*.spam.example", Scope: desk.ScopeMail}, {Match: "mute@quiet.example", Scope: desk.ScopeLetters}},
		TrustAuth: "mx.example.ru", Automatic: "task", Bulk: "task",
		Reopen: true, ReopenWithin: 720 * time.Hour, SameSubject: 336 * time.Hour,
		AutoReply: true, PerAddress: 5, PerDomain: 50, Within: 24 * time.Hour, MaxAge: 72 * time.Hour,
	}
	load(t, "words.yaml", &p.Words)
	var quotes quote.Rules
	load(t, "quotes.yaml", &quotes)
	p.FromLabels, p.OtherLabels = quotes.FromLabels, quotes.OtherLabels
	r, err := desk.Compile(&p)
	if err != nil {
		t.Fatal(err)
	}
	c, err := quote.Compile(quotes)
	if err != nil {
		t.Fatal(err)
	}
	return r, c
}

// world returns the facts for a letter's questions. They contain four tickets of one requester: open, closed, closed
// long ago, and deleted.
func world(r *desk.Rules, q desk.Questions) desk.Facts {
	f := desk.Facts{
		Now:      corpusNow,
		Signer:   corpusSigner,
		Instance: "5f2c0a9e",
		Known:    map[string]desk.Link{},
		Tasks:    map[int64]uint64{},
		Tickets:  map[uint64]desk.Ticket{},
	}
	ticket := func(n uint64, subject string, s desk.Status, closed time.Duration) {
		a := desk.Address{Name: "Иван Петров", Addr: "ivan@example.org"}
		t := desk.Ticket{Number: n, Task: 3706 + int64(n), Requester: a, ReplyTo: a,
			Participants: []string{"petr@other.example"}, Subject: subject,
			Normal: r.NormalSubject(subject), Opened: corpusNow.Add(-99 * 24 * time.Hour),
			LastAt: corpusNow.Add(-time.Hour), Status: s}
		if closed > 0 {
			t.ClosedAt = corpusNow.Add(-closed)
		}
		f.Tickets[n] = t
	}
	ticket(5, "Принтер не печатает", desk.Open, 0)
	ticket(6, "x-ray", desk.Done, 24*time.Hour)
	ticket(7, "x-ray", desk.Done, 60*24*time.Hour)
	ticket(8, "x-ray", desk.Gone, 0)
	own, _, _ := corpusSigner.OwnID(corpusSigner.MessageID(desk.DeriveKey("received", "1"), "example.ru"))
	ids := map[string]desk.Link{
		"first@example.org": {
			Ticket: 5,
			Origin: desk.FromCustomer,
		}, "closed@example.org": {Ticket: 6, Origin: desk.FromCustomer},
		"old@example.org": {
			Ticket: 7,
			Origin: desk.FromCustomer,
		}, "gone@example.org": {Ticket: 8, Origin: desk.FromCustomer},
		"anna-1@firma.example": {Ticket: 5, Origin: desk.FromStaff}, "loose@outlook.example": {Origin: desk.FromStaff},
	}
	for _, id := range append(append([]string(nil), q.IDs...), q.Bounced...) {
		if l, ok := ids[id]; ok {
			f.Known[id] = l
		}
		if key, _, _ := corpusSigner.OwnID(id); key == own { // looked up by its key, as in the state
			f.Known[id] = desk.Link{Ticket: 5, Origin: desk.FromUs}
		}
	}
	for _, task := range q.Tasks {
		if task == 3711 {
			f.Tasks[task] = 5
		}
	}
	if q.Address == "ivan@example.org" && q.Subject == f.Tickets[5].Normal {
		f.Same = []uint64{5}
	}
	return f
}

// read parses a letter of the corpus and cuts off its quote.
func read(t testing.TB, c *quote.Cutter, path string, uid uint32) desk.Message {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l := desk.Listing{
		Place:    desk.Place{Mailbox: "support", UIDValidity: 1, UID: uid},
		Size:     int64(len(b)),
		Received: corpusNow.Add(-time.Minute),
	}
	m, err := pass.Read(bytes.NewReader(b), l, pass.Reading{Cutter: c})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return m
}

type label struct {
	file, verdict, thread, class string
	reply                        bool
}

func labels(t *testing.T) []label {
	t.Helper()
	f, err := os.Open("testdata/labels.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []label
	for s := bufio.NewScanner(f); s.Scan(); {
		w := strings.Fields(s.Text())
		if len(w) < 5 || w[0] == "#" {
			continue
		}
		all = append(all, label{w[0], w[1], w[3], strings.Join(w[4:], " "), w[2] == "1"})
	}
	return all
}

// TestCorpus compares the decisions on letters with a person's labels, and the rules that hit with a golden file.
func TestCorpus(t *testing.T) {
	rules, cutter := corpusRules(t)
	all := labels(t)
	files, err := filepath.Glob("testdata/corpus/*.eml")
	if err != nil || len(files) != len(all) || len(all) < 120 {
		t.Fatalf("%d letters, %d labels, %v", len(files), len(all), err)
	}
	var golden strings.Builder
	var machine, caught, alarms int
	for i, l := range all {
		m := read(t, cutter, filepath.Join("testdata/corpus", l.file), uint32(i+1))
		d := rules.Decide(&m, world(rules, rules.Ask(&m, corpusSigner)))
		thread, line := "-", summary(d)
		var names []string
		for _, a := range m.Attachments {
			names = append(names, a.Name)
		}
		for _, r := range d.Reasons {
			if r.Hit && r.Rule[0] == 'R' && r.Rule != "R4" {
				thread = r.Rule
			}
		}
		if string(d.Verdict) != l.verdict || d.Class != l.class || d.AutoReply != l.reply || thread != l.thread {
			t.Errorf("%s: want %s %q %v %s, got %s\nfrom %v, subject %q, quoted %q", l.file, l.verdict, l.class,
				l.reply, l.thread, line, m.From, m.Subject, m.Quoted)
		}
		fmt.Fprintf(&golden, "%s: %s; %q from %q, files %q\n", l.file, line, m.Subject, m.From.String(), names)
		switch {
		case !l.reply:
			machine++
			if !d.AutoReply {
				caught++
			}
		case !d.AutoReply:
			alarms++
		}
	}
	t.Logf("letters %d, must not be answered %d, caught %d, false alarms %d", len(all), machine, caught, alarms)
	compare(t, "testdata/decisions.golden", golden.String())
}

// TestForeignCorpora checks that every letter in other projects' corpora is decided, however malformed.
func TestForeignCorpora(t *testing.T) {
	root := os.Getenv("HELPDESK_CORPUS")
	if root == "" {
		root = "../../../shared/corpus"
	}
	var files []string
	for _, pattern := range []string{"parse/*/*.eml", "tolerate/*.eml", "tolerate/*/*.eml"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skipf("no letters in %s; HELPDESK_CORPUS names another folder", root)
	}
	rules, cutter := corpusRules(t)
	classes := map[string]int{}
	for i, path := range files {
		m := read(t, cutter, path, uint32(i+1))
		d := rules.Decide(&m, world(rules, rules.Ask(&m, corpusSigner)))
		classes[d.Class]++
		if d.Verdict == "" || d.Class == "" || d.AutoReply && d.Class != "human" || len(d.Reasons) < 2 {
			t.Errorf("%s: %+v", path, d)
		}
		if testing.Verbose() && d.Class != "human" {
			t.Logf("%s: %s", path, summary(d))
		}
	}
	t.Logf("letters %d, classes %v", len(files), classes)
}

// summary returns a decision in one line: verdict, class, the rules that hit, the notes of the post, and the effects.
func summary(d desk.Decision) string {
	var hit, made, notes []string
	for _, r := range d.Reasons {
		if r.Hit {
			hit = append(hit, r.Rule)
		}
	}
	for _, e := range d.Effects {
		what := string(e.Kind)
		if e.Post != nil {
			what += " " + string(e.Post.Form)
			if e.Post.Reopen {
				what += " reopen"
			}
			for _, n := range e.Post.Notes {
				notes = append(notes, string(n.Key))
			}
		}
		made = append(made, what)
	}
	return fmt.Sprintf("%s, %s; rules %s; notes %s; made %s", d.Verdict, d.Class, strings.Join(hit, ", "),
		strings.Join(notes, ", "), strings.Join(made, ", "))
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-update renews it): %s", path, diff)
	}
}
