// Package auth is an authorization server in memory (OAuth 2.0): device codes, the page of a browser, tokens and their
// renewal. It is as strict as the standards allow, and as odd as providers are, by switches.
//
// A test says what the person does, or a person does it in a browser.
package auth

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options are the ways authorization servers differ; the zero value has the public application "app", and tokens that
// last an hour.
type Options struct {
	ID       string
	Secret   string // "" = the application is public, and may not send one
	Account  string // whom its pages propose to sign in
	Redirect string // the registered address; "" = any port of 127.0.0.1

	Lifetime    time.Duration // of an access token; 0 = an hour
	Interval    time.Duration // between two questions for a device code; 0 = five seconds
	CodeLife    time.Duration // of a device code; 0 = 15 minutes
	Rotate      bool          // a renewal gives a new refresh token, and the old one ends
	RefreshLife time.Duration // after the sign-in; told as refresh_token_expires_in; 0 = no end, not told
	NoRefresh   bool          // gives no refresh token

	URL       bool   // says verification_url instead of verification_uri, as Yandex and Google do
	Grant     string // of a device code, which comes as "code": "device_code" of Yandex
	Denied    string // what a refusal is called; "" = access_denied
	NoPending bool   // names no interval and no end of a device code

	Now func() time.Time // nil = time.Now
}

// Server is an authorization server.
type Server struct {
	o      Options
	server *http.Server
	url    string

	mu       sync.Mutex
	devices  map[string]*device // by device code
	pages    map[string]*page   // by code
	accesses map[string]*grant  // by access token
	renewals map[string]*grant  // by refresh token, also of those that were exchanged
	secrets  []string
	asked    map[string]int // token requests by grant
	inject   func(r *http.Request) (status int, body string)
}

// device is a device code.
type device struct {
	user     string // the code that a person types
	account  string // "" = not signed in so far
	denied   bool
	ends     time.Time
	asked    time.Time
	interval time.Duration
	slowed   bool
	used     bool
}

// page is a code that a page has ended with.
type page struct {
	account, redirect, challenge string
	ends                         time.Time
	used                         *grant
}

// grant is a sign-in.
type grant struct {
	account string
	since   time.Time
	refresh string // the one that is taken
	access  map[string]time.Time
	ended   bool
}

// New returns a server that does not listen: it may be asked by ServeHTTP.
func New(o Options) *Server {
	if o.ID == "" {
		o.ID = "app"
	}
	set := func(d *time.Duration, usual time.Duration) {
		if *d == 0 {
			*d = usual
		}
	}
	set(&o.Lifetime, time.Hour)
	set(&o.Interval, 5*time.Second)
	set(&o.CodeLife, 15*time.Minute)
	if o.Denied == "" {
		o.Denied = "access_denied"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Server{o: o, devices: map[string]*device{}, pages: map[string]*page{}, accesses: map[string]*grant{},
		renewals: map[string]*grant{}, asked: map[string]int{}}
}

// Start listens on a free port of 127.0.0.1 and returns the address: /authorize, /device, /token and /introspect lie
// there, and pages for a browser.
func (s *Server) Start() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen: %w", err)
	}
	s.url = "http://" + l.Addr().String()
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(l) }()
	return s.url, nil
}

// Close stops the server.
func (s *Server) Close() error {
	if s.server == nil {
		return nil
	}
	return s.server.Close()
}

// Inject asks f before each request of a program what shall go wrong: a status other than 0 is the answer, with the body.
func (s *Server) Inject(f func(r *http.Request) (status int, body string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inject = f
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.page(w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inject != nil {
		if status, body := s.inject(r); status != 0 {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return
		}
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" ||
		r.URL.RawQuery != "" {
		fail(w, http.StatusBadRequest, "invalid_request", "a form is wanted, by POST")
		return
	}
	if err := r.ParseForm(); err != nil {
		fail(w, http.StatusBadRequest, "invalid_request", err.Error())
		return
	}
	for name, values := range r.PostForm {
		if len(values) > 1 { // RFC 6749, 3.2
			fail(w, http.StatusBadRequest, "invalid_request", name+" comes twice")
			return
		}
	}
	switch r.URL.Path {
	case "/device":
		s.device(w, r)
	case "/token":
		s.token(w, r)
	case "/introspect":
		s.introspect(w, r.PostForm.Get("token"))
	default:
		http.NotFound(w, r)
	}
}

// fail answers with an error (RFC 6749, 5.2).
func fail(w http.ResponseWriter, status int, code, why string) {
	answer(w, status, map[string]any{"error": code, "error_description": why})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// secret returns a new secret, which no output may ever hold.
func (s *Server) secret(kind string) string {
	text := kind + "-" + rand.Text()
	s.secrets = append(s.secrets, text)
	return text
}
