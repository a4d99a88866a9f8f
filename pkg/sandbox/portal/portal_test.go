package portal

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func newClock() *Clock { return NewClock(time.Date(2026, 8, 20, 9, 0, 0, 0, time.UTC)) }

// rig is a running portal with a client that sends exactly what a test specifies.
type rig struct {
	*Portal
	t    *testing.T
	hook string
	http *http.Client
}

func start(t *testing.T, o PortalOptions) *rig {
	t.Helper()
	p := NewPortal(o)
	hook, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() { transport.CloseIdleConnections(); _ = p.Close() })
	client := &http.Client{Transport: transport, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
	return &rig{p, t, hook, client}
}

// reply is an unprocessed response.
type reply struct {
	status int
	header http.Header
	raw    string
	body   *Params
	err    error
}

func (r reply) code() string { return r.body.Str("error") }

func (r *rig) send(address, kind, body string, header ...string) reply {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := r.http.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{err: err}
	}
	parsed, err := parseJSON(raw)
	if err != nil {
		parsed = &Params{}
	}
	return reply{resp.StatusCode, resp.Header, string(raw), parsed, nil}
}

// call calls a method of v2 with a JSON body.
func (r *rig) call(method, body string) reply {
	r.t.Helper()
	return r.send(r.hook+method, "application/json", body)
}

// v3 calls a method of v3.
func (r *rig) v3(method, body string, header ...string) reply {
	r.t.Helper()
	return r.send(strings.Replace(r.hook, "/rest/", "/rest/api/", 1)+method, "application/json", body, header...)
}

// ok calls a method and returns the result. It fails the test without success.
func (r *rig) ok(method, body string) *Params {
	r.t.Helper()
	a := r.call(method, body)
	if a.status != 200 || a.body.Has("error") {
		r.t.Fatalf("%s %s: %d %s %v", method, body, a.status, a.raw, a.err)
	}
	return a.body
}

// task creates a task and returns its id.
func (r *rig) task(title string) int64 {
	r.t.Helper()
	raw, _ := json.Marshal(title)
	return r.ok("tasks.task.add", `{"fields":{"TITLE":`+string(raw)+`,"RESPONSIBLE_ID":7}}`).Int("result", "task", "id")
}

func (r *rig) batch(halt int, cmds ...string) *Params {
	r.t.Helper()
	cmd := &Params{}
	for i := 0; i+1 < len(cmds); i += 2 {
		cmd.set(cmds[i], cmds[i+1])
	}
	body, _ := json.Marshal(object{"halt": halt, "cmd": cmd})
	a := r.call("batch", string(body))
	if a.status != 200 {
		r.t.Fatalf("batch: %d %s", a.status, a.raw)
	}
	return a.body
}

func (r *rig) refused(what string, a reply, status int, code string) {
	r.t.Helper()
	if a.status != status || a.code() != code {
		r.t.Errorf("%s: %d %q, want %d %q: %s", what, a.status, a.code(), status, code, a.raw)
	}
}

func TestRoutes(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	for _, name := range []string{"profile", "profile.json", "PROFILE"} {
		if got := r.ok(name, `{}`).Str("result", "ID"); got != "17" {
			t.Errorf("%s: ID %q", name, got)
		}
	}
	r.refused("wrong code", r.send(strings.Replace(r.hook, "sandbox-code", "x", 1)+"profile", "application/json",
		"{}"), 401, "NO_AUTH_FOUND")
	r.refused("wrong user", r.send(strings.Replace(r.hook, "/17/", "/7/", 1)+"profile", "application/json", "{}"), 401,
		"NO_AUTH_FOUND")
	r.refused("unknown method", r.call("tasks.task.nonsense", "{}"), 404, "ERROR_METHOD_NOT_FOUND")
	r.refused("v3 method on v2", r.call("tasks.task.chat.message.send", "{}"), 404, "ERROR_METHOD_NOT_FOUND")
	onV3 := strings.Replace(r.hook, "/rest/", "/rest/api/", 1)
	r.refused("wrong code on v3", r.send(strings.Replace(onV3, "sandbox-code", "x", 1)+"tasks.task.list",
		"application/json", "{}"), 401, "NO_AUTH_FOUND")
	r.SetScopes("im")
	r.refused("scope", r.call("tasks.task.list", "{}"), 403, "insufficient_scope")
	if a := r.v3("tasks.task.list", "{}"); a.status != 403 ||
		a.body.Str("error", "code") != "BITRIX_REST_V3_EXCEPTION_INSUFFICIENTSCOPEEXCEPTION" {
		t.Errorf("v3 scope: %d %s", a.status, a.raw)
	}
	r.SetCode("new")
	r.refused("replaced webhook", r.call("profile", "{}"), 401, "NO_AUTH_FOUND")

	secure := start(t, PortalOptions{RequireHTTPS: true})
	secure.refused("plain http", secure.call("profile", "{}"), 400, "INVALID_REQUEST")
	secure.refused("plain http on v3", secure.v3("tasks.task.list", "{}"), 400, "INVALID_REQUEST")
}

func TestBodies(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	form := url.Values{"fields[TITLE]": {"a+b"}, "fields[RESPONSIBLE_ID]": {"7"}}.Encode()
	a := r.send(r.hook+"tasks.task.add", "application/x-www-form-urlencoded", form)
	if got := a.body.Str("result", "task", "title"); got != "a+b" {
		t.Errorf("form: title %q in %s", got, a.raw)
	}
	a = r.send(r.hook+"tasks.task.add?"+form, "", "")
	if got := a.body.Str("result", "task", "title"); got != "a+b" {
		t.Errorf("query string: title %q in %s", got, a.raw)
	}
	r.refused("broken JSON counts as no parameters", r.call("tasks.task.add", `{"fields":`), 400, "100")
	r.refused("invalid UTF-8 is broken JSON",
		r.call("tasks.task.add", "{\"fields\":{\"TITLE\":\"\xff\",\"RESPONSIBLE_ID\":7}}"), 400, "100")
}

func TestTimesHaveThePortalsOffset(t *testing.T) {
	c := newClock()
	r := start(t, PortalOptions{NoLimit: true, Now: c.Now})
	body := r.ok("server.time", `{}`)
	if got := body.Str("result"); got != "2026-08-20T12:00:00+03:00" {
		t.Errorf("server.time %q", got)
	}
	if got := body.Str("time", "date_start"); got != "2026-08-20T12:00:00+03:00" {
		t.Errorf("date_start %q", got)
	}
	if !body.Has("time", "operating") || !body.Has("time", "operating_reset_at") {
		t.Errorf("time lacks operating: %v", body.Get("time"))
	}
	n := r.task("x")
	created := r.ok("tasks.task.get", `{"taskId":`+id(n)+`}`).Str("result", "task", "createdDate")
	if created != "2026-08-20T12:00:00+03:00" {
		t.Errorf("createdDate %q", created)
	}
}

func TestBucket(t *testing.T) {
	c := newClock()
	r := start(t, PortalOptions{Burst: 3, PerSecond: 2, Now: c.Now})
	for range 3 {
		r.ok("profile", "{}")
	}
	r.refused("fourth request", r.call("tasks.task.add", `{"fields":{"TITLE":"x","RESPONSIBLE_ID":7}}`), 503,
		"QUERY_LIMIT_EXCEEDED")
	if len(r.Tasks()) != 0 {
		t.Error("a refused request was executed")
	}
	c.Advance(time.Second)
	r.batch(0, "a", "profile", "b", "profile", "c", "profile", "d", "profile") // a single request
	r.ok("profile", "{}")
	r.refused("third request after a second", r.call("profile", "{}"), 503, "QUERY_LIMIT_EXCEEDED")
	if r.Hits() != 7 {
		t.Errorf("%d hits", r.Hits())
	}
}

// from calls profile from a client address and returns the status.
func (r *rig) from(address string) int {
	q := httptest.NewRequest(http.MethodPost, r.hook+"profile", strings.NewReader("{}"))
	q.RemoteAddr = address
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	return w.Code
}

func TestBucketIsThatOfAnAddress(t *testing.T) {
	c := newClock()
	r := start(t, PortalOptions{Now: c.Now})
	fits := func(address string) (n int) {
		for r.from(address) == http.StatusOK {
			n++
		}
		return n
	}
	if n := fits("192.0.2.1:1111") + fits("192.0.2.1:2222"); n != 50 {
		t.Errorf("%d requests at once", n)
	}
	if n := fits("192.0.2.2:1111"); n != 50 {
		t.Errorf("another address: %d requests at once", n)
	}
	c.Advance(time.Second)
	if n := fits("192.0.2.1:3333"); n != 2 {
		t.Errorf("after a second: %d requests", n)
	}
}

func TestOperatingLimit(t *testing.T) {
	c := newClock()
	cost := func(string) time.Duration { return 200 * time.Second }
	r := start(t, PortalOptions{NoLimit: true, Now: c.Now, Operating: cost})
	for range 3 {
		r.task("x")
		c.Advance(time.Minute)
	}
	a := r.call("tasks.task.add", `{"fields":{"TITLE":"x","RESPONSIBLE_ID":7}}`)
	r.refused("method without time left", a, 429, "OPERATION_TIME_LIMIT")
	r.ok("profile", "{}")
	in := r.batch(0, "a", "tasks.task.add?fields[TITLE]=x&fields[RESPONSIBLE_ID]=7", "b", "profile")
	if in.Str("result", "result_error", "a", "error") != "OPERATION_TIME_LIMIT" ||
		in.Str("result", "result", "b", "ID") != "17" {
		t.Errorf("batch: %v", in.Get("result"))
	}
	reset := time.Unix(a.body.Int("time", "operating_reset_at"), 0)
	c.Advance(reset.Sub(c.Now()))
	r.task("x")
}

func TestFaults(t *testing.T) {
	add := `{"fields":{"TITLE":"x","RESPONSIBLE_ID":7}}`
	tests := []struct {
		name   string
		fault  Fault
		status int // 0 = no response
		code   string
		tasks  int
	}{
		{"500 after executing", Fault{Kind: ServerError, After: true}, 500, "INTERNAL_SERVER_ERROR", 1},
		{"500 before executing", Fault{Kind: ServerError}, 500, "INTERNAL_SERVER_ERROR", 0},
		{"drop before", Fault{Kind: Drop}, 0, "", 0},
		{"drop after", Fault{Kind: Drop, After: true}, 0, "", 1},
		{"bad gateway", Fault{Kind: BadGateway, After: true}, 502, "", 1},
		{"redirect", Fault{Kind: Redirect}, 302, "", 0},
		{"rate", Fault{Kind: QueryLimit, After: true}, 503, "QUERY_LIMIT_EXCEEDED", 0},
		{"time", Fault{Kind: OperationLimit, ResetAt: time.Unix(1761054922, 0)}, 429, "OPERATION_TIME_LIMIT", 0},
		{"overload", Fault{Kind: Overload}, 503, "OVERLOAD_LIMIT", 0},
		{
			"error with 200",
			Fault{Kind: ErrorAnswer, Code: "ERROR_CORE", Text: "no<br>", Status: 200},
			200,
			"ERROR_CORE",
			0,
		},
		{"slow", Fault{Kind: Stall, For: time.Millisecond}, 200, "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, PortalOptions{NoLimit: true})
			r.Inject(func(c *Call) Fault { return tt.fault })
			a := r.call("tasks.task.add", add)
			if a.status != tt.status || a.code() != tt.code || len(r.Tasks()) != tt.tasks {
				t.Errorf("%d %q, %d tasks; want %d %q, %d: %s", a.status, a.code(), len(r.Tasks()), tt.status, tt.code,
					tt.tasks, a.raw)
			}
			if (a.err != nil) != (tt.status == 0) {
				t.Errorf("error %v", a.err)
			}
			if tt.status == 302 && !strings.HasPrefix(a.header.Get("Location"), "https://moved.example/rest/17/") {
				t.Errorf("Location %q", a.header.Get("Location"))
			}
			if tt.code == "ERROR_CORE" && a.body.Str("error_description") != "no<br>" {
				t.Errorf("description: %s", a.raw)
			}
			if tt.code == "OPERATION_TIME_LIMIT" && a.body.Int("time", "operating_reset_at") != 1761054922 {
				t.Errorf("reset time: %s", a.raw)
			}
		})
	}
}

func TestStallUntilTheClientGivesUp(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	r.http.Timeout = 2 * time.Second // the call must be made within it
	r.Inject(func(*Call) Fault { return Fault{Kind: Stall, After: true} })
	if a := r.call("tasks.task.add", `{"fields":{"TITLE":"x","RESPONSIBLE_ID":7}}`); a.err == nil {
		t.Errorf("an answer came: %s", a.raw)
	}
	if len(r.Tasks()) != 1 {
		t.Errorf("%d tasks", len(r.Tasks()))
	}
}

func TestFaultOfOneCommand(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	r.Inject(func(c *Call) Fault {
		if c.Command == "b" {
			return Fault{Kind: ErrorAnswer, Code: "ERROR_CORE", Text: "no"}
		}
		return Fault{}
	})
	add := "tasks.task.add?fields%5BTITLE%5D=x&fields%5BRESPONSIBLE_ID%5D=7"
	in := r.batch(0, "a", add, "b", add, "c", add)
	if in.Str("result", "result_error", "b", "error") != "ERROR_CORE" || len(r.Tasks()) != 2 {
		t.Errorf("%d tasks, %v", len(r.Tasks()), in.Get("result", "result_error"))
	}
	r.Inject(func(c *Call) Fault {
		if c.Command == "b" {
			return Fault{Kind: Drop, After: true}
		}
		return Fault{}
	})
	body, _ := json.Marshal(object{"cmd": object{"a": add, "b": add, "c": add}})
	if a := r.call("batch", string(body)); a.err == nil {
		t.Errorf("an answer came: %s", a.raw)
	}
	if len(r.Tasks()) != 4 {
		t.Errorf("dropped after the second command: %d tasks", len(r.Tasks()))
	}
	calls := r.Calls()
	if last := calls[len(calls)-1]; last.Command != "b" || !last.Batch || last.Status != 0 {
		t.Errorf("last call %+v", last)
	}
	r.ResetCounts()
	if r.Hits() != 0 || len(r.Calls()) != 0 {
		t.Error("ResetCounts left something")
	}
}

func TestParams(t *testing.T) {
	p := parseQuery("a=1&b%5Bx%5D%5B%5D=%D0%9F+q&b[x][]=%2B&c.d=2&bad=%zz&l[0]=7&l[1]=8")
	if p.Str("b", "x", "0") != "П q" || p.Str("b", "x", "1") != "+" || p.Str("c_d") != "2" || p.Str("bad") != "%zz" {
		raw, _ := json.Marshal(p)
		t.Errorf("%s", raw)
	}
	if raw, _ := json.Marshal(p.Get("l")); string(raw) != `["7","8"]` {
		t.Errorf("list: %s", raw)
	}
	ordered, err := parseJSON([]byte(`{"z":1,"a":{},"m":[true,null]}`))
	if err != nil {
		t.Fatal(err)
	}
	if raw, _ := json.Marshal(ordered); !bytes.Equal(raw, []byte(`{"z":1,"a":[],"m":[true,null]}`)) {
		t.Errorf("order: %s", raw)
	}
}

func TestBatchBeyondTheRequestLimit(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true, RequestLimit: time.Second, Latency: func(string) time.Duration {
		return 1100 * time.Millisecond
	}})
	add := "tasks.task.add?fields%5BTITLE%5D=x&fields%5BRESPONSIBLE_ID%5D=7"
	body, _ := json.Marshal(object{"cmd": object{"a": add, "b": add}})
	if a := r.call("batch", string(body)); a.status != 502 || len(r.Tasks()) != 1 {
		t.Errorf("%d, %d tasks: %s", a.status, len(r.Tasks()), a.raw)
	}
}
