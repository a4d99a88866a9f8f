package config

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var update = flag.Bool("update", false, "write the golden files and the copy of the example anew")

// environment returns a function that looks variables up in a table.
func environment(pairs ...string) func(string) (string, bool) {
	table := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		table[pairs[i]] = pairs[i+1]
	}
	return func(name string) (string, bool) {
		v, ok := table[name]
		return v, ok
	}
}

var testEnv = environment(
	"HELPDESK_WEBHOOK", "https://portal.example/rest/7/s3cretcode/",
	"HELPDESK_IMAP_PASSWORD", "imap-s3cret",
	"HELPDESK_SMTP_PASSWORD", "smtp-s3cret",
	"EMPTY", "",
	"BAD", "\xc7\xe4\xf0",
)

// write writes a configuration into a new folder.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "helpdesk.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, text string, env func(string) (string, bool)) *Config {
	t.Helper()
	c, err := Load(write(t, text), env)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const minimal = `
bitrix24:
  webhook: ${HELPDESK_WEBHOOK}
  task: {responsible: 7}
mailboxes:
  - name: support
    from: support@example.ru
    imap: {host: imap.example.ru, user: u, password: "${HELPDESK_IMAP_PASSWORD}"}
    smtp: {host: smtp.example.ru, user: u, password: "${HELPDESK_SMTP_PASSWORD}"}
`

// Each folder of testdata/broken has a configuration and its expected mistakes.
func TestBroken(t *testing.T) {
	folders, err := filepath.Glob("testdata/broken/*")
	if err != nil || len(folders) < 25 {
		t.Fatalf("%d folders, %v", len(folders), err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			_, err := Load(filepath.Join(folder, "helpdesk.yaml"), testEnv)
			if err == nil {
				t.Fatal("no mistake found")
			}
			here, _ := filepath.Abs(folder)
			got := strings.ReplaceAll(err.Error(), here+string(filepath.Separator), "")
			got = strings.ReplaceAll(got, folder+string(filepath.Separator), "") + "\n"
			got = strings.ReplaceAll(got, "secrets"+string(filepath.Separator), "secrets/")
			golden(t, filepath.Join(folder, "want.txt"), got)
			for _, secret := range []string{"s3cret", "hunter2"} {
				if strings.Contains(got, secret) {
					t.Errorf("a secret is printed")
				}
			}
		})
	}
}

// golden compares got with a file, or with -update writes the file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// Load accepts every example once its variables are set.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) {
			if _, err := Load(path, anything); err != nil {
				t.Error(err)
			}
			if _, err := Load(path, environment()); err == nil {
				t.Error("holds no variable: the secrets stand in the file")
			}
		})
	}
}

// Mail from staff makes no task, so no example lists the mailbox's own domain as staff.
func TestExamplesLeaveColleaguesTheirTasks(t *testing.T) {
	files, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	for _, path := range files {
		c, err := Load(path, anything)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range c.Mailboxes {
			_, address := m.Sender()
			if domain := address[strings.IndexByte(address, '@'):]; slices.Contains(c.Mail.Staff, domain) {
				t.Errorf("%s: mail.staff has %s", path, domain)
			}
		}
	}
}

// anything returns a valid value for every variable.
func anything(name string) (string, bool) {
	if strings.Contains(name, "WEBHOOK") {
		return "https://portal.example/rest/7/code/", true
	}
	return "value", true
}

func TestExampleCopy(t *testing.T) {
	golden(t, "../../examples/helpdesk.yaml", string(Example("ru")))
	golden(t, "../../examples/helpdesk.en.yaml", string(Example("en")))
}

// The example shows the defaults: without its optional keys it gives the same configuration.
func TestExampleShowsDefaults(t *testing.T) {
	full := load(t, string(Example("ru")), testEnv)
	if diff := cmp.Diff(full, load(t, string(Example("en")), testEnv), cmpopts.IgnoreFields(Config{}, "State"),
		cmpopts.IgnoreFields(Mailbox{}, "From")); diff != "" {
		t.Errorf("-Russian +English\n%s", diff)
	}
	short := load(t, minimal, testEnv)
	full.State, short.State = filepath.Base(full.State), filepath.Base(short.State)
	m := &full.Mailboxes[0]
	m.From, m.IMAP.User, m.SMTP.User = "support@example.ru", "u", "u"
	for _, list := range []*[]int64{&full.Bitrix24.Task.Auditors, &full.Bitrix24.Task.Accomplices} {
		*list = nil
	}
	m.OAuth.Scopes = nil
	full.Mail.Own, full.Mail.Staff, full.Mail.Exclude = nil, nil, nil
	full.Monitor.Tell, full.Monitor.Mail = nil, nil
	full.Routing, full.Calendar.Holidays, full.Calendar.Workdays = nil, nil, nil
	if diff := cmp.Diff(short, full); diff != "" {
		t.Errorf("-defaults +example\n%s", diff)
	}
}

// The example contains every key of the schema, at least in a comment.
func TestExampleIsWhole(t *testing.T) {
	for _, name := range allNames() {
		if !regexp.MustCompile(`[\s{]` + name + `:`).Match(Example("ru")) {
			t.Errorf("%s is not in the example", name)
		}
	}
}
