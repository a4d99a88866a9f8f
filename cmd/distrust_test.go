package cmd

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// issued makes a certificate for a server, signed by an authority, which it returns as PEM.
func issued(t *testing.T, change func(*x509.Certificate)) (tls.Certificate, []byte) {
	t.Helper()
	keys := [2]*ecdsa.PrivateKey{}
	for i := range keys {
		var err error
		if keys[i], err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Firm Root"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: now.AddDate(-5, 0, 0), NotAfter: now.AddDate(5, 0, 0)}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(100 * 24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	change(leaf)
	root, err := x509.CreateCertificate(rand.Reader, ca, ca, &keys[0].PublicKey, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &keys[1].PublicKey, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: keys[1]},
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root})
}

// clears are what a server says before it encrypts: a greeting, and what answers each line of the client.
var clears = map[string]struct {
	greeting string
	answer   func(line string) string
}{
	"imap": {"* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n", func(line string) string {
		tag, _, _ := strings.Cut(line, " ")
		return tag + " OK go\r\n"
	}},
	"smtp": {"220 mx.example ESMTP\r\n", func(line string) string {
		if strings.HasPrefix(strings.ToUpper(line), "EHLO") {
			return "250-mx.example\r\n250 STARTTLS\r\n"
		}
		return "220 go\r\n"
	}},
}

// encrypting starts a server that does nothing but TLS handshakes; speaks = the protocol in which STARTTLS comes before
// it, "" = none.
func encrypting(t *testing.T, config *tls.Config, speaks string) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	serve := func(c net.Conn) {
		defer c.Close()
		if clear, ok := clears[speaks]; ok {
			in := bufio.NewReader(c)
			_, _ = io.WriteString(c, clear.greeting)
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				_, _ = io.WriteString(c, clear.answer(line))
				if strings.Contains(strings.ToUpper(line), "STARTTLS") {
					break
				}
			}
		}
		_ = tls.Server(c, config).Handshake()
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

const encrypted = `state: helpdesk.db
bitrix24: {webhook: "https://127.0.0.1:%d/rest/17/%s/", ca: %[3]q, task: {responsible: 7}}
mailboxes:
  - name: implicit
    from: "Support <support@helpdesk.example>"
    imap: {host: 127.0.0.1, port: %[4]d, tls: implicit, ca: %[3]q, user: support, password: x}
    smtp: {host: 127.0.0.1, port: %[5]d, tls: implicit, ca: %[3]q, user: support, password: x}
  - name: starttls
    from: "Office <office@helpdesk.example>"
    imap: {host: 127.0.0.1, port: %[6]d, tls: starttls, ca: %[3]q, user: office, password: x}
    smtp: {host: 127.0.0.1, port: %[7]d, tls: starttls, ca: %[3]q, user: office, password: x}
`

// What is wrong with a certificate is told with the same advice wherever it is: mailboxes, relays, with TLS from the
// first byte on or STARTTLS, and the portal.
func TestWhatIsWrongWithCertificates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  func(*x509.Certificate)
		newest  uint16 // version of TLS; 0 = the usual ones
		private bool   // its authority is not in the settings
		says    string
		keys    [3]string // that the advice names for IMAP, SMTP and the portal
	}{
		"expired yesterday": {change: func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().AddDate(0, -3, 0), time.Now().AddDate(0, 0, -1)
		}, says: "the server's administrator must renew it"},
		"from tomorrow on": {change: func(c *x509.Certificate) {
			c.NotBefore = time.Now().AddDate(0, 0, 1)
		}, says: "set the clock (NTP)"},
		"common name only": {change: func(c *x509.Certificate) { c.IPAddresses = nil }, says: "subjectAltName"},
		"another host": {change: func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = nil, []string{"mail.firm.example"}
		}, says: "the certificate is for mail.firm.example: correct",
			keys: [3]string{"imap.host", "smtp.host", "bitrix24.webhook"}},
		"a private authority": {change: func(*x509.Certificate) {}, private: true, says: `issuer, "Firm Root", into`,
			keys: [3]string{"imap.ca", "smtp.ca", "bitrix24.ca"}},
		"for clients": {change: func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}, says: "request a new one for a server"},
		"TLS 1.0 and 1.1": {change: func(*x509.Certificate) {},
			newest: tls.VersionTLS11, says: "no TLS 1.2 or newer"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrive(t, sandbox.PortalOptions{}, "")
			cert, root := issued(t, c.change)
			config := &tls.Config{
				Certificates: []tls.Certificate{cert},
				MinVersion:   tls.VersionTLS10,
				MaxVersion:   c.newest,
			}
			ca := filepath.Join(d.dir, "ca.pem")
			if err := os.WriteFile(ca, root, 0o600); err != nil {
				t.Fatal(err)
			}
			if c.private {
				ca = ""
			}
			ports := make([]int, 5)
			for i, speaks := range []string{"", "", "", "imap", "smtp"} {
				ports[i] = encrypting(t, config, speaks)
			}
			text := fmt.Sprintf(encrypted, ports[0], portalSecret, ca, ports[1], ports[2], ports[3], ports[4])
			if err := os.WriteFile(filepath.Join(d.dir, "helpdesk.yaml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			out := d.must(exit.Wrong, "check")
			if n := strings.Count(out, c.says); n != 5 {
				t.Errorf("told %d times, want 5:\n%s", n, out)
			}
			for i, key := range c.keys {
				if want := []int{2, 2, 1}[i]; key != "" && strings.Count(out, key) != want {
					t.Errorf("%s is named %d times, want %d:\n%s", key, strings.Count(out, key), want, out)
				}
			}
			if status, _, errs := d.run("poll"); status != exit.Wrong || !strings.Contains(errs, c.says) {
				t.Errorf("poll: %d %s", status, errs)
			}
		})
	}
}
