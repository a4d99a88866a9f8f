package bitrix

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/wire"
)

// Upload sends one file as a form to an address from the portal, and returns the portal's response.
func (c *Client) Upload(ctx context.Context, addr, name string, size int64, body io.Reader) (json.RawMessage, error) {
	target, err := url.Parse(addr)
	if err != nil || !wire.Private(target) {
		return nil, fault.New(fault.Never, errors.New("the portal gives no safe address for it"))
	}
	pr, pw := io.Pipe()
	form, written := multipart.NewWriter(pw), make(chan struct{})
	go func() {
		defer close(written)
		pw.CloseWithError(writeForm(form, name, body))
	}()
	defer func() { pr.Close(); <-written }() // the body must not be read after the return
	ctx, cancel := context.WithTimeout(ctx, transferTime(c.timeout, size))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, addr, pr)
	if err != nil {
		return nil, fault.New(fault.Never, c.hide(err))
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	env, err := c.stream(ctx, req)
	if err != nil {
		return nil, err
	}
	return env.Result, nil
}

// transferTime returns the timeout for a file of this size: base plus the time at 64 kB a second.
func transferTime(base time.Duration, size int64) time.Duration {
	return base + time.Duration(size/(64<<10))*time.Second
}

func writeForm(form *multipart.Writer, name string, body io.Reader) error {
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = io.Copy(part, body)
	}
	if err == nil {
		err = form.Close()
	}
	return err
}

// stream makes a request whose body cannot be sent again.
func (c *Client) stream(ctx context.Context, req *http.Request) (*envelope, error) {
	const method = "upload"
	if err := c.take(ctx); err != nil {
		return nil, fault.Away(fault.Refused, err)
	}
	defer func() { <-c.turn }()
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", c.agent)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.lost(method, err, true)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fault.Away(fault.Unsure, c.hide(err))
	}
	// QUIRK: the file is in result, or is the response itself (files/how-to-upload-files shows both).
	if r := bytes.TrimSpace(answer); json.Valid(r) && bytes.Contains(r, []byte(`"ID"`)) &&
		!bytes.Contains(r, []byte(`"result"`)) {
		return &envelope{Result: r}, nil
	}
	return c.open(method, resp, answer)
}
