package portal

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	json "github.com/go-json-experiment/json/v1"
	"github.com/google/go-cmp/cmp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

const secret = "abc123secret"

// request is what the client sent.
type request struct {
	path   string
	header http.Header
	body   string
}

// script is a portal that answers what it is told to, one answer after the other, and keeps what was asked.
type script struct {
	*httptest.Server
	mu       sync.Mutex
	answers  []http.HandlerFunc
	requests []request
}

func newScript(t *testing.T, answers ...http.HandlerFunc) *script {
	t.Helper()
	s := &script{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		n := len(s.requests)
		s.requests = append(s.requests, request{r.URL.RequestURI(), r.Header, string(b)})
		s.mu.Unlock()
		if n >= len(s.answers) {
			t.Errorf("request %d to %s is more than expected: %s", n+1, r.URL.Path, b)
			http.Error(w, "too many", http.StatusTeapot)
			return
		}
		s.answers[n](w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *script) body(n int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= len(s.requests) {
		return ""
	}
	return s.requests[n].body
}

func (s *script) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// commands returns the commands of the n-th request, a batch, decoded and in their order.
func (s *script) commands(t *testing.T, n int) []string {
	t.Helper()
	var b struct {
		Halt int             `json:"halt"`
		Cmd  json.RawMessage `json:"cmd"`
	}
	if err := json.Unmarshal([]byte(s.body(n)), &b); err != nil || b.Halt != 0 {
		t.Fatalf("request %d is no batch: %v: %s", n, err, s.body(n))
	}
	d := json.NewDecoder(strings.NewReader(string(b.Cmd)))
	var out []string
	for i := 0; ; i++ {
		tok, err := d.Token()
		if err != nil {
			return out
		}
		if v, ok := tok.(string); ok && len(out) < i/2 {
			plain, err := url.QueryUnescape(v)
			if err != nil || strings.ContainsAny(v, " []<>") || strings.Contains(v, "+") {
				t.Errorf("not encoded: %s", v)
			}
			out = append(out, plain)
		}
	}
}

// client returns a client of the script whose clock stands, who never sleeps, and who knows that there is no REST v3.
func (s *script) client(t *testing.T, change ...func(*Options)) *Client {
	t.Helper()
	o := Options{
		Webhook: s.URL + "/rest/17/" + secret + "/", Timeout: 5 * time.Second,
		Now:   func() time.Time { return time.Date(2026, 8, 20, 12, 0, 0, 0, time.FixedZone("", 3*3600)) },
		Sleep: func(context.Context, time.Duration) error { return nil },
		Load:  without(savedV3),
	}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func fixture(t *testing.T, name string) http.HandlerFunc {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("fixtures", name))
	if err != nil {
		t.Fatal(err)
	}
	return answer(http.StatusOK, string(b))
}

func drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// without remembers that the portal lacks something.
func without(lack string) func(string) []byte {
	return func(name string) []byte {
		if name == lack {
			return []byte("false")
		}
		return nil
	}
}

func saved(values map[string]string) func(*Options) {
	return func(o *Options) {
		o.Load = func(name string) []byte { return []byte(values[name]) }
		o.Save = func(name string, v []byte) { values[name] = string(v) }
	}
}

// told is what an error says of the outcome.
type told struct {
	Outcome fault.Outcome
	Extent  fault.Extent
}

func tells(t *testing.T, err error, want told) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if got := (told{fault.Of(err), fault.ExtentOf(err)}); got != want {
		t.Errorf("outcome %v extent %v, want %v %v: %v", got.Outcome, got.Extent, want.Outcome, want.Extent, err)
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the webhook is in the error: %v", err)
	}
}

func TestNew(t *testing.T) {
	for _, good := range []string{
		"https://example.bitrix24.ru/rest/17/" + secret + "/", "https://example.bitrix24.ru/rest/17/" + secret,
		"http://127.0.0.1:8080/rest/17/x/", "http://localhost/rest/17/x/", "http://[::1]:80/rest/17/x/", "https://box.example/b24/rest/17/x/",
	} {
		c, err := New(Options{Webhook: good})
		if err != nil || c.Self() != 17 {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "http://example.bitrix24.ru/rest/17/" + secret + "/", "https://example.bitrix24.ru/" + secret, "https://x/rest/0/" + secret + "/",
		"https://x/rest/a/" + secret + "/", "ftp://x/rest/1/" + secret + "/", "https://x\x00/rest/1/" + secret + "/", "/rest/1/" + secret + "/",
	} {
		_, err := New(Options{Webhook: bad})
		if err == nil {
			t.Errorf("%q is taken", bad)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the webhook is in the error: %v", err)
		}
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		`Post "https://p.ru/rest/17/abc/profile": EOF`:         `Post "https://p.ru/rest/17/***/profile": EOF`,
		`https://p.ru/rest/api/17/abc/tasks.task.list`:         `https://p.ru/rest/api/17/***/tasks.task.list`,
		`{"u":"https:\/\/p.ru\/rest\/17\/abc\/x"}`:             `{"u":"https:\/\/p.ru\/rest\/17\/***\/x"}`,
		`https://p.ru/rest/download.json?auth=s3&token=disk|x`: `https://p.ru/rest/download.json?auth=***&token=***`,
		`/uf.php?attachedId=9&auth%5Bauth%5D=s3&action=d`:      `/uf.php?attachedId=9&auth%5Bauth%5D=***&action=d`,
		`/rest/17/abc`: `/rest/17/***`,
		"no secret":    "no secret",
	} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestCallSendsWhatThePortalWants(t *testing.T) {
	s := newScript(t, answer(200, `{"result":{"ID":"17"},"time":{"start":1761054322,"date_start":"2026-08-20T16:45:22+03:00"}}`))
	c := s.client(t)
	var r struct {
		ID ID `json:"ID"`
	}
	err := c.Call(t.Context(), "profile", With("TASKID", int64(8)).With("FIELDS", With("B", "<&\x00\xff").With("A", []int64{1})).With("yes", true), &r)
	if err != nil || r.ID != 17 {
		t.Fatal(err, r)
	}
	got := s.requests[0]
	if want := `{"TASKID":8,"FIELDS":{"B":"\u003c\u0026` + "\uFFFD" + `","A":[1]},"yes":true}`; got.body != want {
		t.Errorf("body %s, want %s", got.body, want)
	}
	if got.path != "/rest/17/"+secret+"/profile" {
		t.Error("path", got.path)
	}
	for name, want := range map[string]string{"Content-Type": "application/json", "Accept": "application/json", "User-Agent": userAgent} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %q", name, got.header.Get(name))
		}
	}
	if c.Hits() != 1 || c.portalClock().UTC().Hour() != 13 {
		t.Error(c.Hits(), c.portalClock())
	}
}

func TestTypesTakeWhatThePortalWrites(t *testing.T) {
	var got []ID
	if err := json.Unmarshal([]byte(`["12",13,null,"",[],{},14.0,true]`), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]ID{12, 13, 0, 0, 0, 0, 14, 0}, got); diff != "" {
		t.Error(diff)
	}
	var at []Time
	if err := json.Unmarshal([]byte(`["2026-08-20T10:06:08+03:00","",{},null,[],1761054322]`), &at); err != nil {
		t.Fatal(err)
	}
	if at[0].UTC().Hour() != 7 || !at[1].IsZero() || !at[2].IsZero() || !at[3].IsZero() || !at[4].IsZero() || at[5].Year() != 2025 {
		t.Error(at)
	}
	for in, want := range map[string]int{`[]`: 0, `{"c0":1}`: 1, `[1,2]`: 2, `null`: 0, `""`: 0} {
		var o object
		if err := json.Unmarshal([]byte(in), &o); err != nil || len(o) != want {
			t.Error(in, o, err)
		}
	}
	for _, in := range []string{`{"start":1.5,"finish":2}`, `{"start":1,"finish":2,"duration":"0.5"}`, `[]`, `null`, `{}`, `"x"`, `{"start":"?"}`} {
		var s stamp
		if err := json.Unmarshal([]byte(in), &s); err != nil {
			t.Error(in, err)
		}
	}
}

func openEffect(key, title string) desk.Effect {
	return desk.Effect{Kind: desk.OpenTask, Key: key, Post: &desk.Post{Title: title, Text: "text", Fields: &desk.Fields{Responsible: 7}}}
}

func commentEffect(task int64, text string) desk.Effect {
	return desk.Effect{Kind: desk.CommentTask, Key: "k", Task: task, Post: &desk.Post{Text: text, Marker: "hd-0011223344556677"}}
}

// secretive is a portal that tells secrets in all it says: nine ways to fail in a call, then three in a download.
func secretive(t *testing.T) *script {
	t.Helper()
	page := `<html>https://p.ru/rest/17/` + secret + `/tasks.task.add?auth=` + secret + `</html>`
	leak := func(status int, code string) http.HandlerFunc {
		return answer(status, `{"error":"`+code+`","error_description":"https:\/\/p.ru\/rest\/17\/`+secret+`\/x?token=`+secret+`"}`)
	}
	return newScript(t, drop, leak(400, "ERROR_CORE"), leak(401, "NO_AUTH_FOUND"), leak(503, "QUERY_LIMIT_EXCEEDED"), leak(500, "INTERNAL_SERVER_ERROR"),
		answer(502, page), answer(200, page), answer(200, `{"result":"`+secret), func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://renamed.example"+r.URL.RequestURI(), http.StatusFound)
		}, drop, drop, answer(500, page))
}

// The address of the webhook is a password, and so are the tokens of files: neither stands in an error or in the log.
func TestSecretsAreNeverTold(t *testing.T) {
	s := secretive(t)
	var log strings.Builder
	c := s.client(t, saved(map[string]string{savedV3: "false"}), func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for s.count() < 9 {
		for _, m := range c.Make(t.Context(), []desk.Effect{openEffect("k", "a"), commentEffect(8, "b")}) {
			if m.Err == nil || strings.Contains(m.Err.Error(), secret) {
				t.Errorf("request %d: %v", s.count(), m.Err)
			}
		}
	}
	for _, f := range []desk.File{{URL: "/x?token=" + secret}, {URL: "/uf.php?auth%5Bauth%5D=" + secret}, {URL: "http://p.example/x?token=" + secret}, {URL: "/%zz?token=" + secret}} {
		if err := c.Download(t.Context(), f, io.Discard); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%v", err)
		}
	}
	if text := log.String(); !strings.Contains(text, "tasks.task.add") && !strings.Contains(text, "batch") || strings.Contains(text, secret) {
		t.Errorf("logged: %s", text)
	}
}
