package bitrix

import (
	"context"
	"errors"
	"net"
	"net/http"

	"helpdesk/pkg/fault"
)

// isolate finds the commands that made a whole request fail: one talk that the server dies over must not keep all others from
// being read. It looks only where every command reads, and the portal still answers: the first or the last one alone.
// What fails alone has its own error, and the others their answers. It returns err where it could not tell.
func (c *Client) isolate(ctx context.Context, cmds []Command, part []int, answers []Answer, err error) error {
	if len(part) < 2 || !allRead(cmds, part) || !answered(err) {
		return err
	}
	last := len(part) - 1
	first, end := c.lone(ctx, cmds, part[0], answers), c.lone(ctx, cmds, part[last], answers)
	if first != nil && end != nil {
		return err
	}
	if middle := part[1:last]; len(middle) > 0 {
		return c.bisect(ctx, cmds, middle, answers)
	}
	return nil
}

// bisect runs the commands in requests that get smaller around those that fail.
func (c *Client) bisect(ctx context.Context, cmds []Command, part []int, answers []Answer) error {
	if len(part) == 1 {
		err := c.lone(ctx, cmds, part[0], answers)
		if ctx.Err() != nil {
			return err
		}
		return nil
	}
	err := c.batch(ctx, cmds, part, answers, false)
	if err == nil || !answered(err) {
		return err
	}
	half := len(part) / 2
	if err := c.bisect(ctx, cmds, part[:half], answers); err != nil {
		return err
	}
	return c.bisect(ctx, cmds, part[half:], answers)
}

// lone runs a command by itself; an error is that command's alone.
func (c *Client) lone(ctx context.Context, cmds []Command, i int, answers []Answer) error {
	err := c.batch(ctx, cmds, []int{i}, answers, false)
	if err != nil {
		answers[i].Err = &fault.Error{Outcome: fault.Refused, After: fault.After(err), Err: fault.Bare(err)}
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

// answered says whether err may come from what the server was asked, not from the way to it: it answered that it failed, or
// hung up over the request.
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
