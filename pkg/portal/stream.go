package portal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/wire"
)

// post sends one file to the address the portal gave for it.
func (u *uploads) post(ctx context.Context, i int, addr string) error {
	target, err := url.Parse(addr)
	if err != nil || !wire.Private(target) {
		return fault.New(fault.Never, errors.New("the portal gives no safe address for it"))
	}
	body, err := u.open(i)
	if err != nil {
		return unopened(fmt.Errorf("open: %w", err))
	}
	defer body.Close()
	pr, pw := io.Pipe()
	form, written := multipart.NewWriter(pw), make(chan struct{})
	go func() {
		defer close(written)
		pw.CloseWithError(writeForm(form, fileName(u.files[i].Name), body))
	}()
	defer func() { pr.Close(); <-written }() // the body must not be read once it is closed
	ctx, cancel := context.WithTimeout(ctx, uploadTime(u.c.timeout, u.files[i].Size))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, addr, pr)
	if err != nil {
		return fault.New(fault.Never, u.c.hide(err))
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	env, err := u.c.stream(ctx, req)
	if err != nil {
		return err
	}
	var r uploaded
	if err := into(env.Result, &r); err != nil || r.ID == 0 {
		return fault.New(fault.Refused, errors.New("the answer holds no file"))
	}
	u.p.Objects[i] = int64(r.ID)
	return nil
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

// stream makes a request whose body is not one of ours to repeat.
func (c *Client) stream(ctx context.Context, req *http.Request) (*envelope, error) {
	const method = "upload"
	if err := c.take(ctx); err != nil {
		return nil, fault.Away(fault.Refused, err)
	}
	defer func() { <-c.turn }()
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", userAgent)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.lost(method, err, true)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fault.Away(fault.Unsure, c.hide(err))
	}
	// QUIRK: the file stands in result, or is the answer itself (files/how-to-upload-files shows both).
	if r := bytes.TrimSpace(answer); json.Valid(r) && bytes.Contains(r, []byte(`"ID"`)) && !bytes.Contains(r, []byte(`"result"`)) {
		return &envelope{Result: r}, nil
	}
	return c.open(method, resp, answer)
}

// fileName returns a name that Drive takes: without the characters it refuses, at most 200 bytes, its ending kept.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`\/:*?"<>|`, r) {
			return '_'
		}
		return r
	}, clean(name))
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	if name == "" {
		return "file"
	}
	if len(name) <= 200 {
		return name
	}
	end := ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 && len(name)-dot <= 20 {
		end = name[dot:]
	}
	cut := 200 - len(end)
	for cut > 0 && !utf8.RuneStart(name[cut]) {
		cut--
	}
	return name[:cut] + end
}
