package oauth

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	patience = 30 * time.Second // timeout of a request
	longest  = 1 << 20          // bounds a response, in bytes
)

// carrier sends requests with our User-Agent.
//
// QUIRK: golang.org/x/oauth2 v0.37.0 requests device codes without the caller's context and does not close the
// response. So carrier sets the context itself and reads the whole response.
type carrier struct {
	http.RoundTripper
	agent string
	ctx   context.Context
}

// RoundTrip implements http.RoundTripper.
func (c carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	r = r.Clone(ctx)
	r.Header.Set("User-Agent", c.agent)
	answer, err := c.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, longest))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}
