// Package bitrix speaks REST to a Bitrix24 portal: calls of both versions, batches, limits, what an error means, and
// files.
//
// It knows no task. It never repeats a call that writes unless the portal certainly did not run it: what became of a
// call stands in the fault.Error that every error wraps. It keeps nothing on disk, and never shows the webhook, which
// is a secret.
package bitrix

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"helpdesk/pkg/wire"
)

// Options say which portal to speak to and how. The zero value of all but Webhook works.
type Options struct {
	Webhook   string        // https://portal/rest/17/code/; http only to a loopback address
	CA        []byte        // PEM: certificates trusted besides the system's
	Timeout   time.Duration // of one request; 0 = 60 s, as long as the portal lets one run
	Burst     int           // requests at once before the rate holds; 0 = 50
	PerSecond float64       // requests a second after that; 0 = 2
	Agent     string        // how we name ourselves; "" = helpdesk/devel
	Log       *slog.Logger  // nil = none
	Expiry    wire.Expiry   // is told when the portal's certificate expires; nil = nobody wants to know
	HTTP      *http.Client  // nil = one of our own; redirects are never followed
	Record    string        // folder that takes every request and answer, texts and secrets taken out; "" = none

	Estimates map[string]float64 // seconds a method takes, as long as the portal has told nothing of it
	// whether an error's text names what a person can mend, a field or a right; nil = never
	Named func(text string) bool

	// Load returns what was saved under the name at most that long ago, nil = nothing; 0 = however long ago.
	Load func(name string, age time.Duration) []byte
	Save func(name string, value []byte) // keeps what was found out about the portal; nil = forgets it

	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

// Client speaks to one portal through one webhook, one request at a time. It may be used by several goroutines.
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
	turn    chan struct{} // holds one token: whose turn it is
	sleep   func(context.Context, time.Duration) error

	*meter
	mu   sync.Mutex
	hits int
	body int // bytes one batch may hold; 0 = not asked for yet
}

var webhookPath = regexp.MustCompile(`^(.*)/rest/(\d{1,15})/([^/]+)/?$`)

// New returns a client of the portal of the webhook; it opens no connection. Its errors never show the webhook.
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

// fill sets what the options left open.
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
	// QUIRK: a renamed cloud portal answers 302, and a client that follows turns POST into GET and loses the body
	// (settings/how-to-call-rest-api/change-domen).
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http = &h
}

// record lets every request pass through a recorder.
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

// stray names what ends the webhook and can't be seen, as a file with the line ends of Windows leaves it; "" = nothing.
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
		return nil, 0, "", fmt.Errorf("read webhook: %s stands at its end", bad)
	}
	u, err := url.Parse(webhook)
	if err != nil {
		return nil, 0, "", errors.New("read webhook: not an address") // the cause would show it
	}
	m := webhookPath.FindStringSubmatch(u.Path)
	if m == nil || u.Host == "" {
		return nil, 0, "", errors.New("read webhook: want https://portal/rest/USER/CODE/")
	}
	if !wire.Private(u) {
		return nil, 0, "", fmt.Errorf("read webhook: %s to %s: only https is allowed", u.Scheme, u.Host)
	}
	owner, err = strconv.ParseInt(m[2], 10, 64)
	if err != nil || owner == 0 {
		return nil, 0, "", errors.New("read webhook: no user number in it")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: m[1]}, owner, m[3], nil
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

// Owner returns the number of a user that stands in the webhook's address. It need not be the user it acts as.
func (c *Client) Owner() int64 { return c.owner }

// Host returns the portal's host name, which is no secret.
func (c *Client) Host() string { return c.base.Host }

// Hits returns how many HTTP requests were made so far.
func (c *Client) Hits() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hits
}
