package bitrix

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	json "github.com/go-json-experiment/json/v1"
	"github.com/google/go-cmp/cmp"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

func TestNew(t *testing.T) {
	for _, good := range []string{
		"https://example.bitrix24.ru/rest/17/" + secret + "/", "https://example.bitrix24.ru/rest/17/" + secret,
		"http://127.0.0.1:8080/rest/17/x/", "http://localhost/rest/17/x/", "http://[::1]:80/rest/17/x/",
		"https://box.example/b24/rest/17/x/",
	} {
		c, err := New(Options{Webhook: good})
		if err != nil || c.Owner() != 17 {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"https://x/rest/17/" + secret + "/\r", "https://x/rest/17/" + secret + "/ ",
		"https://x/rest/17/" + secret + "/\n",
		"", "http://example.bitrix24.ru/rest/17/" + secret + "/", "https://example.bitrix24.ru/" + secret,
		"https://x/rest/0/" + secret + "/",
		"https://x/rest/a/" + secret + "/", "ftp://x/rest/1/" + secret + "/", "https://x\x00/rest/1/" + secret + "/",
		"/rest/1/" + secret + "/",
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
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"ID":"17"},"time":{"start":1761054322,"date_start":"2026-08-20T16:45:22+03:00"}}`))
	c := client(t, s)
	var r struct {
		ID ID `json:"ID"`
	}
	err := c.Call(t.Context(), "profile",
		With("TASKID", int64(8)).With("FIELDS", With("B", "<&\x00\xff").With("A", []int64{1})).With("yes", true), &r)
	if err != nil || r.ID != 17 {
		t.Fatal(err, r)
	}
	got := s.Request(0)
	if want := `{"TASKID":8,"FIELDS":{"B":"\u003c\u0026` + "\uFFFD" + `","A":[1]},"yes":true}`; got.Body != want {
		t.Errorf("body %s, want %s", got.Body, want)
	}
	if got.Path != "/rest/17/"+secret+"/profile" {
		t.Error("path", got.Path)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json",
		"Accept":       "application/json",
		"User-Agent":   "helpdesk/devel",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q", name, got.Header.Get(name))
		}
	}
	if c.Hits() != 1 || c.Clock().UTC().Hour() != 13 {
		t.Error(c.Hits(), c.Clock())
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
	if at[0].UTC().Hour() != 7 || !at[1].IsZero() || !at[2].IsZero() || !at[3].IsZero() || !at[4].IsZero() ||
		at[5].Year() != 2025 {
		t.Error(at)
	}
	for in, want := range map[string]int{`[]`: 0, `{"c0":1}`: 1, `[1,2]`: 2, `null`: 0, `""`: 0} {
		var o object
		if err := json.Unmarshal([]byte(in), &o); err != nil || len(o) != want {
			t.Error(in, o, err)
		}
	}
	for _, in := range []string{`{"start":1.5,"finish":2}`, `{"start":1,"finish":2,"duration":"0.5"}`, `[]`, `null`,
		`{}`, `"x"`, `{"start":"?"}`} {
		var s stamp
		if err := json.Unmarshal([]byte(in), &s); err != nil {
			t.Error(in, err)
		}
	}
}

func TestQuirkRenamedPortalRedirects(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	p.Inject(func(*sandbox.Call) sandbox.Fault {
		return sandbox.Fault{Kind: sandbox.Redirect, Host: "renamed.example"}
	})
	err := c.Call(t.Context(), "tasks.task.add", nil, nil)
	tells(t, err, outcome{fault.Refused, fault.Setup})
	if !strings.Contains(err.Error(), "renamed.example") || p.Hits() != 1 {
		t.Error(err, p.Hits())
	}
}

func TestRateHolds(t *testing.T) {
	ok := testkit.Answer(200, `{"result":true}`)
	s := testkit.NewScript(t, ok, ok, ok)
	var slept time.Duration
	c := client(t, s, func(o *Options) {
		o.Burst, o.PerSecond = 1, 2
		o.Sleep = func(_ context.Context, d time.Duration) error { slept += d; return nil }
	})
	for range 3 {
		if err := c.Call(t.Context(), "profile", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if slept != 1500*time.Millisecond { // the clock is stopped: half a second, then one
		t.Errorf("waited %v", slept)
	}
}

func TestUntrustedCertificate(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = discard()
	s.TLS = &tls.Config{}
	s.StartTLS()
	defer s.Close()
	c, err := New(Options{Webhook: s.URL + "/rest/17/" + secret + "/"})
	if err != nil {
		t.Fatal(err)
	}
	tells(t, c.Call(t.Context(), "profile", nil, nil), outcome{fault.Refused, fault.Setup})
}

func TestAnswersAreBounded(t *testing.T) {
	s := testkit.NewScript(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for range 65 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	tells(t, client(t, s).Call(t.Context(), "tasks.task.add", nil, nil), outcome{fault.Unsure, fault.One})
}

func TestRedirectIsNotFollowed(t *testing.T) {
	s := testkit.NewScript(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://renamed.example"+r.URL.Path, http.StatusFound)
	})
	err := client(t, s).Call(t.Context(), "batch", nil, nil)
	tells(t, err, outcome{fault.Refused, fault.Setup})
	if !strings.Contains(err.Error(), "renamed.example") {
		t.Error(err)
	}
}

func TestStallBeforeSending(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // the kernel accepts the connection, and nobody answers
	c, err := New(Options{
		Webhook: "https://" + ln.Addr().String() + "/rest/17/" + secret + "/",
		Timeout: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	tells(t, c.Call(t.Context(), "tasks.task.add", nil, nil), outcome{fault.Refused, fault.Server})
}

func TestStallBeyondTheTimeout(t *testing.T) {
	s := testkit.NewScript(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := client(t, s, func(o *Options) { o.Timeout = 2 * time.Second }) // the request must be sent within it
	tells(t, c.Call(t.Context(), "tasks.task.add", nil, nil), outcome{fault.Unsure, fault.Server})

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tells(t, c.Call(ctx, "tasks.task.add", nil, nil), outcome{fault.Refused, fault.Server})
}

func TestConnectionLost(t *testing.T) {
	s := testkit.NewScript(t, testkit.Drop)
	tells(t, client(t, s).Call(t.Context(), "tasks.task.add", nil, nil), outcome{fault.Unsure, fault.Server})

	s = testkit.NewScript(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"result":`)
	})
	tells(t, client(t, s).Call(t.Context(), "tasks.task.add", nil, nil), outcome{fault.Unsure, fault.Server})

	s = testkit.NewScript(t)
	c := client(t, s)
	s.Close()
	tells(t, c.Call(t.Context(), "tasks.task.add", nil, nil), outcome{fault.Refused, fault.Server})
}
