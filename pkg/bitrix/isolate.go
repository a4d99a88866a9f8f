package bitrix

import (
	"context"
	"errors"
	"net"
	"net/http"

	"helpdesk/pkg/fault"
)

// isolate finds the commands that made a whole request fail. One chat that crashes the server must not prevent reading
// all others, nor one text that a filter refuses prevent writing all others. It tries only if a repetition is safe and
// the portal still answers the first or the last command alone. A command that fails alone gets its own error, and the
// others get their answers. If the cause cannot be found, isolate returns err.
func (c *Client) isolate(ctx context.Context, cmds []Command, part []int, answers []Answer, err error) error {
	switch {
	case !parts(cmds, part, err):
		return err
	case len(part) == 1:
		return c.allBarred(ctx, part, answers, err)
	}
	last := len(part) - 1
	first, end := c.lone(ctx, cmds, part[0], answers), c.lone(ctx, cmds, part[last], answers)
	if first != nil && end != nil {
		return c.allBarred(ctx, part, answers, err)
	}
	if middle := part[1:last]; len(middle) > 0 {
		return c.bisect(ctx, cmds, middle, answers)
	}
	return nil
}

// bisect runs the commands in requests that become smaller around those that fail.
func (c *Client) bisect(ctx context.Context, cmds []Command, part []int, answers []Answer) error {
	if len(part) == 1 {
		err := c.lone(ctx, cmds, part[0], answers)
		if ctx.Err() != nil || !parts(cmds, part, err) {
			return err
		}
		return nil
	}
	err := c.batch(ctx, cmds, part, answers, false)
	if err == nil || !parts(cmds, part, err) {
		return err
	}
	half := len(part) / 2
	if err := c.bisect(ctx, cmds, part[:half], answers); err != nil {
		return err
	}
	return c.bisect(ctx, cmds, part[half:], answers)
}

// lone runs a command by itself. An error concerns this command alone.
func (c *Client) lone(ctx context.Context, cmds []Command, i int, answers []Answer) error {
	err := c.batch(ctx, cmds, []int{i}, answers, false)
	if err != nil && !filtered(err) && reads(cmds[i].Method) {
		answers[i].Err = &fault.Error{Outcome: fault.Refused, After: fault.After(err), Err: fault.Bare(err)}
	}
	return err
}

// parts reports whether commands that failed together may be run separately: they did not run, or a repetition is
// harmless.
func parts(cmds []Command, part []int, err error) bool {
	return filtered(err) || allRead(cmds, part) && answered(err)
}

func filtered(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.filtered()
}

// allBarred is barred for all commands of a request.
func (c *Client) allBarred(ctx context.Context, part []int, answers []Answer, err error) error {
	cause := c.barred(ctx, err)
	if cause != err {
		for _, i := range part {
			answers[i].Err = cause
		}
	}
	return cause
}

// barred distinguishes a filter that refuses a text from one that refuses every request from this machine: the latter
// also refuses a call without a text.
func (c *Client) barred(ctx context.Context, err error) error {
	if filtered(err) && filtered(c.Call(ctx, "profile", nil, nil)) {
		var e *Error
		errors.As(err, &e)
		return fault.Misconfigured(&Error{Method: e.Method, Status: e.Status, Text: e.Text, Page: true,
			Hint: "a filter before the portal refuses all we ask: is this machine's address barred there?"})
	}
	return err
}

func allRead(cmds []Command, part []int) bool {
	for _, i := range part {
		if !reads(cmds[i].Method) {
			return false
		}
	}
	return true
}

// answered reports whether err may be caused by the request and not by the connection: the server answered with a
// failure, or closed the connection during the request.
func answered(err error) bool {
	var e *Error
	var late net.Error
	switch {
	case err == nil || errors.As(err, &late) && late.Timeout() || fault.ExtentOf(err) != fault.Server:
		return false
	case errors.As(err, &e):
		return e.Status >= http.StatusInternalServerError && !e.Coded("QUERY_LIMIT_EXCEEDED", "PORTAL_DELETED")
	}
	return fault.Of(err) == fault.Unsure
}
