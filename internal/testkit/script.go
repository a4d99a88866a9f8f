// Package testkit is a portal that replays a script or a recording, for tests and manual trials. It is not a model of a
// portal: pkg/sandbox/portal is.
package testkit

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"

	json "github.com/go-json-experiment/json/v1"
)

// T contains the methods of a test that a portal uses.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Request is a request by a client.
type Request struct {
	Path   string // including the query
	Header http.Header
	Body   string
}

// Script is a portal that sends prepared responses one after the other and keeps the requests.
type Script struct {
	*httptest.Server
	Answers []http.HandlerFunc

	mu       sync.Mutex
	requests []Request
}

// NewScript starts a portal for the duration of the test. A request after the last response fails the test.
func NewScript(t T, answers ...http.HandlerFunc) *Script {
	t.Helper()
	s := &Script{Answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		n := len(s.requests)
		s.requests = append(s.requests, Request{r.URL.RequestURI(), r.Header, string(b)})
		s.mu.Unlock()
		if n >= len(s.Answers) {
			t.Errorf("request %d to %s is more than expected: %s", n+1, r.URL.Path, b)
			http.Error(w, "too many", http.StatusTeapot)
			return
		}
		s.Answers[n](w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// Request returns the n-th request, counted from 0, or a zero Request.
func (s *Script) Request(n int) Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= len(s.requests) {
		return Request{}
	}
	return s.requests[n]
}

// Count returns the number of requests.
func (s *Script) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// Commands returns the decoded commands of the n-th request, which is a batch, in order.
func (s *Script) Commands(t T, n int) []string {
	t.Helper()
	var b struct {
		Halt int             `json:"halt"`
		Cmd  json.RawMessage `json:"cmd"`
	}
	if err := json.Unmarshal([]byte(s.Request(n).Body), &b); err != nil || b.Halt != 0 {
		t.Fatalf("request %d is no batch: %v: %s", n, err, s.Request(n).Body)
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

// Answer returns a handler that sends the status and the body. The default type is JSON.
func Answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Drop is a handler that closes the connection without a response.
func Drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
