// Package oauth signs a mailbox in by OAuth 2.0, and renews its token: by a code that a person types on a page of the
// provider's (RFC 8628), or by a page that sends the browser back to this machine (RFC 6749, RFC 7636, RFC 8252).
//
// It keeps nothing and knows no mail server: the caller stores a token before it uses it.
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

// Options says which application signs in, and where.
type Options struct {
	ID        string
	Secret    string // "" = the application has none
	App       string // tells its tokens from those of others
	AuthURL   string // of the page
	TokenURL  string
	DeviceURL string // of the codes
	Scopes    []string
	Extra     map[string]string // further parameters of the page

	// Grant is what the provider calls the exchange of a device code, which is then sent as "code" too; "" = as in
	// RFC 8628.
	Grant string
	// Redirect is where the page sends the browser to, as it was registered; "" = a free port of this machine.
	Redirect string
	Loopback string // what this machine is called there; "" = 127.0.0.1

	CA    []byte // PEM: certificates trusted besides the system's
	Agent string // how we name ourselves
	Now   func() time.Time
	// Transport carries the requests; nil = by the network.
	Transport http.RoundTripper
}

// Client is an application at a provider.
type Client struct{ o Options }

// New returns a client; nothing is dialled.
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

// HasCodes reports whether the provider gives codes to type.
func (c *Client) HasCodes() bool { return c.o.DeviceURL != "" }

// config returns what golang.org/x/oauth2 works with.
//
// QUIRK: without a style it tries a request that fails once more in another form, and so uses a refresh token twice,
// for which some providers end the sign-in.
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
		// What is posted holds secrets: it goes nowhere else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }})
}

// Renew exchanges the refresh token. The caller stores what comes back before using it: many providers take the old
// refresh token no more. The errors are fault.Setup where a person must sign in again or mend a setting, ErrEnded among
// them, and fault.Server where the provider is away.
func (c *Client) Renew(ctx context.Context, t bearer.Token) (bearer.Token, error) {
	got, err := c.config("").TokenSource(c.with(ctx), &oauth2.Token{RefreshToken: t.Refresh}).Token()
	if err != nil {
		return t, c.explain("renew the token", err, ErrEnded, t.Refresh)
	}
	return c.token(got, t)
}

// token makes a token of an answer; was is the one before, if there was one.
func (c *Client) token(got *oauth2.Token, was bearer.Token) (bearer.Token, error) {
	if got.Type() != "Bearer" {
		return was, wrongAnswer(fmt.Errorf("it gives tokens of the type %.20q", got.Type()))
	}
	now := c.o.Now()
	t := bearer.Token{Access: got.AccessToken, Refresh: got.RefreshToken, Obtained: now, SignedIn: now, App: c.o.App}
	switch {
	case got.ExpiresIn > 0:
		t.Expires = now.Add(time.Duration(got.ExpiresIn) * time.Second)
	case !got.Expiry.IsZero(): // by this machine's clock
		t.Expires = now.Add(time.Until(got.Expiry).Round(time.Second))
	}
	// Google, Microsoft; Keycloak, where 0 is no end.
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
