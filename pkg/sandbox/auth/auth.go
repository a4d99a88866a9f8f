// Package auth is an OAuth 2.0 authorization server in memory: device codes, the browser page, tokens and their
// renewal. It is not a product, and signs in whomever a test names.
//
// The server is as strict as the standards, and options make it as odd as real providers. A test plays the person, or a
// person uses a browser.
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

// Options are the differences between authorization servers. The zero value has the public application "app" and tokens
// that last an hour.
type Options struct {
	ID       string
	Secret   string // "" = a public application, which must not send a secret
	Account  string // the account suggested on the pages
	Redirect string // registered redirect address; "" = any port of 127.0.0.1

	Lifetime    time.Duration // of an access token; 0 = an hour
	Interval    time.Duration // between two polls with a device code; 0 = five seconds
	CodeLife    time.Duration // of a device code; 0 = 15 minutes
	Rotate      bool          // a renewal issues a new refresh token and ends the old one
	RefreshLife time.Duration // lifetime of a refresh token, sent as refresh_token_expires_in; 0 = unlimited, not sent
	NoRefresh   bool          // issues no refresh token

	URL       bool   // sends verification_url instead of verification_uri, like Yandex and Google
	Grant     string // grant type of a device code sent as "code": "device_code" for Yandex
	Denied    string // error code of a refusal; "" = access_denied
	NoPending bool   // sends no interval and no lifetime of a device code

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
	renewals map[string]*grant  // by refresh token, including exchanged ones
	secrets  []string
	asked    map[string]int // token requests by grant
	inject   func(r *http.Request) (status int, body string)
}

// device is a device code.
type device struct {
	user     string // the code that a person types
	account  string // "" = not signed in yet
	denied   bool
	ends     time.Time
	asked    time.Time
	interval time.Duration
	slowed   bool
	used     bool
}

// page is an authorization code issued by the page.
type page struct {
	account, redirect, challenge string
	ends                         time.Time
	used                         *grant
}

// grant is a sign-in.
type grant struct {
	account string
	since   time.Time
	refresh string // the current refresh token
	access  map[string]time.Time
	ended   bool
}

// New returns a server that does not listen. Requests go to ServeHTTP.
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

// Start listens on a free port of 127.0.0.1 and returns the base address of /authorize, /device, /token, /introspect
// and the pages for a browser.
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

// Inject calls f before each request of a program. If f returns a status other than 0, it is the response, with the
// body.
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

// fail sends an error response (RFC 6749, 5.2).
func fail(w http.ResponseWriter, status int, code, why string) {
	answer(w, status, map[string]any{"error": code, "error_description": why})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// secret returns a new secret, which must never appear in any output.
func (s *Server) secret(kind string) string {
	text := kind + "-" + rand.Text()
	s.secrets = append(s.secrets, text)
	return text
}
