package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"helpdesk/pkg/store/engine"
)

// advice contains what to do about a server error, by its code (PostgreSQL manual, appendix A), and whether a person
// must do it.
var advice = map[string]struct {
	person bool
	text   string
}{
	"28P01": {true, "check the user and the password of state, or the file of PGPASSFILE"},
	"28000": {true, "let this user in from this host, in the server's pg_hba.conf"},
	"3D000": {true, "make it: CREATE DATABASE … OWNER …, or correct the name in state"},
	"3F000": {true, "make the schema, or let this user make it: GRANT CREATE ON DATABASE … TO …"},
	"42501": {
		true,
		"let this user make its tables: GRANT CREATE ON DATABASE … TO …, or make the schema and let it belong to the " +
			"user",
	},
	"42P01": {true, "a table of the state is missing: restore the database from a backup"},
	"25006": {false, "the server is a standby; the next run looks for the one that writes"},
	"53100": {false, "the server's disk is full: make room there"},
	"53300": {false, "the server takes no more connections: raise max_connections there, or end idle ones"},
	"57P01": {false, "the server is being stopped, or an administrator has ended the session"},
	"57P03": {false, "the server is starting or stopping"},
}

// explain turns an error of the connection or the server into one line with advice. The error's kind says whether the
// next run may succeed.
func (c config) explain(err error) error {
	var known trouble
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	text := strings.Join(strings.Fields(strings.ReplaceAll(err.Error(), "\n", " ")), " ")
	var said *pgconn.PgError
	switch {
	case errors.Is(err, errStandby):
		return away("state %s: every server of it only reads: is a fail-over under way, or is none of them the "+
			"primary?", c.name)
	case certificate(err):
		return wrong("state %s: %s: name the authority with sslrootcert=FILE, or the host by the name in its "+
			"certificate", c.name, text)
	case errors.As(err, &said):
		return c.answered(said)
	case strings.Contains(text, "refused TLS connection"):
		return wrong("state %s: the server has no TLS: turn ssl on there, or say sslmode=disable on a network that "+
			"is yours", c.name)
	}
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return away("state %s: %s: is the server running, and does the network let this host through?", c.name, text)
	}
	return away("state %s: the connection broke (%s): the next run goes on", c.name, text)
}

// answered explains an error that the server returned.
func (c config) answered(e *pgconn.PgError) error {
	text := fmt.Sprintf("state %s: %s (%s)", c.name, e.Message, e.Code)
	a, ok := advice[e.Code]
	if ok {
		text += ": " + a.text
	}
	switch class := e.Code[:min(2, len(e.Code))]; {
	case ok && a.person:
		return trouble{engine.ErrSetup, text, e}
	case ok, class == "08", class == "53", class == "57", class == "58", class == "40", class == "55":
		return trouble{engine.ErrAway, text, e}
	}
	return fmt.Errorf("state %s: %w", c.name, e)
}

func certificate(err error) bool {
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		host    x509.HostnameError
		failed  *tls.CertificateVerificationError
	)
	return errors.As(err, &unknown) || errors.As(err, &invalid) || errors.As(err, &host) || errors.As(err, &failed)
}
