// Package testkit is a portal that answers by a script or a recording, for tests and for trials by hand. It knows no
// task: pkg/sandbox/portal is the portal that behaves like one.
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

// T is what a portal needs of a test.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Request is what a client sent.
type Request struct {
	Path   string // with the query
	Header http.Header
	Body   string
}

// Script is a portal that gives the answers it was made with, one after the other, and keeps what was asked.
type Script struct {
	*httptest.Server
	Answers []http.HandlerFunc

	mu       sync.Mutex
	requests []Request
}

// NewScript starts a portal that ends with the test. A request beyond the last answer fails the test.
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

// Request returns the n-th request, counted from 0; a zero one where there were fewer.
func (s *Script) Request(n int) Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n >= len(s.requests) {
		return Request{}
	}
	return s.requests[n]
}

// Count returns how many requests came.
func (s *Script) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// Commands returns the commands of the n-th request, a batch, decoded and in their order.
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

// Answer is a handler that gives the status and the body, as JSON where no other type is set.
func Answer(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Drop is a handler that ends the connection without an answer.
func Drop(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
