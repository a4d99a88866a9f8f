package wire

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"time"
)

// tcp opens the connections of a Transport.
var tcp = &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}

// tlsWait bounds the time to encrypt a connection of a Transport.
const tlsWait = 10 * time.Second

// Transport returns an HTTP transport that uses the proxies of the environment and trusts the certificates of ca (PEM)
// in addition to the system's. keys is the configuration section of ca. expiry may be nil.
func Transport(ca []byte, keys string, expiry Expiry) (*http.Transport, error) {
	through := &tls.Config{MinVersion: tls.VersionTLS12, VerifyConnection: expiry.watch("")} // a proxy
	if err := sound(ca, keys); err != nil {
		return nil, err
	}
	if os.Getenv("HTTPS_PROXY")+os.Getenv("https_proxy") != "" {
		through.RootCAs = roots(ca)
	}
	return &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: tcp.DialContext,
		DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return secure(ctx, network, addr, ca, expiry)
		},
		TLSClientConfig:     through,
		TLSHandshakeTimeout: tlsWait,
		IdleConnTimeout:     30 * time.Second,
		ForceAttemptHTTP2:   true,
	}, nil
}

// secure opens an encrypted connection for HTTP without a proxy.
func secure(ctx context.Context, network, addr string, ca []byte, expiry Expiry) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	raw, err := tcp.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, tlsWait)
	defer cancel()
	config := clientConfig(host, ca, expiry)
	config.NextProtos = []string{"h2", "http/1.1"}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return conn, nil
}
