package bitrix

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/fault"
)

// Call runs one method and decodes its result into result, unless that is nil.
func (c *Client) Call(ctx context.Context, method string, params Params, result any) error {
	return c.call(ctx, c.root, method, params, result)
}

// CallV3 is Call by REST v3, which uses the same webhook with another address.
func (c *Client) CallV3(ctx context.Context, method string, params Params, result any) error {
	return c.call(ctx, c.rootV3, method, params, result)
}

// CallKeyed is CallV3 with an Idempotency-Key: the portal runs the call only once within a day, even if it is repeated.
// It also reports whether the portal supports such keys.
//
// QUIRK: only REST v3 uses the key, and a portal that does not support it simply does not echo it
// (rest-v3#idempotency).
func (c *Client) CallKeyed(ctx context.Context, method string, params Params,
	key string) (json.RawMessage, bool, error) {
	body, err := params.MarshalJSON()
	if err != nil {
		return nil, false, fault.New(fault.Never, fmt.Errorf("encode %s: %w", method, err))
	}
	env, err := c.sendKeyed(ctx, sending{root: c.rootV3, method: method, body: onlyText(body), key: key})
	if err != nil {
		return nil, false, err
	}
	return env.Result, env.echoed, nil
}

// sendKeyed repeats a request that certainly was not sent: a kept connection may turn out to be closed.
func (c *Client) sendKeyed(ctx context.Context, r sending) (*envelope, error) {
	env, err := c.send(ctx, r, false)
	var refusal *Error
	if err != nil && !errors.As(err, &refusal) && fault.Of(err) == fault.Refused && ctx.Err() == nil {
		env, err = c.send(ctx, r, false)
	}
	return env, err
}

func (c *Client) call(ctx context.Context, root, method string, params Params, result any) error {
	body, err := params.MarshalJSON()
	if err != nil {
		return fault.New(fault.Never, fmt.Errorf("encode %s: %w", method, err))
	}
	env, err := c.send(ctx, sending{root: root, method: method, body: onlyText(body)}, reads(method))
	if err != nil || result == nil {
		return err
	}
	if err := json.Unmarshal(env.Result, result); err != nil {
		return fault.New(fault.Unsure, fmt.Errorf("read answer of %s: %w", method, err))
	}
	return nil
}

// reads reports whether the method changes nothing and may be repeated at any time.
func reads(method string) bool {
	switch method {
	case "profile", "scope", "server.time", "method.get", "user.current":
		return true
	}
	for _, end := range []string{".get", ".list", ".getlist", ".search"} {
		if strings.HasSuffix(method, end) {
			return true
		}
	}
	return false
}

// send makes the request and repeats it where that is safe: any request after QUERY_LIMIT_EXCEEDED, and one that only
// reads after a server error.
func (c *Client) send(ctx context.Context, r sending, read bool) (*envelope, error) {
	for try := 0; ; try++ {
		env, err := c.once(ctx, r)
		if err == nil {
			return env, nil
		}
		wait := time.Second << try
		var e *Error
		switch {
		case errors.As(err, &e) && e.Coded("QUERY_LIMIT_EXCEEDED") && try < 3:
			c.limited()
		case read && try < 2 && fault.ExtentOf(err) == fault.Server && (e == nil || e.Status >= 500):
		default:
			return nil, err
		}
		wait += rand.N(wait / 4)
		if end, ok := ctx.Deadline(); ok && c.now().Add(wait).After(end) || c.sleep(ctx, wait) != nil {
			return nil, err
		}
		c.log.Debug("portal: again", "method", r.method, "try", try+2, "err", err)
	}
}
