package bitrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/wire"
)

// Fetch downloads a file of the given size to w. The address may be relative to the portal.
//
// QUIRK: without these headers the portal's front server may answer 404
// (settings/how-to-call-rest-api/general-principles#headers).
//
// QUIRK: the old card gives addresses without a host (tasks/comment-item/task-comment-item-get-list).
func (c *Client) Fetch(ctx context.Context, addr string, size int64, w io.Writer) error {
	ref, err := url.Parse(addr)
	if err != nil {
		return fault.New(fault.Never, errors.New("the portal's address of it can't be read"))
	}
	target := c.base.ResolveReference(ref)
	if !wire.Private(target) {
		return fault.New(fault.Never, fmt.Errorf("its address is not safe: %s to %s", target.Scheme, target.Host))
	}
	if err := c.take(ctx); err != nil {
		return fault.Away(fault.Refused, err)
	}
	defer func() { <-c.turn }()
	ctx, cancel := context.WithTimeout(ctx, transferTime(c.timeout, size))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return fault.New(fault.Never, c.hide(err))
	}
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "*/*")
	req.Header.Set("Accept-Language", "ru,en;q=0.5")
	req.Header.Set("Referer", c.base.Scheme+"://"+c.base.Host+"/")
	// A file may be on another host, and a GET loses nothing by following a redirect.
	h := *c.http
	h.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if len(via) > 5 || !wire.Private(next.URL) {
			return fault.New(fault.Never, fmt.Errorf("redirected to %s by %s", next.URL.Host, next.URL.Scheme))
		}
		return nil
	}
	resp, err := h.Do(req)
	if err != nil && fault.Of(err) == fault.Never {
		return c.hide(err)
	}
	if err != nil {
		return fault.Away(fault.Refused, c.hide(err))
	}
	defer resp.Body.Close()
	return c.copyFile(resp, w)
}

func (c *Client) copyFile(resp *http.Response, w io.Writer) error {
	switch {
	case resp.StatusCode >= 500:
		return fault.Away(fault.Refused, fmt.Errorf("HTTP %d", resp.StatusCode))
	case resp.StatusCode != http.StatusOK:
		return fault.New(fault.Never, fmt.Errorf("HTTP %d", resp.StatusCode))
	}
	n, err := io.Copy(w, resp.Body)
	if err == nil && resp.ContentLength >= 0 && n != resp.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fault.New(fault.Refused, c.hide(err))
	}
	return nil
}
