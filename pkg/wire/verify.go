package wire

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"runtime"
)

// sound returns an error if ca has no certificate. No ca at all is sound.
func sound(ca []byte, keys string) error {
	if len(ca) > 0 && !x509.NewCertPool().AppendCertsFromPEM(ca) {
		return fmt.Errorf("%s.ca holds no certificate in PEM form", keys)
	}
	return nil
}

// roots returns the system's certificates plus those of ca, or nil for the system's alone.
func roots(ca []byte) *x509.CertPool {
	if len(ca) == 0 {
		return nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AppendCertsFromPEM(ca)
	return pool
}

// clientConfig returns the configuration for connections to a host. It trusts the system's certificates and those of
// ca.
func clientConfig(host string, ca []byte, expiry Expiry) *tls.Config {
	return &tls.Config{
		ServerName:         host,
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // VerifyConnection does it
		VerifyConnection:   verifying(host, ca, expiry),
	}
}

// verifying returns a callback that verifies a server's certificates as crypto/tls does, and then reports them to
// expiry.
//
// QUIRK: crypto/tls parses all certificates that the system trusts, mostly twice: some 300, for each process. That took
// more processor time than the rest of a pass that finds nothing. Therefore only those are parsed first that may have
// issued the server's. If they do not suffice, the decision is that of crypto/tls, with all certificates.
func verifying(host string, ca []byte, expiry Expiry) func(tls.ConnectionState) error {
	return func(s tls.ConnectionState) error {
		chains, err := verify(host, ca, s.PeerCertificates)
		if err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
		}
		if s.VerifiedChains = chains; expiry != nil {
			return expiry.watch(host)(s)
		}
		return nil
	}
}

// verify returns the chains from the server's certificate to one that is trusted.
func verify(host string, ca []byte, shown []*x509.Certificate) ([][]*x509.Certificate, error) {
	if host == "" { // Verify would accept any name
		return nil, x509.HostnameError{Certificate: shown[0]}
	}
	o := x509.VerifyOptions{DNSName: host, Roots: issuers(ca, shown), Intermediates: x509.NewCertPool()}
	for _, c := range shown[1:] {
		o.Intermediates.AddCert(c)
	}
	chains, err := shown[0].Verify(o)
	if err == nil {
		return chains, nil
	}
	o.Roots = roots(ca)
	return shown[0].Verify(o)
}

// issuers returns the certificates of ca, and those of the system's bundle that contain the name of an issuer of the
// shown certificates.
func issuers(ca []byte, shown []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	for rest := bundle(); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return pool
		}
		if block.Type != "CERTIFICATE" || len(block.Headers) != 0 { // crypto/x509 does not trust these either
			continue
		}
		for _, c := range shown {
			if !bytes.Contains(block.Bytes, c.RawIssuer) {
				continue
			}
			if root, err := x509.ParseCertificate(block.Bytes); err == nil {
				pool.AddCert(root)
			}
			break
		}
	}
}

// bundle returns the file with all certificates that this system trusts, which crypto/x509 reads as well; nil if it has
// none.
func bundle() []byte {
	files := []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem"}
	if file := os.Getenv("SSL_CERT_FILE"); file != "" {
		files = []string{file}
	}
	if runtime.GOOS != "linux" { // others keep their certificates elsewhere
		return nil
	}
	for _, file := range files {
		if all, err := os.ReadFile(file); err == nil {
			return all
		}
	}
	return nil
}
