package auth

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Codes returns the codes that wait for a person.
func (s *Server) Codes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, d := range s.devices {
		if d.account == "" && !d.denied {
			all = append(all, d.user)
		}
	}
	return all
}

// Type plays a person, signed in to an account, who types a code and allows or refuses it. It reports whether the code
// exists.
func (s *Server) Type(code, account string, allow bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		if d.user == code && !s.o.Now().After(d.ends) {
			d.account, d.denied = account, !allow
			return true
		}
	}
	return false
}

// Browse plays a person, signed in to an account, who opens the page and allows or refuses. It returns the redirect
// address of the browser. An error is a message on the page instead.
func (s *Server) Browse(address, account string, allow bool) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	q := u.Query()
	redirect, err := s.redirect(q.Get("redirect_uri"))
	switch {
	case err != nil:
		return "", err
	case q.Get("client_id") != s.o.ID:
		return "", fmt.Errorf("there is no application %q", q.Get("client_id"))
	case q.Get("response_type") != "code", q.Get("scope") == "", q.Get("state") == "":
		return "", fmt.Errorf("response_type, scope and state are wanted: %s", address)
	case q.Get("code_challenge_method") != "S256", q.Get("code_challenge") == "":
		return "", fmt.Errorf("a challenge is wanted (RFC 7636): %s", address)
	}
	back := url.Values{"state": {q.Get("state")}}
	if allow {
		code := s.secret("4/page")
		s.pages[code] = &page{
			account:   account,
			redirect:  redirect.String(),
			challenge: q.Get("code_challenge"),
			ends:      s.o.Now().Add(time.Minute),
		}
		back.Set("code", code)
	} else {
		back.Set("error", "access_denied")
	}
	redirect.RawQuery = back.Encode()
	return redirect.String(), nil
}

// redirect checks a redirect address: the registered one, or any port of 127.0.0.1 (RFC 8252, 7.3).
func (s *Server) redirect(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, err
	case s.o.Redirect != "" && address != s.o.Redirect:
		return nil, fmt.Errorf("redirect_uri_mismatch: %s", address)
	case s.o.Redirect == "" && (u.Scheme != "http" || !strings.HasPrefix(u.Host, "127.0.0.1:")):
		return nil, fmt.Errorf("redirect_uri_mismatch: %s", address)
	}
	return u, nil
}

// Valid reports whether an access token opens an account, for a mail server.
func (s *Server) Valid(account, token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.accesses[token]
	return g != nil && !g.ended && g.account == account && s.o.Now().Before(g.access[token])
}

// Revoke ends the sign-ins of an account and all their tokens.
func (s *Server) Revoke(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.renewals {
		g.ended = g.ended || g.account == account
	}
}

// Asked returns the number of token requests by grant.
func (s *Server) Asked() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.asked)
}

// Secrets returns every token and code issued so far. None may appear in any output.
func (s *Server) Secrets() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.secrets)
	if s.o.Secret != "" {
		all = append(all, s.o.Secret)
	}
	return all
}
