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
	patience = 30 * time.Second // for an answer
	longest  = 1 << 20          // of one, in bytes
)

// carrier carries requests, and says who asks.
//
// QUIRK: golang.org/x/oauth2 v0.37.0 asks for device codes without its context, and leaves the answer open. So the
// context is ours, and an answer is read whole.
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
