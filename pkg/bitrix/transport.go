package bitrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/wire"
)

const (
	maxAnswer = 64 << 20 // in bytes
)

// envelope is the outer object of every response.
type envelope struct {
	Result      json.RawMessage `json:"result"`
	Error       json.RawMessage `json:"error"`
	Description Text            `json:"error_description"`
	Time        stamp           `json:"time"`

	echoed bool // the portal supports Idempotency-Key and used ours
}

// sending is a call, encoded.
type sending struct {
	root, method string
	body         payload
	key          string // Idempotency-Key; "" = none
}

// once makes one HTTP request, after waiting for its turn and the rate limit.
func (c *Client) once(ctx context.Context, r sending) (*envelope, error) {
	method := r.method
	if err := c.take(ctx); err != nil {
		return nil, fault.Away(fault.Refused, fmt.Errorf("call %s: %w", method, err))
	}
	defer func() { <-c.turn }()
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var wrote atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { wrote.Store(true) }})
	req, err := c.request(ctx, r)
	if err != nil {
		return nil, fault.New(fault.Never, fmt.Errorf("call %s: %w", method, c.hide(err)))
	}
	began := c.now()
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.lost(method, err, wrote.Load())
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	c.log.Debug("portal: called", "method", method, "status", resp.StatusCode, "sent", r.body.size, "got", len(answer),
		"took", c.now().Sub(began).Round(time.Millisecond))
	switch {
	case err != nil:
		return nil, fault.Away(fault.Unsure, fmt.Errorf("call %s: read answer: %w", method, c.hide(err)))
	case len(answer) > maxAnswer:
		return nil, fault.New(fault.Unsure, fmt.Errorf("call %s: answer is larger than %d bytes", method, maxAnswer))
	}
	env, err := c.open(method, resp, answer)
	if env != nil {
		env.echoed = r.key != "" && resp.Header.Get("Idempotency-Key") == r.key
	}
	return env, err
}

// request returns the HTTP request of a call.
func (c *Client) request(ctx context.Context, r sending) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.root+r.method, nil)
	if err != nil {
		return nil, err
	}
	req.Body, req.ContentLength, req.GetBody = r.body.open(), r.body.size, func() (io.ReadCloser, error) {
		return r.body.open(), nil
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.agent)
	if r.key != "" {
		// QUIRK: Go repeats a request with this header when its connection breaks (net/http.Transport), but the portal
		// may run two requests with one key at once (rest-v3#idempotency). Without GetBody Go cannot repeat it.
		req.Header.Set("Idempotency-Key", r.key)
		req.GetBody = nil
	}
	return req, nil
}

// take waits for its turn and for the rate limit.
func (c *Client) take(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	now := c.now()
	r := c.bucket.ReserveN(now, 1)
	err := ctx.Err()
	if wait := r.DelayFrom(now); err == nil && wait > 0 {
		if end, ok := ctx.Deadline(); ok && now.Add(wait).After(end) {
			err = fmt.Errorf("the rate leaves no time: %w", context.DeadlineExceeded)
		} else {
			err = c.sleep(ctx, wait)
		}
	}
	if err != nil {
		r.CancelAt(now)
		<-c.turn
		return err
	}
	c.mu.Lock()
	c.hits++
	c.mu.Unlock()
	return nil
}

// lost returns the error for a request without a response.
func (c *Client) lost(method string, err error, wrote bool) error {
	err = fmt.Errorf("call %s at %s: %w", method, c.base.Host, c.hide(err))
	var op *net.OpError
	switch advice := wire.Advice(err, "bitrix24.webhook", "bitrix24.ca"); {
	case advice != "":
		return fault.Because(fault.Cipher, fault.Misconfigured(fmt.Errorf("%w; %s", err, advice)))
	case !wrote, errors.As(err, &op) && op.Op == "dial":
		return fault.Because(wire.Unreached(err), fault.Away(fault.Refused, err))
	}
	return fault.Because(fault.Silent, fault.Away(fault.Unsure, err))
}

// open decodes the envelope of a response.
func (c *Client) open(method string, resp *http.Response, answer []byte) (*envelope, error) {
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, c.moved(method, resp)
	}
	var env envelope
	if err := json.Unmarshal(answer, &env); err != nil || env.Result == nil && env.Error == nil {
		e := page(method, resp.StatusCode, c.base.Host, answer)
		if resp.StatusCode < 300 {
			return nil, fault.Away(fault.Unsure, e)
		}
		return nil, c.judge(e)
	}
	c.keepClock(env.Time, resp.Header.Get("Date"))
	c.keepUsed(method, env.Time)
	if e := readError(env.Error, string(env.Description)); e != nil {
		e.Method, e.Status = method, resp.StatusCode
		return nil, c.judge(e)
	}
	if resp.StatusCode >= 300 {
		return nil, c.judge(&Error{Method: method, Status: resp.StatusCode})
	}
	return &env, nil
}

func (c *Client) moved(method string, resp *http.Response) error {
	to := "elsewhere"
	if u, err := resp.Location(); err == nil {
		if to = u.Host; to == c.base.Host {
			return fault.Misconfigured(&Error{Method: method, Status: resp.StatusCode,
				Text: "the portal wants a login",
				Hint: "does the webhook's address end in /rest/USER/CODE/, and is REST open without a login?"})
		}
	}
	return fault.Misconfigured(&Error{Method: method, Status: resp.StatusCode,
		Text: "the portal has moved to " + to, Hint: "write the new host into the webhook"})
}
