package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"
)

// standard is the grant type of a device code (RFC 8628, 3.4).
const standard = "urn:ietf:params:oauth:grant-type:device_code"

// device issues a device code (RFC 8628, 3.1).
func (s *Server) device(w http.ResponseWriter, r *http.Request) {
	if r.PostForm.Get("client_id") != s.o.ID {
		fail(w, http.StatusUnauthorized, "invalid_client", "there is no such application")
		return
	}
	if r.PostForm.Get("scope") == "" {
		fail(w, http.StatusBadRequest, "invalid_scope", "no scope is asked for")
		return
	}
	d := &device{
		user:     s.secret("CODE")[5:13],
		ends:     s.o.Now().Add(s.o.CodeLife),
		asked:    s.o.Now(),
		interval: s.o.Interval,
	}
	s.secrets = s.secrets[:len(s.secrets)-1] // the user code is not a secret: a person sees it
	code := s.secret("device")
	s.devices[code] = d
	where := "verification_uri"
	if s.o.URL {
		where = "verification_url"
	}
	said := map[string]any{"device_code": code, "user_code": d.user, where: s.url + "/code"}
	if !s.o.NoPending {
		said["expires_in"], said["interval"] = int(s.o.CodeLife.Seconds()), int(s.o.Interval.Seconds())
	}
	answer(w, http.StatusOK, said)
}

// token handles a token request.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	form := r.PostForm
	grant := form.Get("grant_type")
	s.asked[grant]++
	id, secret, header := r.BasicAuth()
	if !header {
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	if id != s.o.ID || secret != s.o.Secret {
		fail(w, http.StatusUnauthorized, "invalid_client",
			"the application is unknown, or its secret is wrong: "+secret)
		return
	}
	device := standard
	if s.o.Grant != "" {
		device = s.o.Grant
	}
	switch grant {
	case device:
		s.byDevice(w, r)
	case "authorization_code":
		s.byPage(w, r)
	case "refresh_token":
		s.renew(w, form.Get("refresh_token"))
	default:
		fail(w, http.StatusBadRequest, "unsupported_grant_type", grant)
	}
}

func (s *Server) byDevice(w http.ResponseWriter, r *http.Request) {
	name := "device_code"
	if s.o.Grant != "" {
		name = "code"
	}
	d, now := s.devices[r.PostForm.Get(name)], s.o.Now()
	if d == nil || d.used {
		fail(w, http.StatusBadRequest, "invalid_grant", "there is no such code")
		return
	}
	// A poll that comes too early increases the interval (RFC 8628, 3.5).
	early := now.Sub(d.asked) < d.interval-d.interval/10
	d.asked = now
	switch {
	case now.After(d.ends):
		fail(w, http.StatusBadRequest, "expired_token", "the code has expired")
	case early:
		if !d.slowed {
			d.slowed, d.interval = true, d.interval+5*time.Second
		}
		fail(w, http.StatusBadRequest, "slow_down", "you ask too often")
	case d.denied:
		fail(w, http.StatusBadRequest, s.o.Denied, "the person refused")
	case d.account == "":
		fail(w, http.StatusBadRequest, "authorization_pending", "nobody has typed the code")
	default:
		d.used = true
		s.give(w, &grant{account: d.account, since: now, access: map[string]time.Time{}})
	}
}

func (s *Server) byPage(w http.ResponseWriter, r *http.Request) {
	form := r.PostForm
	p := s.pages[form.Get("code")]
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case p == nil || s.o.Now().After(p.ends):
		fail(w, http.StatusBadRequest, "invalid_grant", "there is no such code")
	case p.used != nil: // RFC 6749, 4.1.2: the code was stolen
		p.used.ended = true
		fail(w, http.StatusBadRequest, "invalid_grant", "the code was used already")
	case form.Get("redirect_uri") != p.redirect:
		fail(w, http.StatusBadRequest, "invalid_grant", "redirect_uri is another one")
	case base64.RawURLEncoding.EncodeToString(sum[:]) != p.challenge:
		fail(w, http.StatusBadRequest, "invalid_grant", "code_verifier is wrong")
	default:
		p.used = &grant{account: p.account, since: s.o.Now(), access: map[string]time.Time{}}
		s.give(w, p.used)
	}
}

func (s *Server) renew(w http.ResponseWriter, refresh string) {
	g := s.renewals[refresh]
	switch {
	case g == nil || g.ended:
		fail(w, http.StatusBadRequest, "invalid_grant", "the token was revoked: "+refresh)
	case refresh != g.refresh: // RFC 9700, 4.14.2: the token was stolen
		g.ended = true
		fail(w, http.StatusBadRequest, "invalid_grant", "the token was used already")
	case s.o.RefreshLife > 0 && s.o.Now().Sub(g.since) > s.o.RefreshLife:
		fail(w, http.StatusBadRequest, "invalid_grant", "the token has expired")
	default:
		s.give(w, g)
	}
}

// give sends a new access token of a grant.
func (s *Server) give(w http.ResponseWriter, g *grant) {
	access := s.secret("access")
	g.access[access] = s.o.Now().Add(s.o.Lifetime)
	s.accesses[access] = g
	said := map[string]any{"access_token": access, "token_type": "bearer", "expires_in": int(s.o.Lifetime.Seconds())}
	first := g.refresh == ""
	if !s.o.NoRefresh && (first || s.o.Rotate) {
		g.refresh = s.secret("refresh")
		s.renewals[g.refresh] = g
		said["refresh_token"] = g.refresh
	}
	if s.o.RefreshLife > 0 {
		said["refresh_token_expires_in"] = int((s.o.RefreshLife - s.o.Now().Sub(g.since)).Seconds())
	}
	answer(w, http.StatusOK, said)
}

// introspect tells a mail server the owner of a token (RFC 7662).
func (s *Server) introspect(w http.ResponseWriter, access string) {
	g := s.accesses[access]
	if g == nil || g.ended || !s.o.Now().Before(g.access[access]) {
		answer(w, http.StatusOK, map[string]any{"active": false})
		return
	}
	answer(w, http.StatusOK, map[string]any{"active": true, "username": g.account, "token_type": "bearer"})
}
