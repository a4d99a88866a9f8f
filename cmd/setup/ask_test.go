package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"helpdesk/pkg/config"
)

// typist types prepared lines.
type typist struct {
	lines []string
	out   *bytes.Buffer
}

func (p *typist) Line(_ context.Context, prompt string) (string, error) {
	fmt.Fprintln(p.out, prompt)
	if len(p.lines) == 0 {
		return "", io.EOF
	}
	line := p.lines[0]
	p.lines = p.lines[1:]
	return line, nil
}

func (p *typist) Hidden(ctx context.Context, prompt string) (string, error) {
	return p.Line(ctx, prompt)
}

// portal1 is a portal for the tests.
type portal1 struct{ scopes []string }

func (p *portal1) Me(context.Context) (Who, error) { return Who{17, "Mail Desk"}, nil }
func (p *portal1) Scopes(context.Context) ([]string, error) {
	defer func() { p.scopes = append(p.scopes, "disk") }() // somebody adds the scope
	return p.scopes, nil
}
func (p *portal1) Users(_ context.Context, sought string) ([]Who, error) {
	switch sought {
	case "anna":
		return []Who{{7, "Anna Kim"}, {9, "Anna Orlova"}}, nil
	case "9":
		return []Who{{9, "Anna Orlova"}}, nil
	}
	return nil, nil
}

func (p *portal1) Groups(_ context.Context, sought string) ([]Who, error) {
	switch sought {
	case "support":
		return []Who{{3, "Support"}, {4, "Support of partners"}}, nil
	case "4":
		return []Who{{4, "Support of partners"}}, nil
	}
	return nil, nil
}

// The question is repeated for each wrong answer, with the reason.
func TestWrongAnswersAreAskedAgain(t *testing.T) {
	texts, err := Read("en")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	p := &typist{out: &out, lines: []string{"nobody", "help@own.example", "nowhere.example", "mx.own.example",
		"mx.own.example:26", "wr0ng", "right",
		"nonsense", "https://p.example/rest/17/code/", "", "nobody", "anna", "9", "many", "12"}}
	portal := &portal1{[]string{"task", "im", "user_basic"}}
	w := Wizard{Texts: texts, Out: &out, Person: p,
		Net: net1{listen: map[string]string{"mx.own.example:143": "* OK", "mx.own.example:26": "220 x"}},
		Login: func(_ context.Context, a Answers) (error, error) {
			if a.Password == "wr0ng" {
				return errors.New("log in: NO"), nil
			}
			return nil, nil
		},
		Portal: func(webhook string) (Portal, error) {
			if !strings.HasPrefix(webhook, "https://") {
				return nil, errors.New("no address of a webhook")
			}
			return portal, nil
		}}
	a, err := w.Ask(t.Context(), "")
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	want := Answers{
		Address:     "help@own.example",
		Password:    "right",
		Webhook:     "https://p.example/rest/17/code/",
		Responsible: 9,
		Group:       12,
	}
	want.IMAP, want.SMTP = Server{
		Host: "mx.own.example",
		Port: 143,
		TLS:  "starttls",
	}, Server{Host: "mx.own.example", Port: 26, TLS: "starttls"}
	if fmt.Sprint(a) != fmt.Sprint(want) || len(p.lines) > 0 {
		t.Errorf("%+v\nwant %+v; left %q\n%s", a, want, p.lines, out.String())
	}
	for _, said := range []string{`"nobody" is no address`, "No mail servers were found for own.example",
		"nowhere.example does not answer", "does not take it: log in: NO",
		"This does not work: no address of a webhook", "lacks the rights Drive (disk)",
		"knows us as Mail Desk, number 17", "Worth adding: CRM (crm)",
		`Nobody is found by "nobody"`, "Anna Kim (7), Anna Orlova (9)", "Responsible: Anna Orlova, number 9",
		`"many" is no number`} {
		if !strings.Contains(out.String(), said) {
			t.Errorf("it does not say %q:\n%s", said, out.String())
		}
	}
	if strings.Contains(out.String(), "wr0ng") {
		t.Error("the password is shown")
	}
	// Nobody answers.
	p.lines = []string{"help@own.example"}
	if _, err := w.Ask(t.Context(), ""); !errors.Is(err, io.EOF) {
		t.Errorf("without a person: %v", err)
	}
}

// A filled example can be loaded and contains the answers.
func TestFilledExample(t *testing.T) {
	a := Answers{Address: "help@firm.ru", Responsible: 1234, Group: 56}
	a.IMAP, a.SMTP = Server{
		Host: "a-long-name.mail.firm.ru",
		Port: 143,
		TLS:  "starttls",
	}, Server{Host: "b", Port: 587, TLS: "starttls"}
	path := t.TempDir() + "/helpdesk.yaml"
	if err := os.WriteFile(path, []byte(Fill(string(config.Example("ru")), a)), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := loaded(path, func(string) (string, bool) { return "https://portal.example/rest/7/code/", true })
	if err != nil {
		t.Fatal(err)
	}
	m := cfg.Mailboxes[0]
	got := fmt.Sprint(m.From, m.IMAP.Host, m.IMAP.Port, m.IMAP.TLS, m.IMAP.Auth, m.IMAP.User, m.SMTP.Host, m.SMTP.Port,
		m.SMTP.TLS, m.SMTP.Auth, cfg.TaskFor(m.Name).Responsible, cfg.TaskFor(m.Name).Group)
	want := fmt.Sprint("\u0421\u043b\u0443\u0436\u0431\u0430 \u043f\u043e\u0434\u0434\u0435\u0440\u0436\u043a\u0438 "+
		"<help@firm.ru>", "a-long-name.mail.firm.ru", 143, "starttls", "password", "help@firm.ru", "b", 587,
		"starttls", "password", 1234, 56)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for value, want := range map[string]string{
		"plain":      "'plain'",
		`a"b\c$d`:    `'a"b\c$d'`,
		"it's":       `"it's"`,
		"":           "''",
		`it's $5`:    "",
		"two\nlines": "",
	} {
		if got, ok := Quote(value); got != want && ok || ok != (want != "") {
			t.Errorf("%q: %s, %v; want %s", value, got, ok, want)
		}
	}
}

// If no password works, the wizard asks for the application that the mailbox signs in with, and writes a configuration
// for it.
func TestMailboxesThatSignIn(t *testing.T) {
	texts, err := Read("en")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		typed []string
		want  config.OAuth
	}{
		"public": {
			[]string{"0f0f", "firm.example", ""},
			config.OAuth{Provider: "microsoft", ClientID: "0f0f", Tenant: "firm.example"},
		},
		"secret": {
			[]string{"0f0f", "", "s3cret"},
			config.OAuth{Provider: "microsoft", ClientID: "0f0f", Tenant: "common", ClientSecret: "s3cret"},
		},
		"left out": {[]string{""}, config.OAuth{}},
	} {
		var out bytes.Buffer
		p := &typist{out: &out, lines: append(c.typed, "")} // skip the webhook
		w := Wizard{Texts: texts, Out: &out, Person: p, Net: net1{},
			Login: func(context.Context, Answers) (error, error) {
				t.Error("a password is tried")
				return nil, nil
			}}
		a, err := w.Ask(t.Context(), "help@outlook.com")
		if err != nil || len(p.lines) > 0 {
			t.Fatalf("%s: %v, left %q\n%s", name, err, p.lines, out.String())
		}
		text := Fill(string(config.Example("ru")), a)
		if strings.Contains(text, "IMAP_PASSWORD}") || strings.Contains(text, "SMTP_PASSWORD}") {
			t.Errorf("%s: a password is asked for\n%s", name, text)
		}
		path := t.TempDir() + "/helpdesk.yaml"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := loaded(path, func(name string) (string, bool) {
			if name == "HELPDESK_WEBHOOK" {
				return "https://portal.example/rest/7/code/", true
			}
			v, ok := a.Secrets()[name]
			return v, ok
		})
		if c.want.ClientID == "" {
			if err == nil || !strings.Contains(err.Error(), "oauth.client_id: must not be empty") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m := cfg.Mailboxes[0]
		m.OAuth.Scopes = nil
		if fmt.Sprintf("%+v", m.OAuth) != fmt.Sprintf("%+v", c.want) || m.IMAP.Auth != "oauth2" ||
			m.SMTP.Auth != "oauth2" || m.IMAP.Host != "outlook.office365.com" || m.SMTP.TLS != "starttls" {
			t.Errorf("%s: %+v", name, m)
		}
	}
}

// A group is found by a part of its name. Without the scope the wizard accepts its number only, and says why.
func TestGroupOfNewTasks(t *testing.T) {
	texts, err := Read("en")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		scope string
		typed []string
		want  int64
		said  []string
	}{
		"by name": {"sonet_group", []string{"nobody", "support", "4"}, 4, []string{
			`no group is found by "nobody"`, "Support (3), Support of partners (4)",
			"Group: Support of partners, number 4",
		}},
		"the other scope":    {"socialnetwork", []string{"4"}, 4, []string{"number or name"}},
		"none":               {"sonet_group", []string{""}, 0, []string{"number or name"}},
		"none by its number": {"sonet_group", []string{"0"}, 0, nil},
		"by number": {"crm", []string{"support", "12"}, 12, []string{
			"without the right sonet_group", `"support" is no number`,
		}},
	} {
		var out bytes.Buffer
		p := &typist{out: &out, lines: append([]string{"https://p.example/", "9"}, c.typed...)}
		w := Wizard{Texts: texts, Out: &out, Person: p, Portal: func(string) (Portal, error) {
			return &portal1{[]string{"task", "im", "disk", "user_basic", c.scope}}, nil
		}}
		var a Answers
		if err := w.webhook(t.Context(), &a); err != nil || a.Group != c.want || len(p.lines) > 0 {
			t.Errorf("%s: group %d, %v, left %q\n%s", name, a.Group, err, p.lines, out.String())
		}
		for _, said := range c.said {
			if !strings.Contains(strings.ToLower(out.String()), strings.ToLower(said)) {
				t.Errorf("%s: it does not say %q:\n%s", name, said, out.String())
			}
		}
	}
}

// loaded reads a configuration with all its secrets.
func loaded(path string, env func(string) (string, bool)) (*config.Config, error) {
	f, err := config.Open(path)
	if err != nil {
		return nil, err
	}
	return f.Load(env)
}
