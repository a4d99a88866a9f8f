package cmd

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"helpdesk/cmd/demo"
	"helpdesk/cmd/tui"
)

var updateDemo = flag.Bool("update-demo", false, "write testdata/demo.golden anew")

// passing are patterns for the text that differs between runs, and their replacements.
var passing = []struct {
	what *regexp.Regexp
	is   string
}{
	{regexp.MustCompile(`#(\d+)-\d{4}\]`), "#$1-0000]"},
	{regexp.MustCompile(`\b[0-9a-f]{32}\.[0-9a-f]{16}\b`), "ID"},
	{regexp.MustCompile(`\bhd-[0-9a-f]{16}\b`), "hd-MARK"},
	{regexp.MustCompile(`\d\d\.\d\d\.\d{4} \d\d:\d\d`), "DAY TIME"},
	{regexp.MustCompile(`\d{1,2}[  ]\p{L}+[  ]\d{4}[  ]\p{L}+\. \p{L}+ \d\d:\d\d`), "DAY TIME"},
	{regexp.MustCompile(`\S*helpdesk-demo-\d+\S`), "DIR/"},
}

// TestDemoPrints compares the output of the demonstration into a pipe with a golden file.
func TestDemoPrints(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	if status := newApp(tui.New(strings.NewReader(""), &out, &errs)).run(t.Context(), []string{"demo"}); status != 0 ||
		errs.Len() > 0 {
		t.Fatalf("status %d: %s", status, &errs)
	}
	got := out.String()
	for _, p := range passing {
		got = p.what.ReplaceAllString(got, p.is)
	}
	if regexp.MustCompile(`\[/?(B|I|U|LIST|TABLE|TR|TD|URL|QUOTE)[\]=]`).MatchString(got) {
		t.Error("BBCode is printed")
	}
	const golden = "testdata/demo.golden"
	if *updateDemo {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-update-demo renews it): %s", golden, diff)
	}
}

// TestDemoPages writes a letter, an answer and a comment on the pages of the demonstration, and checks the results.
func TestDemoPages(t *testing.T) {
	t.Parallel()
	a := newApp(tui.New(strings.NewReader(""), io.Discard, io.Discard))
	d, err := demo.New(demo.Host{Terminal: &a.Terminal, Now: a.now, Pass: round{a}.played})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	if err := d.Play(context.Background()); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(d.Handler())
	t.Cleanup(s.Close)
	ask := func(r *http.Response, err error) (int, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(b)
	}
	post := func(path string, form url.Values) (int, string) {
		t.Helper()
		return ask(http.PostForm(s.URL+path, form))
	}
	_, page := ask(http.Get(s.URL))
	if n := strings.Count(page, "<iframe"); n != 16 || strings.Contains(page, "[B]") ||
		!strings.Contains(page, "phone, dark") {
		t.Errorf("%d frames in %s", n, page)
	}
	if _, dark := ask(http.Get(s.URL + "/letter/1?scheme=dark")); !strings.Contains(dark, "(min-width: 0)") ||
		!strings.Contains(dark, "data:image/png") {
		t.Errorf("the dark letter: %s", dark)
	}
	status, page := post("/letter", url.Values{
		"from":    {`"Nina" <nina@customer.example>`},
		"subject": {"Toner is out"},
		"text":    {"Please send toner."},
	})
	if status != 200 || strings.Count(page, "Please send toner.") != 1 || !strings.Contains(page, "new task") ||
		strings.Count(page, "<iframe") != 20 {
		t.Fatalf("status %d: %s", status, page)
	}
	status, page = post("/letter", url.Values{
		"from":    {`nina@customer.example`},
		"answers": {"5"},
		"text":    {"And paper."},
	})
	if status != 200 || !strings.Contains(page, "And paper.") || !strings.Contains(page, "comment  task 3706") {
		t.Fatalf("status %d: %s", status, page)
	}
	status, page = post("/comment", url.Values{"user": {"7"}, "task": {"3706"}, "text": {"It is on its [B]way[/B]."}})
	if status != 200 || !strings.Contains(page, "for-customer") || strings.Count(page, "<iframe") != 24 {
		t.Fatalf("status %d: %s", status, page)
	}
	for path, form := range map[string]url.Values{
		"/letter":  {"from": {"nobody"}, "text": {"x"}},
		"/comment": {"user": {"404"}, "task": {"3706"}, "text": {"x"}},
	} {
		if status, _ := post(path, form); status != 400 {
			t.Errorf("%s %v: %d", path, form, status)
		}
	}
	foreign, err := http.NewRequest("POST", s.URL+"/comment", strings.NewReader("user=7&task=3706&text=x"))
	if err != nil {
		t.Fatal(err)
	}
	foreign.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	foreign.Header.Set("Origin", "https://evil.example")
	if status, _ := ask(http.DefaultClient.Do(foreign)); status != 403 {
		t.Errorf("a page of somebody else may write: %d", status)
	}
}
