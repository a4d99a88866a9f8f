package portal

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

const secret = "abc123secret"

// client returns a client of the script with a stopped clock and no sleeps. It already knows that there is no REST v3,
// who it is, and that the users 7, 8 and 9 are specialists.
func client(t *testing.T, s *testkit.Script, change ...func(*Options)) *Client {
	t.Helper()
	o := Options{Options: bitrix.Options{
		Webhook: s.URL + "/rest/17/" + secret + "/", Timeout: 5 * time.Second,
		Now:   func() time.Time { return time.Date(2026, 8, 20, 12, 0, 0, 0, time.FixedZone("", 3*3600)) },
		Sleep: func(context.Context, time.Duration) error { return nil },
		Load: func(name string, _ time.Duration) []byte {
			return []byte(map[string]string{savedV3: "false", savedAuthors: specialists}[name])
		},
	}}
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	c.meet(17)
	return c
}

func fixture(t *testing.T, name string) http.HandlerFunc {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("fixtures", name))
	if err != nil {
		t.Fatal(err)
	}
	return testkit.Answer(http.StatusOK, string(b))
}

const specialists = `{"7":{"name":"Анна Ким","staff":true,"asked":"2026-08-20T11:00:00+03:00"},` +
	`"8":{"staff":true,"asked":"2026-08-20T11:00:00+03:00"},"9":{"staff":true,"asked":"2026-08-20T11:00:00+03:00"}}`

func saved(values map[string]string) func(*Options) {
	return func(o *Options) {
		o.Load = func(name string, _ time.Duration) []byte { return []byte(values[name]) }
		o.Save = func(name string, v []byte) { values[name] = string(v) }
	}
}

// told is the outcome and the extent of an error.
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

func openEffect(key, title string) desk.Effect {
	return desk.Effect{
		Kind: desk.OpenTask,
		Key:  key,
		Post: &desk.Post{Title: title, Text: "text", Fields: &desk.Fields{Responsible: 7}},
	}
}

func commentEffect(task int64, text string) desk.Effect {
	return desk.Effect{
		Kind: desk.CommentTask,
		Key:  "k",
		Task: task,
		Post: &desk.Post{Text: text, Marker: "hd-0011223344556677"},
	}
}

// secretive is a portal whose answers contain secrets: nine failures of a call, then three of a download.
func secretive(t *testing.T) *testkit.Script {
	t.Helper()
	page := `<html>https://p.ru/rest/17/` + secret + `/tasks.task.add?auth=` + secret + `</html>`
	leak := func(status int, code string) http.HandlerFunc {
		return testkit.Answer(status, `{"error":"`+code+`","error_description":"https:\/\/p.ru\/rest\/17\/`+secret+
			`\/x?token=`+secret+`"}`)
	}
	return testkit.NewScript(t, testkit.Drop, leak(400, "ERROR_CORE"), leak(401, "NO_AUTH_FOUND"),
		leak(503, "QUERY_LIMIT_EXCEEDED"), leak(500, "INTERNAL_SERVER_ERROR"),
		testkit.Answer(502, page), testkit.Answer(200, page), testkit.Answer(200, `{"result":"`+secret),
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://renamed.example"+r.URL.RequestURI(), http.StatusFound)
		}, testkit.Drop, testkit.Drop, testkit.Answer(500, page))
}

// The webhook's address and the tokens of files are secrets: neither an error nor the log contains them.
func TestSecretsAreNeverTold(t *testing.T) {
	s := secretive(t)
	var log strings.Builder
	c := client(t, s, saved(map[string]string{savedV3: "false"}), func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	for s.Count() < 9 {
		for _, m := range c.Make(t.Context(), []desk.Effect{openEffect("k", "a"), commentEffect(8, "b")}) {
			if m.Err == nil || strings.Contains(m.Err.Error(), secret) {
				t.Errorf("request %d: %v", s.Count(), m.Err)
			}
		}
	}
	for _, f := range []desk.File{{URL: "/x?token=" + secret}, {URL: "/uf.php?auth%5Bauth%5D=" + secret},
		{URL: "http://p.example/x?token=" + secret}, {URL: "/%zz?token=" + secret}} {
		if err := c.Download(t.Context(), f, io.Discard); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%v", err)
		}
	}
	if text := log.String(); !strings.Contains(text, "tasks.task.add") && !strings.Contains(text, "batch") ||
		strings.Contains(text, secret) {
		t.Errorf("logged: %s", text)
	}
}
