// Package servers starts private Dovecot, Postfix and PostgreSQL servers on loopback for tests and measurements, and
// removes their files. It is not part of helpdesk and knows nothing of it.
package servers

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// Lacking is an error: it says what the machine lacks to start a server.
type Lacking string

func (l Lacking) Error() string { return string(l) }

// Test contains the methods of a test that Want uses.
type Test interface {
	Helper()
	Skip(...any)
	Fatal(...any)
}

// Missing reports whether a server did not start because the machine lacks it. If HELPDESK_REQUIRE_SERVERS is 1, it
// returns false.
func Missing(err error) bool {
	var lacking Lacking
	return errors.As(err, &lacking) && os.Getenv("HELPDESK_REQUIRE_SERVERS") != "1"
}

// Want fails the test if a server did not start, and skips it if the server is Missing.
func Want(t Test, err error) {
	t.Helper()
	switch {
	case err == nil:
	case Missing(err):
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

// Find returns the path of a program, or Lacking. from names the package to install.
func Find(name, from string) (string, error) {
	for _, path := range []string{name, "/usr/sbin/" + name} {
		if found, err := exec.LookPath(path); err == nil {
			return found, nil
		}
	}
	return "", Lacking(fmt.Sprintf("no %s on this machine (%s)", name, from))
}

// FreePort returns an unused port of 127.0.0.1, below those that systems give to connections and to listeners on port
// 0. So nobody else takes it before a server listens on it, or while the server is down.
func FreePort() (port int, err error) {
	for range 100 {
		port = lowest + rand.IntN(highest-lowest)
		var l net.Listener
		if l, err = net.Listen("tcp", at(port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}

const lowest, highest = 10_000, 32_768

func at(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// folder creates the folder dir/name. It does not change the owner if uid is negative.
func folder(dir, name string, mode os.FileMode, uid, gid int) error {
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(path, mode); err != nil {
		return err
	}
	if err := os.Chmod(path, mode); err != nil { // regardless of the umask
		return err
	}
	return os.Chown(path, uid, gid)
}

// writeCertificate writes cert.pem and key.pem to dir, for Dovecot and Postfix to read as root.
func writeCertificate(dir string, cert tls.Certificate) error {
	var chain bytes.Buffer
	for _, der := range cert.Certificate {
		if err := pem.Encode(&chain, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			return err
		}
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(filepath.Join(dir, "cert.pem"), chain.Bytes(), 0o600),
		os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{
			Type:  "PRIVATE KEY",
			Bytes: key,
		}), 0o600))
}

// await waits until a server sends its greeting, by TLS if secure is set.
func await(addr string, secure bool, log string) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			continue
		}
		if secure {
			// only to test whether the server answers
			c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
		}
		line, _ := bufio.NewReader(c).ReadString('\n')
		_ = c.Close()
		if line != "" {
			return nil
		}
	}
	said, _ := os.ReadFile(log)
	return fmt.Errorf("no greeting from %s; its log:\n%s", addr, said)
}
