package portal

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

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// TestErrorsOfACreate sends one task that batch can't carry, and so by itself, into every row of the table of errors.
func TestErrorsOfACreate(t *testing.T) {
	refused, setup := told{fault.Refused, fault.Server}, told{fault.Refused, fault.Setup}
	unsure, never := told{fault.Unsure, fault.Server}, told{fault.Never, fault.One}
	for name, tt := range map[string]struct {
		status int
		body   string
		want   told
		text   string
		tries  int
	}{
		"rate":         {503, `{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many"}`, refused, "QUERY_LIMIT_EXCEEDED", 4},
		"time":         {429, `{"error":"OPERATION_TIME_LIMIT","time":{"operating_reset_at":1787216430}}`, refused, "", 1},
		"overload":     {503, `{"error":"OVERLOAD_LIMIT"}`, setup, "support", 1},
		"internal":     {500, `{"error":"INTERNAL_SERVER_ERROR"}`, unsure, "", 1},
		"unexpected":   {500, `{"error":"ERROR_UNEXPECTED_ANSWER"}`, unsure, "", 1},
		"gateway":      {502, `<html><h1>502</h1></html>`, unsure, "", 1},
		"away":         {503, `<html>`, unsure, "", 1},
		"late":         {504, ``, unsure, "", 1},
		"no json":      {200, `<html>`, unsure, "", 1},
		"cut":          {200, `{"result":{"task":{"id`, unsure, "", 1},
		"no frame":     {200, `{}`, unsure, "", 1},
		"html 403":     {403, `<html>`, unsure, "", 1},
		"large":        {413, `<html>`, told{fault.Refused, fault.One}, "", 1},
		"auth":         {401, `{"error":"NO_AUTH_FOUND"}`, setup, "webhook", 1},
		"expired":      {401, `{"error":"expired_token"}`, setup, "", 1},
		"rights":       {403, `{"error":"INVALID_CREDENTIALS"}`, setup, "", 1},
		"scope":        {403, `{"error":"insufficient_scope"}`, setup, "scope task)", 1},
		"scope upper":  {403, `{"error":"INSUFFICIENT_SCOPE"}`, setup, "", 1},
		"plan":         {403, `{"error":"ACCESS_DENIED","error_description":"only on commercial plans"}`, setup, "plan", 1},
		"app":          {403, `{"error":"user_access_error"}`, setup, "", 1},
		"method":       {404, `{"error":"ERROR_METHOD_NOT_FOUND"}`, setup, "", 1},
		"batch":        {400, `{"error":"ERROR_BATCH_LENGTH_EXCEEDED"}`, told{fault.Refused, fault.One}, "", 1},
		"https":        {400, `{"error":"INVALID_REQUEST","error_description":"Https required"}`, setup, "", 1},
		"gone":         {500, `{"error":"PORTAL_DELETED"}`, refused, "", 1},
		"core":         {400, `{"error":"ERROR_CORE","error_description":"No &quot;title&quot;<br>given<br>"}`, never, `No "title" given`, 1},
		"number":       {400, `{"error":"100","error_description":"no value"}`, never, "100", 1},
		"bare number":  {400, `{"error":0,"error_description":"x"}`, never, "", 1},
		"in 200":       {200, `{"error":"ERROR_CORE","error_description":"x"}`, never, "", 1},
		"v3":           {403, `{"error":{"code":"BITRIX_REST_V3_EXCEPTION_INSUFFICIENTSCOPEEXCEPTION","message":"m"}}`, setup, "scope tasks", 1},
		"v3 field":     {400, `{"error":{"code":"BITRIX_REST_V3_EXCEPTION_VALIDATION_DTOVALIDATIONEXCEPTION","message":"m","validation":[{"field":"f","message":"is bad"}]}}`, never, "f: is bad", 1},
		"empty result": {200, `{"result":[]}`, told{fault.Unsure, fault.One}, "no task", 1},
	} {
		t.Run(name, func(t *testing.T) {
			var as []http.HandlerFunc
			for range tt.tries {
				as = append(as, answer(tt.status, tt.body))
			}
			s := newScript(t, as...)
			made := s.client(t).Make(t.Context(), []desk.Effect{openEffect("k", "cost $total")})
			tells(t, made[0].Err, tt.want)
			if !strings.Contains(made[0].Err.Error(), tt.text) || strings.Contains(made[0].Err.Error(), "<br>") {
				t.Errorf("text %q lacks %q", made[0].Err, tt.text)
			}
			if s.count() != tt.tries {
				t.Errorf("%d requests, want %d", s.count(), tt.tries)
			}
		})
	}
}

func TestOperationTimeLimitTellsWhen(t *testing.T) {
	s := newScript(t, answer(429, `{"error":"OPERATION_TIME_LIMIT","time":{"operating_reset_at":1787216430}}`))
	made := s.client(t).Make(t.Context(), []desk.Effect{openEffect("k", "$time")})
	// 1787216430 is 30 s after the clock of the test.
	if got := fault.After(made[0].Err); got != 30*time.Second {
		t.Errorf("after %v", got)
	}
}

func TestBackOffOnQueryLimit(t *testing.T) {
	limit := answer(503, `{"error":"QUERY_LIMIT_EXCEEDED"}`)
	s := newScript(t, limit, limit, limit, answer(200, `{"result":{"task":{"id":"5"}}}`))
	var slept []time.Duration
	c := s.client(t, func(o *Options) {
		o.Sleep = func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }
	})
	made := c.Make(t.Context(), []desk.Effect{openEffect("k", "$time")})
	if made[0].Err != nil || made[0].Task != 5 {
		t.Fatal(made)
	}
	for i, d := range slept {
		if least := time.Second << i; d < least || d > least*5/4 {
			t.Errorf("wait %d is %v", i, d)
		}
	}
	if len(slept) != 3 {
		t.Error(slept)
	}
}

func TestBackOffStopsAtTheDeadline(t *testing.T) {
	s := newScript(t, answer(503, `{"error":"QUERY_LIMIT_EXCEEDED"}`))
	c := s.client(t, func(o *Options) { o.Now = time.Now })
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	tells(t, c.Call(ctx, "profile", nil, nil), told{fault.Refused, fault.Server})
}

func TestReadsAreRepeatedWritesAreNot(t *testing.T) {
	bad := answer(502, "<html>")
	s := newScript(t, bad, drop, answer(200, `{"result":{"tasks":[]}}`))
	if err := s.client(t).Call(t.Context(), "tasks.task.list", nil, nil); err != nil {
		t.Error(err)
	}
	s = newScript(t, bad, bad, bad)
	tells(t, s.client(t).Call(t.Context(), "tasks.task.list", nil, nil), told{fault.Unsure, fault.Server})
	s = newScript(t, bad)
	made := s.client(t).Make(t.Context(), []desk.Effect{openEffect("k", "a"), commentEffect(3, "b")})
	tells(t, made[0].Err, told{fault.Unsure, fault.Server})
	tells(t, made[1].Err, told{fault.Unsure, fault.Server})
}

func TestConnectionLost(t *testing.T) {
	effects := []desk.Effect{openEffect("k", "a")}
	s := newScript(t, drop)
	tells(t, s.client(t).Make(t.Context(), effects)[0].Err, told{fault.Unsure, fault.Server})

	s = newScript(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, `{"result":`)
	})
	tells(t, s.client(t).Make(t.Context(), effects)[0].Err, told{fault.Unsure, fault.Server})

	s = newScript(t)
	c := s.client(t)
	s.Close()
	tells(t, c.Make(t.Context(), effects)[0].Err, told{fault.Refused, fault.Server})
}

func TestStallBeyondTheTimeout(t *testing.T) {
	s := newScript(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c := s.client(t, func(o *Options) { o.Timeout = 50 * time.Millisecond })
	tells(t, c.Make(t.Context(), []desk.Effect{openEffect("k", "a")})[0].Err, told{fault.Unsure, fault.Server})

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	tells(t, c.Make(ctx, []desk.Effect{openEffect("k", "a")})[0].Err, told{fault.Refused, fault.Server})
}

func TestStallBeforeSending(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close() // accepts by the backlog, never says a word of TLS
	c, err := New(Options{Webhook: "https://" + ln.Addr().String() + "/rest/17/" + secret + "/", Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	tells(t, c.Make(t.Context(), []desk.Effect{openEffect("k", "a")})[0].Err, told{fault.Refused, fault.Server})
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
	tells(t, c.Call(t.Context(), "profile", nil, nil), told{fault.Refused, fault.Setup})
}

func TestRedirectIsNotFollowed(t *testing.T) {
	s := newScript(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://renamed.example"+r.URL.Path, http.StatusFound)
	})
	err := s.client(t).Call(t.Context(), "batch", nil, nil)
	tells(t, err, told{fault.Refused, fault.Setup})
	if !strings.Contains(err.Error(), "renamed.example") {
		t.Error(err)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	s := newScript(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := make([]byte, 1<<20)
		for range 65 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	tells(t, s.client(t).Call(t.Context(), "tasks.task.add", nil, nil), told{fault.Unsure, fault.One})
}

func TestRateHolds(t *testing.T) {
	ok := answer(200, `{"result":true}`)
	s := newScript(t, ok, ok, ok)
	var slept time.Duration
	c := s.client(t, func(o *Options) {
		o.Burst, o.PerSecond = 1, 2
		o.Sleep = func(_ context.Context, d time.Duration) error { slept += d; return nil }
	})
	for range 3 {
		if err := c.Call(t.Context(), "profile", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if slept != 1500*time.Millisecond { // the clock stands: half a second, then one
		t.Errorf("waited %v", slept)
	}
}

// A custom field the portal demands fails every task: the operator must read its name.
func TestMandatoryFieldIsNamed(t *testing.T) {
	for _, o := range []sandbox.PortalOptions{{MandatoryField: "UF_BRANCH"}, {MandatoryField: "UF_BRANCH", NewCard: true}} {
		_, c := live(t, o)
		for _, effects := range [][]desk.Effect{{openEffect("k", "a")}, {openEffect("k", "a"), openEffect("l", "b")}} {
			err := c.Make(t.Context(), effects)[0].Err
			tells(t, err, told{fault.Never, fault.One})
			if !strings.Contains(err.Error(), "UF_BRANCH") {
				t.Error(err)
			}
		}
	}
}
