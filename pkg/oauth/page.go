package oauth

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"helpdesk/pkg/bearer"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/wire"
)

// Talk contains the callbacks for the person who signs in.
type Talk struct {
	Show func(address string) // shows the page to open in a browser
	// Typed returns what the person types: the final address of the browser, or the code in it. nil = no input.
	Typed func(ctx context.Context) (string, error)
	Wrong func(err error) // reports that the input is unusable
	Done  string          // text for the browser after the sign-in
}

// Page signs in on a page of the provider, which redirects the browser to this machine. If the browser runs on another
// machine it cannot connect, and the person pastes the address instead.
func (c *Client) Page(ctx context.Context, talk Talk) (bearer.Token, error) {
	if c.o.AuthURL == "" {
		return bearer.Token{}, fault.Misconfigured(errors.New("the provider has no page: oauth.auth_url is missing"))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b := &browser{state: rand.Text(), done: talk.Done, codes: make(chan result, 1)}
	redirect, err := b.listen(ctx, c.o.Redirect, cmp.Or(c.o.Loopback, "127.0.0.1"))
	if err != nil {
		return bearer.Token{}, err
	}
	verifier := oauth2.GenerateVerifier()
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(verifier)}
	for name, value := range c.o.Extra {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	config := c.config(redirect)
	talk.Show(config.AuthCodeURL(b.state, options...))
	if talk.Typed != nil {
		go b.listenTo(ctx, talk)
	}
	select {
	case <-ctx.Done():
		return bearer.Token{}, ctx.Err()
	case <-time.After(usualLife):
		return bearer.Token{}, ErrExpired
	case r := <-b.codes:
		if r.err != nil {
			return bearer.Token{}, r.err
		}
		got, err := config.Exchange(c.with(ctx), r.code, oauth2.VerifierOption(verifier))
		if err != nil {
			return bearer.Token{}, c.explain("exchange the code", err, errCode, r.code)
		}
		return c.token(got, bearer.Token{})
	}
}

// browser waits for the browser, or for a person who pastes its address.
type browser struct {
	state string // identifies this sign-in; a request with another state is ignored
	done  string
	codes chan result
}

// result is the outcome of the page.
type result struct {
	code string
	err  error
}

// listen listens on the redirect address and returns it. If the address is on another machine or its port is in use,
// only the person's input counts.
func (b *browser) listen(ctx context.Context, registered, name string) (string, error) {
	at, u := "127.0.0.1:0", (*url.URL)(nil)
	if registered != "" {
		var err error
		if u, err = url.Parse(registered); err != nil {
			return "", fmt.Errorf("oauth.redirect_url: %w", err)
		}
		if u.Scheme != "http" || !wire.Loopback(u.Hostname()) {
			return registered, nil
		}
		host := u.Hostname()
		if host == "localhost" {
			host = "127.0.0.1"
		}
		at = net.JoinHostPort(host, u.Port())
		if u.Port() == "" {
			at = net.JoinHostPort(host, "80")
		}
	}
	listener, err := net.Listen("tcp", at)
	if err != nil {
		if registered != "" {
			return registered, nil
		}
		return "", fmt.Errorf("wait for the browser: %w", err)
	}
	if registered == "" {
		registered = fmt.Sprintf("http://%s:%d", name, listener.Addr().(*net.TCPAddr).Port)
	}
	server := &http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	context.AfterFunc(ctx, func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(stopping) // sends the last page to its end
	})
	go func() { _ = server.Serve(listener) }()
	return registered, nil
}

// ServeHTTP handles the redirected browser. Other requests may arrive too: only one with the state of this sign-in ends
// it.
func (b *browser) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	got, err := b.read(r.URL.Query())
	if r.Method != http.MethodGet || !wire.Loopback(host) || err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Connection", "close")
	if got.err != nil {
		fmt.Fprintln(w, got.err)
	} else {
		fmt.Fprintln(w, b.done)
	}
	b.put(got)
}

func (b *browser) put(r result) {
	select {
	case b.codes <- r:
	default: // the sign-in has already ended
	}
}

var (
	errOther  = errors.New("this address belongs to another sign-in")
	errNoCode = errors.New("there is no code in it")
)

// read returns the result in a redirect address. The error says that it is not from this sign-in.
func (b *browser) read(q url.Values) (r result, err error) {
	switch {
	case q.Get("code") == "" && q.Get("error") == "":
		return r, errNoCode
	case q.Get("state") != b.state:
		return r, errOther
	case q.Get("error") == "access_denied":
		return result{err: ErrDenied}, nil
	case q.Get("error") != "":
		return result{err: fmt.Errorf("the page returned the error %.40q: %.200q", q.Get("error"),
			q.Get("error_description"))}, nil
	}
	return result{code: q.Get("code")}, nil
}

// listenTo asks the person until the input is usable.
func (b *browser) listenTo(ctx context.Context, talk Talk) {
	for ctx.Err() == nil {
		text, err := talk.Typed(ctx)
		if err != nil {
			return // there is no input, but the browser may still connect
		}
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		r, err := b.typed(text)
		if err == nil {
			b.put(r)
			return
		}
		talk.Wrong(err)
	}
}

// typed parses an address or a bare code. The exchange proves that a code belongs to this sign-in (RFC 7636).
func (b *browser) typed(text string) (result, error) {
	if !strings.Contains(text, "://") && !strings.ContainsAny(text, "?= ") {
		return result{code: text}, nil
	}
	_, query, _ := strings.Cut(text, "?")
	query, _, _ = strings.Cut(query, "#")
	q, err := url.ParseQuery(query)
	if err != nil {
		return result{}, errNoCode
	}
	return b.read(q)
}
