// Package bitrix is a REST client of a Bitrix24 portal: calls of both API versions, batches, limits, errors and files.
// It knows nothing of tasks, stores nothing on disk and never shows the webhook, which is a secret.
//
// It repeats a call that writes only if the portal certainly did not run it. Every error wraps a fault.Error with the
// outcome of the call.
package bitrix

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"helpdesk/pkg/wire"
)

// Options are the webhook and the settings of a client. Only Webhook is required.
type Options struct {
	Webhook   string        // https://portal/rest/17/code/; http only with a loopback address
	CA        []byte        // PEM certificates trusted in addition to the system's
	Timeout   time.Duration // of one request; 0 = 60 s, the portal's own limit
	Burst     int           // requests before the rate limit applies; 0 = 50
	PerSecond float64       // rate limit in requests per second; 0 = 2
	Agent     string        // User-Agent; "" = helpdesk/devel
	Log       *slog.Logger  // nil = no log
	Expiry    wire.Expiry   // gets the expiry of the portal's certificate; nil = unused
	HTTP      *http.Client  // nil = a new one; redirects are never followed
	Record    string        // folder for a copy of all traffic without texts and secrets; "" = none

	Estimates map[string]float64 // seconds per method, used until measured
	// reports whether an error text names something a person can correct, a field or a right; nil = never
	Named func(text string) bool

	// Load returns the value saved under a name if it is younger than age, else nil; age 0 = any age.
	Load func(name string, age time.Duration) []byte
	Save func(name string, value []byte) // saves a fact about the portal; a nil value deletes it

	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// Client accesses one portal by one webhook, with one request at a time. It is safe for concurrent use.
type Client struct {
	root, rootV3 string // with a trailing slash; secret
	base         *url.URL
	code         string
	owner        int64

	timeout time.Duration
	agent   string
	log     *slog.Logger
	named   func(string) bool
	http    *http.Client
	bucket  *rate.Limiter
	turn    chan struct{} // a semaphore: one request at a time
	sleep   func(context.Context, time.Duration) error

	*meter
	mu   sync.Mutex
	hits int
	body int // greatest size of a batch in bytes; 0 = not yet loaded
}

// New returns a client of the webhook's portal. It does not connect yet. Its errors never show the webhook.
func New(o Options) (*Client, error) {
	base, owner, code, err := parseWebhook(o.Webhook)
	if err != nil {
		return nil, err
	}
	if o.HTTP == nil {
		transport, err := wire.Transport(o.CA, "bitrix24", o.Expiry)
		if err != nil {
			return nil, err
		}
		o.HTTP = &http.Client{Transport: transport}
	}
	c := &Client{
		base: base, owner: owner, code: code,
		timeout: o.Timeout, agent: o.Agent, log: o.Log, http: o.HTTP, turn: make(chan struct{}, 1),
		named: o.Named, meter: newMeter(o.Load, o.Save, o.Now, o.Estimates), sleep: o.Sleep,
	}
	root := strings.TrimSuffix(base.String(), "/")
	c.root = fmt.Sprintf("%s/rest/%d/%s/", root, owner, code)
	c.rootV3 = fmt.Sprintf("%s/rest/api/%d/%s/", root, owner, code)
	c.fill()
	if err := c.record(o.Record); err != nil {
		return nil, err
	}
	burst, perSecond := o.Burst, o.PerSecond
	if burst <= 0 {
		burst = 50
	}
	if perSecond <= 0 {
		perSecond = 2
	}
	c.bucket = rate.NewLimiter(rate.Limit(perSecond), burst)
	return c, nil
}

// fill sets the defaults.
func (c *Client) fill() {
	if c.timeout <= 0 {
		c.timeout = time.Minute
	}
	if c.agent == "" {
		c.agent = "helpdesk/devel"
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.named == nil {
		c.named = func(string) bool { return false }
	}
	if c.sleep == nil {
		c.sleep = sleep
	}
	h := *c.http
	// QUIRK: a renamed cloud portal answers 302. A client that follows turns POST into GET and loses the body
	// (settings/how-to-call-rest-api/change-domen).
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &h
}

// record inserts a recorder into the HTTP client.
func (c *Client) record(dir string) error {
	if dir == "" {
		return nil
	}
	next := c.http.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	r, err := newRecorder(dir, next, c.now, c.log)
	c.http.Transport = r
	return err
}

// stray names an invisible character at the end of the webhook, as in a file with Windows line ends; "" = none.
func stray(webhook string) string {
	switch last := webhook[max(0, len(webhook)-1):]; {
	case last == "\r":
		return "a carriage return (a file with the line ends of Windows?)"
	case last == "\n":
		return "a line feed"
	case strings.TrimSpace(last) != last:
		return "a blank"
	}
	return ""
}

func parseWebhook(webhook string) (base *url.URL, owner int64, code string, err error) {
	if bad := stray(webhook); bad != "" {
		return nil, 0, "", fmt.Errorf("read webhook: it ends with %s", bad)
	}
	u, err := url.Parse(webhook)
	if err != nil {
		return nil, 0, "", errors.New("read webhook: not an address") // the cause would show the webhook
	}
	parts := strings.Split(strings.TrimSuffix(u.Path, "/"), "/")
	at := len(parts) - 3
	if at < 1 || parts[at] != "rest" || parts[at+2] == "" || u.Host == "" {
		return nil, 0, "", errors.New("read webhook: want https://portal/rest/USER/CODE/")
	}
	if !wire.Private(u) {
		return nil, 0, "", fmt.Errorf("read webhook: %s to %s: only https is allowed", u.Scheme, u.Host)
	}
	user, err := strconv.ParseUint(parts[at+1], 10, 63)
	if err != nil || user == 0 {
		return nil, 0, "", errors.New("read webhook: no user number in it")
	}
	base = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.Join(parts[:at], "/")}
	return base, int64(user), parts[at+2], nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Owner returns the user id in the webhook's address. The webhook may act as another user.
func (c *Client) Owner() int64 { return c.owner }

// Host returns the portal's host name, which is no secret.
func (c *Client) Host() string { return c.base.Host }

// Hits returns the number of HTTP requests made so far.
func (c *Client) Hits() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hits
}
