package wire

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// Expiry is called when a server's certificates have been verified: with its name, and the time that the first of them
// to end is good for. It may be called by several goroutines.
type Expiry func(host string, from, until time.Time)

// watch returns what tells an Expiry of each connection, nil for none. host "" = the name that the connection is for.
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

// first returns the certificate that expires first, of the way to a root that lasts longest. Roots are the business of
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
