package postgres

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"helpdesk/pkg/store/engine"
)

// old starts a fake server of another version. Real ones are not available: Debian packages only one version, and
// versions before 13 are no longer maintained. The fake sends the version in the session parameters, as real servers
// do, answers only the question whether it is writable, and rejects everything else.
func old(t *testing.T, version string) string {
	t.Helper()
	addr := listen(t, func(c net.Conn) { greet(c, version) })
	return fmt.Sprintf("postgres://helpdesk:%s@%s/helpdesk?sslmode=disable", secret, addr)
}

// listen starts a server that serves each connection by itself, and returns its address.
func listen(t *testing.T, serve func(net.Conn)) net.Addr {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return l.Addr()
}

func greet(c net.Conn, version string) {
	defer c.Close()
	b := pgproto3.NewBackend(c, c)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ParameterStatus{Name: "server_version", Value: version})
	b.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: []byte{0, 0, 0, 1}})
	for {
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if b.Flush() != nil {
			return
		}
		m, err := b.Receive()
		if err != nil {
			return
		}
		q, ok := m.(*pgproto3.Query)
		if !ok {
			return
		}
		if q.String == "show transaction_read_only" {
			b.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{
				Name:        []byte("transaction_read_only"),
				DataTypeOID: oidText,
			}}})
			b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("off")}})
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SHOW")})
			continue
		}
		b.Send(&pgproto3.ErrorResponse{
			Severity: "ERROR",
			Code:     "42704",
			Message:  `unrecognized configuration parameter "tcp_user_timeout"`,
		})
	}
}

func TestOldServers(t *testing.T) {
	for _, version := range []string{"9.4.26", "9.6.24", "10.23", "11.22 (Debian 11.22-1)", "12.17",
		"PostgresPro 12.4.1"} {
		_, err := Open(t.Context(), old(t, version), engine.Options{})
		if !errors.Is(err, engine.ErrSetup) ||
			!strings.Contains(err.Error(), "PostgreSQL "+version+", and 13 or newer is needed: use a newer server") ||
			strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", version, err)
		}
	}
	for _, version := range []string{"13.0", "13devel", "14beta2", "15.14 (Debian 15.14-0+deb12u1)", "17.2", "100.1",
		""} {
		_, err := Open(t.Context(), old(t, version), engine.Options{})
		if err == nil || strings.Contains(err.Error(), "newer is needed") {
			t.Errorf("%s: %v", version, err)
		}
	}
}

// A server without TLS that is cut off at the login is away: that it has no TLS is no cause, since TLS is optional.
func TestAServerWithoutTLSThatIsCutOff(t *testing.T) {
	addr := listen(t, func(c net.Conn) {
		defer c.Close()
		b := pgproto3.NewBackend(c, c)
		if m, err := b.ReceiveStartupMessage(); err == nil {
			if _, asksForTLS := m.(*pgproto3.SSLRequest); asksForTLS {
				_, _ = c.Write([]byte("N"))
			}
		}
	})
	address := fmt.Sprintf("postgres://helpdesk:%s@%s/helpdesk", secret, addr)
	for options, kind := range map[string]error{"": engine.ErrAway, "?sslmode=disable": engine.ErrAway,
		"?sslmode=require": engine.ErrSetup} {
		_, err := Open(t.Context(), address+options, engine.Options{})
		if !errors.Is(err, kind) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", options, err)
		}
	}
}

// The value of an option may contain an @, as a path does. An @ from a password does not begin with an option's name.
func TestAtInAnOption(t *testing.T) {
	for address, good := range map[string]bool{
		"postgres://u:" + secret + "@h/d?passfile=/srv/a@b/pass":                   true,
		"postgres://u:" + secret + "@h/d?sslmode=disable&application_name=a@b":     true,
		"postgres:///d?host=h&user=u@server":                                       true,
		"postgres://u:1@2?" + secret + "@h/d":                                      false,
		"postgres://u:1@2/3?" + secret + "@h/d":                                    false,
		"postgres://u:1@2/3?" + secret + "@h/d?sslmode=disable&passfile=/a@b/pass": false,
		"postgres://u:1@2/3#" + secret + "@h/d?sslmode=disable":                    false,
	} {
		if _, err := parse(address); (err == nil) != good || err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// Several hosts that fail in different ways are all told, each once.
func TestSeveralHostsThatFail(t *testing.T) {
	p := running(t)
	if _, err := p.SQL("postgres", "create database standing owner helpdesk"); err != nil {
		t.Fatal(err)
	}
	finally(t, "drop database standing with (force)")
	if _, err := p.SQL("postgres", "alter database standing set default_transaction_read_only = on"); err != nil {
		t.Fatal(err)
	}
	good := p.Address("helpdesk", secret, "standing")
	_, err := Open(t.Context(), strings.Replace(good, "@", "@127.0.0.1:1,", 1), engine.Options{})
	if !errors.Is(err, engine.ErrAway) || strings.Contains(err.Error(), "every server") ||
		!strings.Contains(err.Error(), "the server only reads") ||
		strings.Count(err.Error(), "connection refused") != 1 {
		t.Error(err)
	}
}
