package wire

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// Expiry is called after the certificates of a server have been verified, with the validity of the one that expires
// first. Several goroutines may call it.
type Expiry func(host string, from, until time.Time)

// watch returns a callback that reports each connection to an Expiry, or nil if there is none. An empty host means the
// name requested by the connection.
func (e Expiry) watch(host string) func(tls.ConnectionState) error {
	if e == nil {
		return nil
	}
	return func(s tls.ConnectionState) error {
		name := host
		if name == "" {
			name = s.ServerName
		}
		if c := first(s); c != nil {
			e(name, c.NotBefore, c.NotAfter)
		}
		return nil
	}
}

// first returns the certificate that expires first, in the chain that lasts longest. Roots do not count: they belong to
// this machine.
func first(s tls.ConnectionState) (found *x509.Certificate) {
	for _, chain := range s.VerifiedChains {
		ends := chain[0]
		for _, c := range chain[1:max(1, len(chain)-1)] {
			if c.NotAfter.Before(ends.NotAfter) {
				ends = c
			}
		}
		if found == nil || ends.NotAfter.After(found.NotAfter) {
			found = ends
		}
	}
	return found
}
