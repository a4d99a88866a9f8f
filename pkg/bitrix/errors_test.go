package bitrix

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/fault"
)

// TestErrorsOfACreate creates a task for every row of the table of errors, with a text that must be sent outside of a
// batch.
func TestErrorsOfACreate(t *testing.T) {
	refused, setup := outcome{fault.Refused, fault.Server}, outcome{fault.Refused, fault.Setup}
	unsure, never := outcome{fault.Unsure, fault.Server}, outcome{fault.Never, fault.One}
	for name, tt := range map[string]struct {
		status int
		body   string
		want   outcome
		text   string
		tries  int
	}{
		"rate": {
			503,
			`{"error":"QUERY_LIMIT_EXCEEDED","error_description":"Too many"}`,
			refused,
			"QUERY_LIMIT_EXCEEDED",
			4,
		},
		"time": {
			429,
			`{"error":"OPERATION_TIME_LIMIT","time":{"operating_reset_at":1787216430}}`,
			refused,
			"",
			1,
		},
		"overload":    {503, `{"error":"OVERLOAD_LIMIT"}`, setup, "support", 1},
		"internal":    {500, `{"error":"INTERNAL_SERVER_ERROR"}`, unsure, "", 1},
		"unexpected":  {500, `{"error":"ERROR_UNEXPECTED_ANSWER"}`, unsure, "", 1},
		"gateway":     {502, `<html><h1>502</h1></html>`, unsure, "", 1},
		"away":        {503, `<html>`, unsure, "", 1},
		"late":        {504, ``, unsure, "", 1},
		"no json":     {200, `<html>`, unsure, "", 1},
		"cut":         {200, `{"result":{"task":{"id`, unsure, "", 1},
		"no frame":    {200, `{}`, unsure, "", 1},
		"no json 403": {403, `oops`, unsure, "", 1},
		"page":        {500, `<!DOCTYPE html><title>Site &amp; maintenance</title>`, unsure, `127.0.0.1`, 1},
		"titled":      {502, `<html><head><TITLE>Site &amp; maintenance</title>`, unsure, `"Site & maintenance"`, 1},
		"market": {
			402,
			`{"error":{"code":"BITRIX_REST_V3_EXCEPTION_MARKETSUBSCRIPTIONREQUIREDEXCEPTION","message":"m"}}`,
			setup,
			"subscription",
			1,
		},
		"no market": {
			403,
			`{"error":"ACCESS_DENIED","error_description":"REST is available only by subscription."}`,
			setup,
			"Market",
			1,
		},
		"vague": {
			400,
			`{"error":"ERROR_CORE","error_description":"internal error"}`,
			outcome{fault.Unsure, fault.One},
			"",
			1,
		},
		"field": {400, `{"error":"ERROR_CORE","error_description":"UF_BRANCH"}`, never, "UF_BRANCH", 1},
		"argument": {
			400,
			`{"error":"ERROR_CORE","error_description":"TASKS_ERROR_EXCEPTION_#256; Param #0"}`,
			never,
			"",
			1,
		},
		"large":       {413, `<html>`, outcome{fault.Refused, fault.One}, "", 1},
		"auth":        {401, `{"error":"NO_AUTH_FOUND"}`, setup, "webhook", 1},
		"expired":     {401, `{"error":"expired_token"}`, setup, "", 1},
		"rights":      {403, `{"error":"INVALID_CREDENTIALS"}`, setup, "", 1},
		"scope":       {403, `{"error":"insufficient_scope"}`, setup, "scope task)", 1},
		"scope upper": {403, `{"error":"INSUFFICIENT_SCOPE"}`, setup, "", 1},
		"plan": {
			403,
			`{"error":"ACCESS_DENIED","error_description":"only on commercial plans"}`,
			setup,
			"plan",
			1,
		},
		"app":    {403, `{"error":"user_access_error"}`, setup, "", 1},
		"method": {404, `{"error":"ERROR_METHOD_NOT_FOUND"}`, setup, "", 1},
		"batch":  {400, `{"error":"ERROR_BATCH_LENGTH_EXCEEDED"}`, outcome{fault.Refused, fault.One}, "", 1},
		"https":  {400, `{"error":"INVALID_REQUEST","error_description":"Https required"}`, setup, "", 1},
		"gone":   {500, `{"error":"PORTAL_DELETED"}`, refused, "", 1},
		"core": {
			400,
			`{"error":"ERROR_CORE","error_description":"No &quot;title&quot;<br>given<br>"}`,
			never,
			`No "title" given`,
			1,
		},
		"number":      {400, `{"error":"100","error_description":"no value"}`, never, "100", 1},
		"bare number": {400, `{"error":0,"error_description":"x"}`, never, "", 1},
		"in 200":      {200, `{"error":"ERROR_CORE","error_description":"no rights"}`, never, "", 1},
		"v3": {
			403,
			`{"error":{"code":"BITRIX_REST_V3_EXCEPTION_INSUFFICIENTSCOPEEXCEPTION","message":"m"}}`,
			setup,
			"scope tasks",
			1,
		},
		"v3 field": {
			400,
			`{"error":{"code":"BITRIX_REST_V3_EXCEPTION_VALIDATION_DTOVALIDATIONEXCEPTION","message":"m","validation":[{"field":"f","message":"is bad"}]}}`,
			never,
			"f: is bad",
			1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var as []http.HandlerFunc
			for range tt.tries {
				as = append(as, testkit.Answer(tt.status, tt.body))
			}
			s := testkit.NewScript(t, as...)
			err := ran(t.Context(), client(t, s), add("cost $total"))[0]
			tells(t, err, tt.want)
			if !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "<br>") {
				t.Errorf("text %q lacks %q", err, tt.text)
			}
			if s.Count() != tt.tries {
				t.Errorf("%d requests, want %d", s.Count(), tt.tries)
			}
		})
	}
}

// A vague error is retried more often than one that names a field. If a whole batch fails with it, the portal has
// failed.
func TestPatience(t *testing.T) {
	for text, want := range map[string]struct {
		tries int
		over  time.Duration
	}{"internal error": {5, time.Hour}, "no title": {3, 0}} {
		s := testkit.NewScript(t, testkit.Answer(200,
			`{"result":{"result":[],"result_error":{"c0":{"error":"ERROR_CORE","error_description":"`+text+`"}}}}`))
		if tries, over := fault.Patience(ran(t.Context(), client(t, s), add("a"))[0]); tries != want.tries ||
			over != want.over {
			t.Errorf("%s: %d tries over %v", text, tries, over)
		}
	}
	s := testkit.NewScript(t, testkit.Answer(200, `{"error":"ERROR_CORE","error_description":"internal error"}`))
	tells(t, ran(t.Context(), client(t, s), add("a"), add("b"))[0], outcome{fault.Unsure, fault.Server})
}

// behindFilter returns a portal whose filter refuses texts with one of the words.
func behindFilter(t *testing.T, words ...string) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		for _, word := range words {
			if strings.Contains(string(body), word) || word == "" {
				w.WriteHeader(http.StatusForbidden)
				io.WriteString(w, "<html><title>Forbidden</title>")
				return
			}
		}
		n := strings.Count(string(body), `":"tasks.task.add?`)
		var results []string
		for i := range n {
			results = append(results, fmt.Sprintf(`"c%d":{"task":{"id":"5"}}`, i))
		}
		fmt.Fprintf(w, `{"result":{"result":{%s},"result_error":[]}}`, strings.Join(results, ","))
	}))
	t.Cleanup(s.Close)
	return s
}

func TestQuirkFilterRefusesATextAlone(t *testing.T) {
	cmds := slices.Repeat([]Command{add("a")}, 20)
	cmds[7] = add("union select")
	errs := ran(t.Context(), client(t, &testkit.Script{Server: behindFilter(t, "union")}), cmds...)
	for i, err := range errs {
		if i == 7 {
			if tells(t, err, outcome{fault.Never, fault.One}); !strings.Contains(err.Error(), "filter") ||
				!strings.Contains(err.Error(), "Forbidden") {
				t.Error(err)
			}
		} else if err != nil {
			t.Error(i, err)
		}
	}
	for _, cmds := range [][]Command{{add("a")}, {add("a"), add("b")}, {add("$total")}} { // not because of a text
		tells(t, ran(t.Context(), client(t, &testkit.Script{Server: behindFilter(t, "")}), cmds...)[0],
			outcome{fault.Refused, fault.Setup})
	}
}

func TestQuirkOneCodeForAllOfATask(t *testing.T) { TestPatience(t) }

func TestRedirectToTheSameHostIsALogin(t *testing.T) {
	s := testkit.NewScript(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/auth/?backurl=x", http.StatusFound)
	})
	err := client(t, s).Call(t.Context(), "profile", nil, nil)
	if tells(t, err, outcome{fault.Refused, fault.Setup}); !strings.Contains(err.Error(), "login") {
		t.Error(err)
	}
}

func TestOperationTimeLimitTellsWhen(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(429,
		`{"error":"OPERATION_TIME_LIMIT","time":{"operating_reset_at":1787216430}}`))
	err := client(t, s).Call(t.Context(), "tasks.task.add", nil, nil)
	// 1787216430 is 30 s after the test's clock.
	if got := fault.After(err); got != 30*time.Second {
		t.Errorf("after %v", got)
	}
}

func TestBackOffOnQueryLimit(t *testing.T) {
	limit := testkit.Answer(503, `{"error":"QUERY_LIMIT_EXCEEDED"}`)
	s := testkit.NewScript(t, limit, limit, limit, testkit.Answer(200, `{"result":{"task":{"id":"5"}}}`))
	var slept []time.Duration
	c := client(t, s, func(o *Options) {
		o.Sleep = func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }
	})
	if err := ran(t.Context(), c, add("$time"))[0]; err != nil {
		t.Fatal(err)
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
	s := testkit.NewScript(t, testkit.Answer(503, `{"error":"QUERY_LIMIT_EXCEEDED"}`))
	c := client(t, s, func(o *Options) { o.Now = time.Now })
	ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond) // the first wait is a second
	defer cancel()
	tells(t, c.Call(ctx, "profile", nil, nil), outcome{fault.Refused, fault.Server})
}

func TestReadsAreRepeatedWritesAreNot(t *testing.T) {
	bad := testkit.Answer(502, "<html>")
	s := testkit.NewScript(t, bad, testkit.Drop, testkit.Answer(200, `{"result":{"tasks":[]}}`))
	if err := client(t, s).Call(t.Context(), "tasks.task.list", nil, nil); err != nil {
		t.Error(err)
	}
	s = testkit.NewScript(t, bad, bad, bad)
	tells(t, client(t, s).Call(t.Context(), "tasks.task.list", nil, nil), outcome{fault.Unsure, fault.Server})
	s = testkit.NewScript(t, bad)
	for _, err := range ran(t.Context(), client(t, s), add("a"), Do("task.commentitem.add", With("0", 3))) {
		tells(t, err, outcome{fault.Unsure, fault.Server})
	}
}

func TestQuirkDescriptionIsHTML(t *testing.T) {
	if got := plain("No &quot;title&quot;<br>given<br>"); got != `No "title" given` {
		t.Error(got)
	}
}

func TestQuirkErrorHasManyForms(t *testing.T) {
	for raw, want := range map[string]string{
		`"ERROR_CORE"`: "ERROR_CORE", `"1048582"`: "1048582", `0`: "0",
		`"Max quantity of values is 20"`:                                          "Max quantity of values is 20",
		`{"code":"BITRIX_REST_V3_EXCEPTION_ACCESSDENIEDEXCEPTION","message":"m"}`: "ACCESSDENIEDEXCEPTION",
		`{"error":"100","error_description":"x"}`:                                 "100",
	} {
		if e := readError(json.RawMessage(raw), ""); e == nil || e.Code != want {
			t.Error(raw, e)
		}
	}
	for _, raw := range []string{"", "null", `""`} {
		if e := readError(json.RawMessage(raw), ""); e != nil {
			t.Error(raw, e)
		}
	}
}

func TestQuirkOneCodeTwoMeanings(t *testing.T) {
	c := &Client{meter: newMeter(nil, nil, nil, nil)}
	for _, tt := range []struct {
		e    Error
		want outcome
	}{
		{Error{Method: "tasks.task.add", Status: 403, Code: "ACCESS_DENIED"}, outcome{fault.Refused, fault.Setup}},
		{Error{Method: "disk.file.get", Status: 403, Code: "ACCESS_DENIED"}, outcome{fault.Never, fault.One}},
		{Error{Method: "batch", Status: 503, Code: "QUERY_LIMIT_EXCEEDED"}, outcome{fault.Refused, fault.Server}},
		{Error{Method: "batch", Status: 503, Code: "OVERLOAD_LIMIT"}, outcome{fault.Refused, fault.Setup}},
	} {
		tells(t, c.judge(&tt.e), tt.want)
	}
}
