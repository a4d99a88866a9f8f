package wire

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"helpdesk/pkg/fault"
)

// Explain adds to a TLS error what to do about it. What a person must mend is fault.Setup.
func (s Server) Explain(err error) error {
	var plain tls.RecordHeaderError
	advice := Advice(err, s.Keys+".host", s.Keys+".ca")
	switch {
	case errors.As(err, &plain):
		advice = fmt.Sprintf("nothing speaks TLS there: check %s.port, or set %s.tls to starttls", s.Keys, s.Keys)
	case advice == "":
		return fault.Because(fault.Silent, fault.Away(fault.Refused, fmt.Errorf("encrypt %s: %w", s.Addr(), err)))
	}
	return fault.Because(fault.Cipher, fault.Misconfigured(fmt.Errorf("encrypt %s: %w; %s", s.Addr(), err, advice)))
}

// Advice returns what a person can do about a TLS error. It returns "" if they can do nothing or the error passes by
// itself. name is the configuration key of the server's name, ca the key of additional certificates.
func Advice(err error, name, ca string) string {
	var cert *tls.CertificateVerificationError
	if errors.As(err, &cert) && len(cert.UnverifiedCertificates) > 0 {
		return distrusted(cert, name, ca)
	}
	var op *net.OpError
	text := err.Error()
	switch {
	// QUIRK: crypto/tls has no error values for these: the first is the server's alert, the second our own error.
	case strings.Contains(text, "tls: protocol version not supported"),
		strings.Contains(text, "unsupported protocol version"):
		return "the server offers no TLS 1.2 or newer, and older versions do not protect a password: update its " +
			"software, or set " + name + " to a newer server of the same mail"
	case errors.As(err, &op) && op.Op == "remote error" && strings.Contains(text, "tls: unrecognized name"):
		return "the server does not know that name: correct " + name
	case errors.As(err, &op) && op.Op == "remote error" && strings.Contains(text, "tls: handshake failure"):
		return "the server and helpdesk have no cipher in common: update the server's TLS settings"
	}
	return ""
}

// distrusted says why a certificate is not trusted and what to do about it.
func distrusted(e *tls.CertificateVerificationError, name, ca string) string {
	leaf := e.UnverifiedCertificates[0]
	var invalid x509.CertificateInvalidError
	var weak x509.InsecureAlgorithmError
	var host x509.HostnameError
	switch {
	case errors.As(e.Err, &invalid) && invalid.Reason == x509.Expired:
		return outOfDate(invalid.Cert, time.Now())
	case errors.As(e.Err, &host) && len(leaf.DNSNames)+len(leaf.IPAddresses) == 0:
		return fmt.Sprintf("the certificate contains the name %s only as its common name, which no longer counts: "+
			"request a new one with the name as a subject alternative name (subjectAltName)",
			orNobody(leaf.Subject.CommonName))
	case errors.As(e.Err, &host):
		return fmt.Sprintf("the certificate is for %s: correct %s", names(leaf), name)
	case errors.As(e.Err, &invalid):
		return fmt.Sprintf("the certificate does not serve for that (%v): request a new one for a server", invalid)
	case errors.As(e.Err, &weak), strings.Contains(e.Err.Error(), "insecure algorithm"): // QUIRK: no type
		return "the certificate is signed in a way that can be forged (MD5 or SHA-1): request a new one"
	}
	for _, c := range e.UnverifiedCertificates[1:] { // an authority that the server names
		if now := time.Now(); now.Before(c.NotBefore) || now.After(c.NotAfter) {
			return outOfDate(c, now)
		}
	}
	advice := ""
	if pool, err := x509.SystemCertPool(); err != nil || pool.Equal(x509.NewCertPool()) {
		advice = "this machine knows no root certificates at all: install the package ca-certificates; else "
	}
	return fmt.Sprintf("%sput the certificate of its issuer, %s, into %s (PEM); it is for %s, until %s", advice,
		signer(e.UnverifiedCertificates), ca, names(leaf), leaf.NotAfter.Format(time.DateOnly))
}

// outOfDate says whether a certificate has expired or is not yet valid, and shows this machine's clock, which may be
// wrong.
func outOfDate(c *x509.Certificate, now time.Time) string {
	today := now.Format("2006-01-02 15:04")
	if now.Before(c.NotBefore) {
		return fmt.Sprintf("the certificate is valid from %s on, and this machine's clock says %s: set the clock (NTP)",
			c.NotBefore.Local().Format("2006-01-02 15:04"), today)
	}
	return fmt.Sprintf("the certificate of %s was valid until %s, and this machine's clock says %s: "+
		"the server's administrator must renew it, unless the clock is wrong",
		names(c), c.NotAfter.Local().Format("2006-01-02 15:04"), today)
}

// signer names the missing authority, which issued the last certificate that the server sent.
func signer(chain []*x509.Certificate) string { return title(chain[len(chain)-1].Issuer) }

// names lists the names and addresses in a certificate.
func names(c *x509.Certificate) string {
	all := c.DNSNames
	for _, ip := range c.IPAddresses {
		all = append(all, ip.String())
	}
	if len(all) == 0 {
		all = append(all, orNobody(c.Subject.CommonName))
	}
	if len(all) > 10 {
		all = append(all[:10:10], "…")
	}
	return strings.Join(all, ", ")
}

func orNobody(name string) string {
	if name == "" {
		return "nobody"
	}
	return name
}

func title(n pkix.Name) string {
	if n.CommonName != "" {
		return fmt.Sprintf("%q", n.CommonName)
	}
	return fmt.Sprintf("%q", n.String())
}
