// Package oauth signs in to a mailbox by OAuth 2.0 and renews its token. It stores nothing and knows no mail server:
// the caller stores a token before its first use.
//
// A person signs in by typing a code on a page of the provider (RFC 8628), or on a page that redirects the browser to
// this machine (RFC 6749, RFC 7636, RFC 8252).
package oauth

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"helpdesk/pkg/bearer"
	"helpdesk/pkg/wire"
)

// Options are the application and the endpoints of its provider.
type Options struct {
	ID        string
	Secret    string // "" = the application has no secret
	App       string // fingerprint of the application, stored in its tokens
	AuthURL   string // the authorization page
	TokenURL  string
	DeviceURL string // the device code endpoint
	Scopes    []string
	Extra     map[string]string // further parameters of the authorization page

	// Grant is the provider's grant type for a device code, which is then also sent as "code"; "" = as in RFC 8628.
	Grant string
	// Redirect is the registered redirect address; "" = a free port of this machine.
	Redirect string
	Loopback string // host name in it; "" = 127.0.0.1

	CA    []byte // PEM certificates trusted in addition to the system's
	Agent string // User-Agent
	Now   func() time.Time
	// Transport sends the requests; nil = over the network.
	Transport http.RoundTripper
}

// Client is an application at a provider.
type Client struct{ o Options }

// New returns a client. It does not connect yet.
func New(o Options) (*Client, error) {
	if o.Transport == nil {
		t, err := wire.Transport(o.CA, "imap", nil)
		if err != nil {
			return nil, err
		}
		o.Transport = t
	}
	return &Client{o}, nil
}

// HasCodes reports whether the provider supports device codes.
func (c *Client) HasCodes() bool { return c.o.DeviceURL != "" }

// config returns the configuration for golang.org/x/oauth2.
//
// QUIRK: without an AuthStyle that library repeats a failed request in another form. It would use a refresh token
// twice, and some providers end the sign-in for that.
func (c *Client) config(redirect string) *oauth2.Config {
	return &oauth2.Config{ClientID: c.o.ID, ClientSecret: c.o.Secret, Scopes: c.o.Scopes, RedirectURL: redirect,
		Endpoint: oauth2.Endpoint{
			AuthURL:       c.o.AuthURL,
			TokenURL:      c.o.TokenURL,
			DeviceAuthURL: c.o.DeviceURL,
			AuthStyle:     oauth2.AuthStyleInParams,
		}}
}

func (c *Client) with(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: carrier{c.o.Transport, c.o.Agent, ctx},
		// The requests contain secrets, so redirects are not followed.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }})
}

// Renew exchanges the refresh token. The caller stores the result before using it, since many providers then reject the
// old refresh token. The error is fault.Setup (such as ErrEnded) if a person must sign in again or correct a setting,
// and fault.Server if the provider is unavailable.
func (c *Client) Renew(ctx context.Context, t bearer.Token) (bearer.Token, error) {
	got, err := c.config("").TokenSource(c.with(ctx), &oauth2.Token{RefreshToken: t.Refresh}).Token()
	if err != nil {
		return t, c.explain("renew the token", err, ErrEnded, t.Refresh)
	}
	return c.token(got, t)
}

// token converts a response to a token. was is the previous token, if any.
func (c *Client) token(got *oauth2.Token, was bearer.Token) (bearer.Token, error) {
	if got.Type() != "Bearer" {
		return was, wrongAnswer(fmt.Errorf("it gives tokens of the type %.20q", got.Type()))
	}
	now := c.o.Now()
	t := bearer.Token{Access: got.AccessToken, Refresh: got.RefreshToken, Obtained: now, SignedIn: now, App: c.o.App}
	switch {
	case got.ExpiresIn > 0:
		t.Expires = now.Add(time.Duration(got.ExpiresIn) * time.Second)
	case !got.Expiry.IsZero(): // by the clock of this machine
		t.Expires = now.Add(time.Until(got.Expiry).Round(time.Second))
	}
	// The names of Google and Microsoft, and of Keycloak, where 0 means no limit.
	for _, name := range []string{"refresh_token_expires_in", "refresh_expires_in"} {
		if n, ok := seconds(got.Extra(name)); ok && n > 0 {
			t.Until = now.Add(n)
			break
		}
	}
	if was.Access == "" {
		return t, nil
	}
	t.SignedIn = was.SignedIn
	if t.Until.IsZero() {
		t.Until = was.Until
	}
	t.Rolls = !was.Until.IsZero() && t.Until.Sub(was.Until) > time.Minute
	return t, nil
}

func seconds(v any) (time.Duration, bool) {
	switch n := v.(type) {
	case float64:
		return time.Duration(n) * time.Second, true
	case int64:
		return time.Duration(n) * time.Second, true
	}
	return 0, false
}
