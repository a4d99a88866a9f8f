package desk

import (
	"strings"
	"testing"
)

func titledPolicy(t *testing.T, template string) *Policy {
	t.Helper()
	p := testPolicy(t)
	f := p.Fields["support"]
	f.Title = template
	p.Fields = map[string]Fields{"support": f}
	return p
}

func TestTitleOfATask(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("очень длинное слово ", 12)) // 239 characters
	for name, c := range map[string]struct {
		template, subject, text, title, above string
	}{
		"by default":  {"", "Re: Касса", "Не печатает.", "Касса", ""},
		"the default": {"{{.Subject}}", "Касса", "Не печатает.", "Касса", ""},
		"all of it": {
			"[{{.Mailbox}}] {{.Subject}} / {{.Name}} {{.Address}}",
			"Касса",
			"x",
			"[support] Касса / Пётр petr@example.org",
			"",
		},
		"no subject": {"{{.Subject}}", "", "\n\nНе печатает\nкасса 7731.\n", "Не печатает касса 7731.", ""},
		"only a prefix": {
			"{{.Mailbox}}: {{.Subject}}",
			"Re:",
			"Не печатает касса.",
			"support: Не печатает касса.",
			"",
		},
		"a long text":      {"", "", strings.Repeat("слово ", 50), strings.Repeat("слово ", 12) + "слово…", ""},
		"one endless word": {"", "", strings.Repeat("щ", 500), strings.Repeat("щ", 79) + "…", ""},
		"nothing":          {"{{.Mailbox}}: {{.Subject}}", "", "", "", ""},
		"lines":            {"{{.Mailbox}}\n {{.Subject}}", "Касса", "x", "support Касса", ""},
		"comes to nothing": {"{{if eq .Mailbox \"sales\"}}{{.Subject}}{{end}}", "Касса", "x", "Касса", ""},
		"fails":            {"{{slice .Subject 0 100}}", "Касса", "x", "Касса", ""},
		"the prefix cuts":  {"{{.Address}}: {{.Subject}}", long, "x", "", "petr@example.org: " + long},
		"no subject in it": {"{{.Name}}", "Касса", "x", "Пётр", "Касса"},
	} {
		t.Run(name, func(t *testing.T) {
			m := letter()
			m.From, m.Subject, m.Text, m.FullText = Address{
				Name: "Пётр",
				Addr: "petr@example.org",
			}, c.subject, c.text, c.text
			post := find(compile(t, titledPolicy(t, c.template)).Decide(m, facts()), OpenTask).Post
			if c.title != "" && post.Title != c.title || post.Subject != c.above || len([]rune(post.Title)) > titleMax {
				t.Errorf("title %q, above the text %q", post.Title, post.Subject)
			}
			if c.title == "" && c.above == "" && post.Title != "" {
				t.Errorf("a title %q of nothing", post.Title)
			}
		})
	}
}

func TestTitleNamesNamelessByAddress(t *testing.T) {
	m := letter()
	m.From, m.Subject = Address{Addr: "petr@example.org"}, "Касса"
	post := find(compile(t, titledPolicy(t, "{{.Name}}: {{.Subject}}")).Decide(m, facts()), OpenTask).Post
	if post.Title != "petr@example.org: Касса" {
		t.Errorf("%q", post.Title)
	}
}

func TestTitleOfARoute(t *testing.T) {
	p := titledPolicy(t, "{{.Subject}}")
	p.Routes = []Route{{
		Name:    "tills",
		Subject: []string{"касс"},
		Fields:  map[string]Fields{"support": {Responsible: 7, Title: "КАССА: {{.Subject}}"}},
	}}
	m := letter()
	m.Subject = "Касса 7731"
	if post := find(compile(t, p).Decide(m, facts()), OpenTask).Post; post.Title != "КАССА: Касса 7731" {
		t.Errorf("%q", post.Title)
	}
}

func TestTitleTemplateWrong(t *testing.T) {
	if _, err := Compile(titledPolicy(t, "{{.Subject")); err == nil || !strings.Contains(err.Error(), "title") {
		t.Errorf("%v", err)
	}
}
