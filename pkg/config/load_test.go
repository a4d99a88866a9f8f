package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// allNames lists every key of the schema by its own name, without the keys around it.
func allNames() []string {
	var names []string
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return
		}
		for _, f := range fields(t) {
			names = append(names, f.name)
			walk(t.Field(f.index).Type)
		}
	}
	walk(reflect.TypeFor[Config]())
	return names
}

// The decoder knows every tag of the schema, and can parse every limit.
func TestSchemaIsSound(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct {
			return
		}
		for _, f := range fields(typ) {
			if f.name == "" {
				t.Errorf("%s has a field without a key", typ)
			}
			if form := f.tag.Get("is"); form != "" && forms[form] == nil {
				t.Errorf("%s.%s: no form %q", typ, f.name, form)
			}
			elem := typ.Field(f.index).Type
			for elem.Kind() == reflect.Pointer || elem.Kind() == reflect.Slice {
				elem = elem.Elem()
			}
			for _, limit := range []string{f.tag.Get("min"), f.tag.Get("max")} {
				if limit != "" && set(reflect.New(elem).Elem(), limit, f.tag) != nil {
					t.Errorf("%s.%s: limit %q", typ, f.name, limit)
				}
			}
			walk(elem)
		}
	}
	walk(reflect.TypeFor[Config]())
}

func TestLoadResolvesPathsAndPorts(t *testing.T) {
	path := write(t, minimal)
	c, err := Load(path, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(filepath.Dir(path), "helpdesk.db"); c.State != want {
		t.Errorf("state %q, want %q", c.State, want)
	}
	if c.Templates != "" || c.Letters.Logo != "" {
		t.Error("an empty path became a folder")
	}
	m := c.Mailboxes[0]
	if m.IMAP.Port != 993 || m.SMTP.Port != 465 {
		t.Errorf("ports %d, %d", m.IMAP.Port, m.SMTP.Port)
	}
	c = load(t, strings.NewReplacer("{host: imap", "{tls: starttls, host: imap", "{host: smtp",
		"{tls: starttls, host: smtp").
		Replace(minimal), testEnv)
	if m := c.Mailboxes[0]; m.IMAP.Port != 143 || m.SMTP.Port != 587 {
		t.Errorf("ports with STARTTLS %d, %d", m.IMAP.Port, m.SMTP.Port)
	}
}

func TestLoadOfAbsentFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "helpdesk.yaml"), testEnv)
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestLoadTakesWindowsFiles(t *testing.T) {
	text := "\xef\xbb\xbf" + strings.ReplaceAll(minimal+"letters:\n  signature: |\n    a\n    b\n", "\n", "\r\n")
	if c := load(t, text, testEnv); c.Letters.Signature != "a\nb\n" {
		t.Errorf("%q", c.Letters.Signature)
	}
}

func TestTaskFor(t *testing.T) {
	c := load(t, `
mailboxes:
  - &box
    name: one
    from: one@example.ru
    imap: &imap {host: imap.example.ru, user: one, password: x1}
    smtp: &smtp {host: smtp.example.ru, user: one, password: x2}
    task: {responsible: 8, tags: [], bind_crm: false, deadline: 2d, title: "{{.Mailbox}}: {{.Subject}}"}
  - name: two
    from: "Второй <two@example.ru>"
    timezone: Asia/Yekaterinburg
    imap: {host: imap.example.ru, user: two, password: x3}
    smtp: *smtp
bitrix24:
  webhook: https://portal.example/rest/7/code
  task: {responsible: 7, group: 3, priority: high}
`, testEnv)
	base := Task{
		Responsible: 7,
		Group:       3,
		Tags:        []string{"helpdesk"},
		Priority:    "high",
		BindCRM:     true,
		Title:       "{{.Subject}}",
	}
	one := Task{Responsible: 8, Group: 3, Tags: []string{}, Priority: "high", Deadline: 48 * time.Hour,
		Title: "{{.Mailbox}}: {{.Subject}}"}
	for name, want := range map[string]Task{"one": one, "two": base, "unknown": base} {
		if diff := cmp.Diff(want, c.TaskFor(name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if c.Bitrix24.Webhook != "https://portal.example/rest/7/code/" {
		t.Error(c.Bitrix24.Webhook)
	}
	if l := c.Location("two"); l.String() != "Asia/Yekaterinburg" {
		t.Error(l)
	}
	if name, address := c.Mailboxes[1].Sender(); name != "Второй" || address != "two@example.ru" {
		t.Errorf("%q %q", name, address)
	}
	if c.Mailboxes[1].SMTP.User != "one" {
		t.Error("alias not followed")
	}
}

func TestExpand(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "secret"), []byte("in ${file}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "marked"), []byte("\ufeffsecret\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := &decoder{folder: folder, env: environment("A", "one", "B_2", "", "NEST", "${A}")}
	for _, c := range []struct{ text, want string }{
		{"plain $ {A}", "plain $ {A}"},
		{"${A}", "one"},
		{"x${A}y${A}", "xoneyone"},
		{"[${B_2}]", "[]"},
		{"${NEST}", "${A}"},
		{"$${A}", "${A}"},
		{"$$", "$$"},
		{"${file:secret}", "in ${file}"},
		{"${file:marked}", "secret"},
		{"${file:" + filepath.Join(folder, "secret") + "}", "in ${file}"},
	} {
		if got, err := d.expand(c.text, true); got != c.want || err != nil {
			t.Errorf("%q: %q, %v; want %q", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"${UNKNOWN}", "${A", "${}", "${a b}", "${file:absent}", "${file:}"} {
		if got, err := d.expand(text, true); err == nil {
			t.Errorf("%q: %q, want an error", text, got)
		}
	}
}

func TestExpandedNumbers(t *testing.T) {
	c := load(t, strings.Replace(minimal, "responsible: 7", `responsible: "${WHO}", deadline: "${WHEN}"`, 1),
		func(n string) (string, bool) {
			if v, ok := environment("WHO", "12", "WHEN", "3d")(n); ok {
				return v, ok
			}
			return testEnv(n)
		})
	if got := c.TaskFor("support"); got.Responsible != 12 || got.Deadline != 72*time.Hour {
		t.Errorf("%+v", got)
	}
}

func TestSecrets(t *testing.T) {
	c := load(t, minimal+`
contacts:
  onec: {url: "https://1c/odata/", catalog: "C", user: u, password: "onec"}
`, testEnv)
	want := []string{"https://portal.example/rest/7/s3cretcode/", "imap-s3cret", "smtp-s3cret", "s3cretcode", "onec"}
	if diff := cmp.Diff(want, c.Secrets()); diff != "" {
		t.Error(diff)
	}
}

// A mistake has its position even if the value comes from a variable, and never contains the value.
func TestMistakeOfVariable(t *testing.T) {
	_, err := Load(write(t, minimal), environment("HELPDESK_WEBHOOK", "http://portal.example/rest/7/s3cret/",
		"HELPDESK_IMAP_PASSWORD", "", "HELPDESK_SMTP_PASSWORD", "x"))
	var ms Mistakes
	if !errors.As(err, &ms) || len(ms) != 2 || strings.Contains(fmt.Sprint(err), "s3cret") {
		t.Fatal(err)
	}
	if ms[0].Key != "bitrix24.webhook" || ms[0].Line != 3 || ms[0].Column != 12 ||
		ms[1].Key != "mailboxes[0].imap.password" || ms[1].Message != "must not be empty" {
		t.Error(err)
	}
}

func TestUnits(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "60s": time.Minute, "30d": 720 * time.Hour, "1d12h": 36 * time.Hour, "0d": 0,
		"1.5h": 90 * time.Minute,
	} {
		if got, err := parseDuration(text); got != want || err != nil {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "60", "-1s", "1h2d", "d", "999999d", "1d-2h", "106751d23h59m59s9999s", "Inf"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q: %s, want an error", text, got)
		}
	}
	for text, want := range map[string]int64{
		"0": 0, "12": 12, "12B": 12, "500kB": 500e3, "20MB": 20e6, "20 MB": 20e6, "1GiB": 1 << 30, "1.5MiB": 3 << 19,
		"2TB": 2e12, "10K": 10e3,
	} {
		if got, err := parseSize(text); got != want || err != nil {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "MB", "-1MB", "1XB", "1e3", "999999999999999TB", "1 iB x"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q: %d, want an error", text, got)
		}
	}
}

func TestForms(t *testing.T) {
	for form, c := range map[string]struct{ good, bad []string }{
		"address": {
			[]string{"a@b.ru", "почта@пример.рф"},
			[]string{"a", "@b.ru", "A <a@b.ru>", "a@b.ru, c@d.ru", "<a@b.ru>"},
		},
		"sender": {[]string{"a@b.ru", "Служба <a@b.ru>", `"A, B" <a@b.ru>`, `"A (B)" <a@b.ru>`, "<a@b.ru>",
			`"A \"(B)" <a@b.ru>`},
			[]string{"Служба", "a@b.ru, c@d.ru", "A\n <a@b.ru>", "A, B <a@b.ru>", "A (B) <a@b.ru>", "a@b.ru (B)",
				"(A) a@b.ru", `"A" (B) <a@b.ru>`}},
		"pattern": {
			[]string{"a@b.ru", "@b.ru", "@*.b.ru", "@пример.рф"},
			[]string{"b.ru", "*@b.ru x", "@", "@*", "a@*.b.ru", "@b ru"},
		},
		"host": {
			[]string{"imap.example.ru", "127.0.0.1", "::1", "localhost", "почта.рф"},
			[]string{"https://a", "a:993", "a b", "-a"},
		},
		"envelope": {[]string{"account", "null", "a@b.ru"}, []string{"none", "<>"}},
		"url": {
			[]string{"https://a/b", "http://127.0.0.1:80/", "http://[::1]/", "http://localhost/"},
			[]string{"http://a/", "ftp://a/", "a", "https://u:p@a/", "https:///x"},
		},
		"webhook": {[]string{"https://a/rest/1/x/", "https://a/rest/1/x", "http://127.0.0.1:1/rest/1/x/"},
			[]string{"https://a/", "https://a/rest/x/1/", "https://a/rest/1/x/profile.json", "https://a/rest/1/x/?a=b",
				"http://a/rest/1/x/"}},
		"zone": {[]string{"Local", "UTC", "Europe/Moscow"}, []string{"Moscow", "MSK+3", "../x"}},
		"word": {[]string{"support", "поддержка-2"}, []string{"a b", "a/b", "a\\b", "a\n"}},
	} {
		for _, s := range c.good {
			if m := forms[form](s); m != "" {
				t.Errorf("%s %q: %s", form, s, m)
			}
		}
		for _, s := range c.bad {
			if forms[form](s) == "" {
				t.Errorf("%s %q: taken", form, s)
			}
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{
		"pasword",
		"password",
		1,
	}, {"hsot", "host", 1}, {"Host", "host", 0}, {"", "abc", 3}, {"abc", "", 3}, {"tls", "ca", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%s %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// A name that needs quotes gets advice, and is not cut.
func TestNameThatNeedsQuotes(t *testing.T) {
	const hint = `'"Support (Moscow)" <support@example.ru>'`
	for _, s := range []string{"Поддержка, отдел <a@b.ru>", "Поддержка (Москва) <a@b.ru>", "A: B <a@b.ru>",
		"A@B <a@b.ru>"} {
		if m := sender(s); !strings.Contains(m, hint) {
			t.Errorf("%q: %q", s, m)
		}
	}
	for _, s := range []string{"Поддержка", "Поддержка <a@>", `"Поддержка <a@b.ru>`} {
		if m := sender(s); m == "" || strings.Contains(m, hint) {
			t.Errorf("%q: %q", s, m)
		}
	}
}

// For any bytes Load returns a configuration or mistakes.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add(Example("ru"))
	files, _ := filepath.Glob("testdata/broken/*/helpdesk.yaml")
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := Load(write(t, string(raw)), testEnv)
		var ms Mistakes
		if err == nil && c == nil || err != nil && !errors.As(err, &ms) {
			t.Error(err)
		}
		for _, m := range ms {
			if m.Line < 1 || m.Column < 1 {
				t.Errorf("no place: %v", m)
			}
		}
	})
}

// Load opens a file and reads all of it.
func Load(path string, env func(string) (string, bool)) (*Config, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	return f.Load(env)
}

func stateOf(path string, env func(string) (string, bool)) (string, error) {
	f, err := Open(path)
	if err != nil {
		return "", err
	}
	return f.StatePath(env)
}

// The state is found without secrets and despite mistakes in other keys.
func TestStatePath(t *testing.T) {
	env := environment("STATE", "/srv/state.db")
	for text, want := range map[string]string{
		"":                            "helpdesk.db",
		"# nothing":                   "helpdesk.db",
		"state: x/y.db\nfoo: ${NO}":   "x/y.db",
		"state: /var/lib/h/h.db":      "/var/lib/h/h.db",
		"state: ${STATE}":             "/srv/state.db",
		string(Example("ru")):         "helpdesk.db",
		"{state: a.db, mailboxes: 7}": "a.db",
		"state: ''":                   "helpdesk.db",
	} {
		path := write(t, text)
		if !filepath.IsAbs(want) {
			want = filepath.Join(filepath.Dir(path), want)
		}
		if got, err := stateOf(path, env); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"state: ${NO}", "a: [", "\xff"} {
		if got, err := stateOf(write(t, text), env); err == nil {
			t.Errorf("%q: %q, want an error", text, got)
		}
	}
	if _, err := stateOf(filepath.Join(t.TempDir(), "helpdesk.yaml"), env); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// Only a file or an address of a database is a state. What looks like an address in another notation is no file, since
// the password would be in its name, and no error tells it.
func TestLocation(t *testing.T) {
	for _, good := range []string{"helpdesk.db", "/var/lib/helpdesk/helpdesk.db", `C:\ProgramData\helpdesk\helpdesk.db`,
		"postgres/helpdesk.db", "a@b.db", "postgres://u:s3cret@h/d", "postgresql://u:s3cret@h/d",
		"/srv/firma:support@example.ru/state.db", "/srv/at 10:30@night.db", "/srv/my host = a/state.db",
		"./10:30@night.db", "../host =/state.db", `.\my host=a\state.db`, `C:\my host=a\state.db`} {
		if err := Location(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"Postgres://u:s3cret@h/d", "POSTGRESQL://u:s3cret@h/d",
		"jdbc:postgresql://h/d?password=s3cret",
		"postgres:/u:s3cret@h/d", "postgres:u:s3cret@h/d", "postgres//u:s3cret@h/d", "u:s3cret@h/d", "mysql://u:s3cret@h/d",
		"host=h dbname=d user=u password=s3cret", "user=u password = s3cret", " postgres://u:s3cret@h/d",
		"u:s3cret://h/d", "//u:s3cret@h/d", "/postgres://u:s3cret@h/d"} {
		if err := Location(bad); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
