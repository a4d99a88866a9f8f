package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
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
	"28000": {
		true,
		"the server's pg_hba.conf must let this user in from this host, and the user must be allowed to log in; name " +
			"a client's certificate with sslcert=FILE and sslkey=FILE",
	},
	"3D000": {true, "make it: CREATE DATABASE … OWNER …, or correct the name in state"},
	"3F000": {true, "make the schema, or let this user make it: GRANT CREATE ON DATABASE … TO …"},
	"42501": {true, rights},
	"42P01": {true, "a table of the state is missing: restore the database from a backup"},
	"42P07": {true, foreign},
	"42703": {true, foreign},
	"42809": {true, foreign},
	"22023": {true, option},
	"42704": {true, option},
	"55P02": {true, option},
	"22P05": {true, schema},
	"42939": {true, schema},
	"25006": {false, "the server is a standby; the next run looks for the one that writes"},
	"53100": {false, "the server's disk is full: make room there"},
	"53300": {false, "the server takes no more connections: raise max_connections there or the limit of the user or " +
		"the database, or end idle ones"},
	"55000": {false, "let the server take connections to it: ALTER DATABASE … ALLOW_CONNECTIONS true"},
	"57P01": {false, "the server is being stopped, or an administrator has ended the session"},
	"57P03": {false, "the server is starting or stopping"},
}

// What to do about errors that have several codes.
const (
	rights = "the user must own its schema and the tables there: GRANT CREATE ON DATABASE … TO …, or make the " +
		"schema and let it belong to the user; what else is denied, GRANT it"
	foreign = "these are not the tables of a state: restore the database from a backup, or choose another schema " +
		"with ?search_path=NAME"
	schema = "choose another name of the schema, with ?search_path=NAME"
	option = "correct the options after ? in state, or the settings of this user at the server"
)

// explain turns an error of the connection or the server into one line with advice. The error's kind says whether the
// next run may succeed.
func (c config) explain(err error) error {
	var known trouble
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	tries := c.attempts(err)
	var said *pgconn.PgError
	switch {
	case all(tries, func(err error) bool { return errors.Is(err, errStandby) }):
		return away("state %s: every server of it only reads: is a fail-over under way, or is none of them the "+
			"primary? Or is default_transaction_read_only on for this user?", c.name)
	case certificate(err):
		return wrong("state %s: %s: %s", c.name, lines(tries), verified(err))
	case alerted(err):
		return wrong("state %s: %s: the server does not accept this side of TLS: check sslcert, sslkey and the "+
			"versions of TLS", c.name, lines(tries))
	case errors.As(err, &said):
		return c.answered(said)
	case all(tries, refusedTLS):
		return wrong("state %s: the server has no TLS: turn ssl on there, or say sslmode=disable on a network that "+
			"is yours", c.name)
	}
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return away("state %s: %s: is the server running, and does the network let this host through?", c.name,
			lines(tries))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return away("state %s: the server has not answered in time: does somebody lock a table there, or is the "+
			"server overloaded? The next run goes on", c.name)
	}
	return away("state %s: the connection broke (%s): the next run goes on", c.name, lines(tries))
}

// attempts returns the errors of a connection's attempts, which are made for each host, with TLS and without it. It
// returns the error alone if it is no such error. Where TLS is optional, its refusal is not an error.
func (c config) attempts(err error) []error {
	var connecting *pgconn.ConnectError
	if !errors.As(err, &connecting) {
		return []error{err}
	}
	tries := []error{connecting.Unwrap()}
	for inner := connecting.Unwrap(); inner != nil; inner = errors.Unwrap(inner) {
		if each, ok := inner.(interface{ Unwrap() []error }); ok {
			tries = slices.Clone(each.Unwrap())
		}
	}
	plain := func(f *pgconn.FallbackConfig) bool { return f.TLSConfig == nil }
	if c.TLSConfig == nil || slices.ContainsFunc(c.Fallbacks, plain) {
		tries = slices.DeleteFunc(tries, refusedTLS)
	}
	return tries
}

func all(errs []error, is func(error) bool) bool {
	return !slices.ContainsFunc(errs, func(err error) bool { return !is(err) })
}

// refusedTLS reports whether a server has no TLS. QUIRK: pgconn has no type for it.
func refusedTLS(err error) bool { return strings.Contains(err.Error(), "refused TLS connection") }

// lines returns the texts of errors in one line, each of them once.
func lines(errs []error) string {
	var texts []string
	for _, err := range errs {
		if text := strings.Join(strings.Fields(err.Error()), " "); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, "; ")
}

// ofPooler contains the codes that PostgreSQL has for what poolers say with the code of a protocol violation: PgBouncer
// before version 1.20 has no other.
var ofPooler = []struct{ says, code string }{
	{"authentication failed", "28P01"},
	{"no such user", "28P01"},
	{"no such database", "3D000"},
	{"does not exist", "3D000"},
	{"unsupported startup parameter", "42704"},
	{"client_login_timeout", "57P03"},
	{"query_wait_timeout", "53300"},
	{"no more connections allowed", "53300"},
}

// codeOf returns the code of a server's error, or the code that it would have without a pooler.
func codeOf(e *pgconn.PgError) string {
	if e.Code == "08P01" {
		for _, known := range ofPooler {
			if strings.Contains(e.Message, known.says) {
				return known.code
			}
		}
	}
	return e.Code
}

// answered explains an error that the server returned.
func (c config) answered(e *pgconn.PgError) error {
	if e.Code == "08P01" && strings.Contains(e.Message, "statement pooling mode") {
		return c.pooled()
	}
	text, code := fmt.Sprintf("state %s: %s (%s)", c.name, e.Message, e.Code), codeOf(e)
	a, ok := advice[code]
	if ok {
		text += ": " + a.text
	}
	switch class := code[:min(2, len(code))]; {
	case ok && a.person:
		return trouble{engine.ErrSetup, text, e}
	case ok, class == "08", class == "53", class == "57", class == "58", class == "40", class == "55":
		if !ok {
			text += ": the next run goes on"
		}
		return trouble{engine.ErrAway, text, e}
	}
	return fmt.Errorf("state %s: %w", c.name, e)
}

// alerted reports whether the server has ended a handshake. QUIRK: crypto/tls has no type for a received alert.
func alerted(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// verified returns what to do about a server's certificate that is not accepted.
func verified(err error) string {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return "renew the server's certificate, or set this machine's clock"
	}
	return "name the authority with sslrootcert=FILE, or the host by the name in its certificate"
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
