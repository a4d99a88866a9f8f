// Package pages serves pages to the browser on this machine. It listens on loopback addresses only.
package pages

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/tui"

	"helpdesk/pkg/wire"
)

// Listen listens on the loopback address of --serve.
func Listen(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, exit.Usage(fmt.Errorf("--serve %s: %w", addr, err))
	}
	if !wire.Loopback(host) {
		return nil, exit.Usage(fmt.Errorf("--serve %s: a loopback address is wanted, such as 127.0.0.1:8080", addr))
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	return l, nil
}

// Local answers only requests for a loopback name or address. Otherwise a stranger's web page could resolve a name of
// its own to this machine and read the answer (DNS rebinding).
func Local(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, err := url.Parse("http://" + r.Host); err != nil || u.Host != r.Host ||
			!wire.Loopback(strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))) {
			http.Error(w, "only on this machine, by a loopback name", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// Serve serves pages until the context ends.
func Serve(ctx context.Context, t *tui.Terminal, l net.Listener, h http.Handler) error {
	s := &http.Server{Handler: Local(h), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	t.Printf("\nhttp://%s/ — until interrupted\n", l.Addr())
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
