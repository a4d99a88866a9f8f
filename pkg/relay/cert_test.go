package relay

import (
	"crypto/tls"
	"testing"

	"helpdesk/pkg/sandbox/mail"
)

// certificate makes a self-signed certificate for 127.0.0.1.
func certificate(t *testing.T) (cert tls.Certificate, ca []byte) {
	t.Helper()
	cert, ca, err := mail.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	return cert, ca
}
