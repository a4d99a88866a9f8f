package desk

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

var (
	testNow    = time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)
	testSigner = Signer{Secret: []byte("a secret of tests")}
)

const testInstance = "5f2c0a9e"

var readWords = sync.OnceValues(func() (w Words, err error) {
	b, err := os.ReadFile("../../templates/words.yaml")
	if err == nil {
		err = yaml.UnmarshalWithOptions(b, &w, yaml.Strict())
	}
	return w, err
})

func testWords(t testing.TB) Words {
	t.Helper()
	w, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var readLexicon = sync.OnceValues(func() (*Lexicon, error) {
	w, err := readWords()
	if err != nil {
		return nil, err
	}
	return NewLexicon(w)
})

// testLexicon returns the lexicon, compiled once, since compiling it takes longer than most decisions.
func testLexicon(t testing.TB) *Lexicon {
	t.Helper()
	l, err := readLexicon()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type quotedLabels struct {
	From   []string `yaml:"from_labels"`
	Others []string `yaml:"other_labels"`
}

var readLabels = sync.OnceValues(func() (l quotedLabels, err error) {
	b, err := os.ReadFile("../../templates/quotes.yaml")
	if err == nil {
		err = yaml.Unmarshal(b, &l)
	}
	return l, err
})

// testLabels returns the labels of quoted headers. They come from quotes.yaml, which is also used for reading letters.
func testLabels(t testing.TB) (from, others []string) {
	t.Helper()
	l, err := readLabels()
	if err != nil {
		t.Fatal(err)
	}
	return l.From, l.Others
}

func testPolicy(t testing.TB) *Policy {
	from, others := testLabels(t)
	return &Policy{
		Own:   []string{"support@example.ru"},
		Staff: []string{"@firma.example", "anna@partner.example"},
		Exclusions: []Exclusion{{
			Match: "@bank.example",
			Scope: ScopeAutoReply,
		}, {Match: "@*.spam.example", Scope: ScopeMail}, {Match: "mute@quiet.example", Scope: ScopeLetters}},
		TrustAuth: "mx.example.ru",
		Automatic: "task", Bulk: "task",
		Reopen: true, ReopenWithin: 720 * time.Hour, SameSubject: 336 * time.Hour,
		AutoReply: true, PerAddress: 5, PerDomain: 50, Within: 24 * time.Hour, MaxAge: 72 * time.Hour,
		Answer: true, Send: "all", InternalPrefix: "//", PublicPrefix: "!", Combine: true, Attachments: true,
		Fields:  map[string]Fields{"support": {Responsible: 7, Tags: []string{"helpdesk"}}},
		Lexicon: testLexicon(t), FromLabels: from, OtherLabels: others,
	}
}

func compile(t testing.TB, p *Policy) *Rules {
	t.Helper()
	r, err := Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// letter returns the base letter with further header lines. Lines such as From or Subject also set the field of the
// Message.
func letter(lines ...string) *Message {
	m := &Message{
		Listing: Listing{
			Place:    Place{Mailbox: "support", UIDValidity: 1, UID: 7},
			Size:     2000,
			Received: testNow.Add(-time.Minute),
		},
		ID: "letter-1@example.org", Hash: "00ff",
		From: Address{Name: "Ivan", Addr: "ivan@example.org"}, To: []Address{{Addr: "support@example.ru"}},
		Subject: "printer", Plain: "it does not print", Text: "it does not print", FullText: "it does not print",
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		m.Header = append(m.Header, Field{name, value})
		switch strings.ToLower(name) {
		case "from":
			m.From = addressOf(value)
		case "sender":
			m.Sender = addressOf(value)
		case "reply-to":
			m.ReplyTo = append(m.ReplyTo, addressOf(value))
		case "to":
			m.To = []Address{addressOf(value)}
		case "cc":
			m.Cc = append(m.Cc, addressOf(value))
		case "subject":
			m.Subject = value
		case "message-id":
			m.ID = strings.Trim(value, "<>")
		case "in-reply-to":
			m.InReplyTo = append(m.InReplyTo, strings.Trim(value, "<>"))
		case "references":
			for _, id := range strings.Fields(value) {
				m.Refs = append(m.Refs, strings.Trim(id, "<>"))
			}
		}
	}
	return m
}

func addressOf(s string) Address {
	name, _, ok := strings.Cut(s, "<")
	if !ok {
		return Address{Addr: s}
	}
	return Address{Name: strings.TrimSpace(name), Addr: bareAddress(s)}
}

func facts() Facts {
	return Facts{
		Now:      testNow,
		Signer:   testSigner,
		Instance: testInstance,
		Known:    map[string]Link{},
		Tasks:    map[int64]uint64{},
		Tickets:  map[uint64]Ticket{},
	}
}

// hits returns the rules that hit, in order.
func hits(d Decision) []string {
	var ids []string
	for _, r := range d.Reasons {
		if r.Hit {
			ids = append(ids, r.Rule)
		}
	}
	return ids
}

func has(d Decision, rule string) bool {
	for _, id := range hits(d) {
		if id == rule {
			return true
		}
	}
	return false
}

func find(d Decision, k Kind) *Effect {
	for i := range d.Effects {
		if d.Effects[i].Kind == k {
			return &d.Effects[i]
		}
	}
	return nil
}

func notes(p *Post) string {
	var keys []string
	for _, n := range p.Notes {
		keys = append(keys, string(n.Key))
	}
	return strings.Join(keys, " ")
}

func TestCompileNamesBadPatterns(t *testing.T) {
	p := testPolicy(t)
	p.Staff = append(p.Staff, "firma.example")
	p.Exclusions = append(p.Exclusions, Exclusion{
		Match: "@",
		Scope: ScopeMail,
	}, Exclusion{Match: "@a.ru", Scope: "never"})
	p.Lexicon, p.Words = nil, testWords(t)
	p.Words.Thanks = []string{"(thanks"}
	_, err := Compile(p)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`"firma.example"`, `"@"`, `"never"`, `thanks: compile "(thanks"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if _, err := Compile(&Policy{}); err != nil {
		t.Errorf("the empty policy: %v", err)
	}
}

func TestAsk(t *testing.T) {
	r := compile(t, testPolicy(t))
	own := testSigner.MessageID(DeriveKey("open"), "example.ru")
	forged := own[:36] + "0123456789abcdef" + own[52:]
	m := letter("From: Ivan@Example.ORG", "In-Reply-To: <new@x>",
		"References: <old@x> <> <@x> <"+forged+"> <"+own+"> <new@x>",
		"Subject: Re: Принтер "+testSigner.Token(3711))
	q := r.Ask(m, testSigner)
	if got, want := strings.Join(q.IDs, " "), "new@x "+own+" old@x letter-1@example.org"; got != want {
		t.Errorf("ids %s, want %s", got, want)
	}
	if q.Address != "ivan@example.org" || strings.Join(q.Counted, " ") != "ivan@example.org @example.org" ||
		q.Subject != "принтер" || q.Key != MessageKey(m) {
		t.Errorf("%+v", q)
	}
	if len(q.Tasks) != 1 || q.Tasks[0] != 3711 || q.Bounced != nil {
		t.Errorf("%+v", q)
	}
	if q := r.Ask(letter("From: Ivan@Mail.RU"), testSigner); q.Address != "ivan@mail.ru" ||
		strings.Join(q.Counted, " ") != "ivan@mail.ru" {
		t.Errorf("of a public domain: %+v", q)
	}
	m = letter("From: MAILER-DAEMON@mx.example")
	m.Plain = "The letter came back:\nMessage-ID: <" + own + ">\n and <" + forged + ">"
	if q := r.Ask(m, testSigner); len(q.Bounced) != 1 || q.Bounced[0] != own {
		t.Errorf("bounced %v", q.Bounced)
	}
}

func TestCatalogue(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Catalogue() {
		if d.Condition == "" || d.Effect == "" || d.Group == "" {
			t.Errorf("%s says too little", d.ID)
		}
		if seen[string(d.Group)+d.ID] {
			t.Errorf("%s twice", d.ID)
		}
		seen[string(d.Group)+d.ID] = true
	}
}
