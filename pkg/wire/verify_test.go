package wire

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/fault"
)

// TestOnlyIssuersAreParsed counts the certificates of a bundle that are parsed for one server.
func TestOnlyIssuersAreParsed(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has a bundle")
	}
	root := authority(t, "Public Root", nil)
	between := authority(t, "Public Intermediate", root)
	leaf := certify(t, between, x509.Certificate{IPAddresses: loopbacks})
	var all bytes.Buffer
	for i := range 20 {
		all.Write(authority(t, fmt.Sprint("Other Root ", i), nil).pem())
	}
	all.Write(root.pem())
	file := filepath.Join(t.TempDir(), "bundle.pem")
	if err := os.WriteFile(file, all.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", file)
	want := x509.NewCertPool()
	want.AddCert(root.Certificate)
	if got := issuers(nil, []*x509.Certificate{leaf.Certificate, between.Certificate}); !got.Equal(want) {
		t.Error("other certificates than the issuer's are parsed")
	}
	refused := bytes.ReplaceAll(root.pem(), []byte(" CERTIFICATE-"), []byte(" DISTRUSTED CERTIFICATE-"))
	if err := os.WriteFile(file, refused, 0o600); err != nil {
		t.Fatal(err)
	}
	if !issuers(nil, []*x509.Certificate{leaf.Certificate, between.Certificate}).Equal(x509.NewCertPool()) {
		t.Error("what the bundle does not call a certificate is trusted")
	}
	if err := os.WriteFile(file, all.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	own := authority(t, "Private Root", nil)
	want.AddCert(own.Certificate)
	if got := issuers(own.pem(), []*x509.Certificate{leaf.Certificate, between.Certificate}); !got.Equal(want) {
		t.Error("the certificates of imap.ca are missing")
	}
}

// TestWhatTheSystemTrusts connects to servers with a public authority. Go reads the system's certificates once per
// process, so each case starts another process.
func TestWhatTheSystemTrusts(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems read no files")
	}
	for _, name := range []string{"in the bundle", "in the folder", "another key", "another name", "no host"} {
		if again := os.Getenv("WIRE_TEST_CASE"); again != "" && again != name {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if os.Getenv("WIRE_TEST_CASE") == "" {
				again := exec.Command(os.Args[0], "-test.run=^TestWhatTheSystemTrusts$", "-test.v")
				dir := t.TempDir()
				again.Env = append(os.Environ(), "WIRE_TEST_CASE="+name, "SSL_CERT_FILE="+filepath.Join(dir, "bundle"),
					"SSL_CERT_DIR="+filepath.Join(dir, "folder"))
				if out, err := again.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
				return
			}
			trusted(t, name)
		})
	}
}

func trusted(t *testing.T, name string) {
	root := authority(t, "Public Root", nil)
	leaf := certify(t, root, x509.Certificate{IPAddresses: loopbacks})
	file, folder, s := os.Getenv("SSL_CERT_FILE"), os.Getenv("SSL_CERT_DIR"), Server{Host: "127.0.0.1"}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	says := ""
	switch name {
	case "in the folder":
		file = filepath.Join(folder, "root.pem")
	case "another key":
		root, says = authority(t, "Public Root", nil), "unknown authority"
	case "another name":
		s.Host, says = "localhost", "the certificate is for 127.0.0.1"
	case "no host":
		s.Host, says = "", "certificate"
	}
	if err := os.WriteFile(file, root.pem(), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Port = serve(t, &tls.Config{Certificates: []tls.Certificate{{
		Certificate: [][]byte{leaf.Raw},
		PrivateKey:  leaf.key,
	}}})
	s.TLS, s.Keys, s.Silence = "implicit", "imap", 10*time.Second
	var until time.Time
	s.Expiry = func(_ string, _, end time.Time) { until = end }
	conn, _, err := s.Connect(t.Context())
	switch {
	case says != "" && (err == nil || !strings.Contains(err.Error(), says) || fault.ExtentOf(err) != fault.Setup):
		t.Errorf("got %v, want %q", err, says)
	case says == "" && err != nil:
		t.Error(err)
	case says == "":
		if _ = conn.Close(); !until.Equal(leaf.NotAfter) {
			t.Errorf("it ends at %s, want %s", until, leaf.NotAfter)
		}
	}
}
