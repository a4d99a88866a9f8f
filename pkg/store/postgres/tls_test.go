package postgres

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"helpdesk/pkg/store/engine"
)

// certificate127 makes a certificate for 127.0.0.1 that is its own authority, and the file of it.
func certificate127(t *testing.T, ends time.Time) (cert tls.Certificate, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "db"}, IsCA: true,
		NotBefore: ends.Add(-24 * time.Hour), NotAfter: ends, BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// secure starts a server that ends every connection after the TLS handshake, and returns its address.
func secure(t *testing.T, c *tls.Config) string {
	t.Helper()
	addr := listen(t, func(conn net.Conn) {
		defer conn.Close()
		if _, err := pgproto3.NewBackend(conn, conn).ReceiveStartupMessage(); err == nil {
			_, _ = conn.Write([]byte("S"))
			_ = tls.Server(conn, c).Handshake()
		}
	})
	return fmt.Sprintf("postgres://helpdesk:%s@%s/helpdesk?sslmode=verify-full", secret, addr)
}

// What is wrong with a certificate, the server's or our own, must be set by a person, who is told what to do.
func TestCertificates(t *testing.T) {
	good, goodCA := certificate127(t, time.Now().Add(time.Hour))
	old, oldCA := certificate127(t, time.Now().Add(-time.Hour))
	asks := &tls.Config{Certificates: []tls.Certificate{good}, ClientAuth: tls.RequireAnyClientCert}
	for name, c := range map[string]struct {
		address string
		says    string
	}{
		"unknown authority": {
			secure(t, &tls.Config{Certificates: []tls.Certificate{good}}) + "&sslrootcert=" + oldCA,
			"name the authority with sslrootcert=FILE",
		},
		"expired": {
			secure(t, &tls.Config{Certificates: []tls.Certificate{old}}) + "&sslrootcert=" + oldCA,
			"renew the server's certificate",
		},
		"no certificate of ours": {secure(t, asks) + "&sslrootcert=" + goodCA, "check sslcert, sslkey"},
	} {
		_, err := Open(t.Context(), c.address, engine.Options{})
		if !errors.Is(err, engine.ErrSetup) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
