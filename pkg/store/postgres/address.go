package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"helpdesk/pkg/store/engine"
)

// Is reports whether a state's address is that of a PostgreSQL database.
func Is(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// Name returns an address for people, without secrets and options.
func Name(address string) string {
	if c, err := parse(address); err == nil {
		return c.name
	}
	_, rest, _ := strings.Cut(address, ":")
	rest = strings.TrimLeft(rest[strings.LastIndexByte(rest, '@')+1:], "/") // a password may contain any character
	rest, _, _ = strings.Cut(rest, "?")
	return "postgres://" + rest
}

// config is a parsed address.
type config struct {
	*pgconn.Config
	name   string
	schema string // quoted as an identifier
	lock   int64  // the key of the advisory lock
}

const (
	defaultSchema  = "helpdesk"
	connectWithin  = 10 * time.Second                          // to connect to one host
	keepAlive      = 5 * time.Second                           // idle time of a connection before the first probe
	keepAliveAgain = 2 * time.Second                           // time between probes
	keepAliveTries = 3                                         // unanswered probes before the connection is cut
	unacknowledged = keepAlive + keepAliveTries*keepAliveAgain // time before unacknowledged data cuts the connection
)

func parse(address string) (config, error) {
	c := config{}
	u, err := parseURL(address)
	if err != nil {
		return c, err
	}
	query := u.Query()
	schema := query.Get("search_path")
	if schema == "" {
		schema = defaultSchema
	}
	if strings.ContainsAny(schema, ",\"\x00") || len(schema) > 63 {
		return c, fmt.Errorf("search_path %q: it must be the name of one schema", schema)
	}
	query.Del("search_path")
	if query.Get("target_session_attrs") == "" {
		query.Set("target_session_attrs", "read-write")
	}
	u.RawQuery = query.Encode()
	if c.Config, err = pgconn.ParseConfig(u.String()); err != nil {
		var wrong *pgconn.ParseConfigError
		if errors.As(err, &wrong) { // the error contains the password
			err = errors.New(strings.TrimPrefix(reason(wrong), ": "))
		}
		return c, fmt.Errorf("no address of a database: %w", err)
	}
	if c.Database == "" || u.Path == "" || u.Path == "/" {
		return c, errors.New("no address of a database: its name is missing: postgres://USER@HOST/DATABASE")
	}
	c.name = u.Scheme + "://" + c.User + "@" + u.Host + "/" + c.Database
	if schema != defaultSchema {
		c.name += "?search_path=" + schema
	}
	sum := sha256.Sum256([]byte("helpdesk state " + schema))
	c.schema, c.lock = `"`+schema+`"`, int64(binary.BigEndian.Uint64(sum[:8]))
	if c.ConnectTimeout == 0 || c.ConnectTimeout > time.Minute {
		c.ConnectTimeout = connectWithin
	}
	c.DialFunc = (&net.Dialer{Control: giveUp, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: keepAlive, Interval: keepAliveAgain, Count: keepAliveTries}}).DialContext
	c.ValidateConnect, c.OnNotice = writable(c.ValidateConnect), overhear
	return c, nil
}

var errPercent = errors.New("characters of the password other than letters, digits, - . _ ~ are written as %XX")

// parseURL parses an address. Its error does not contain the address. It rejects an address with an @ behind the host,
// except in the value of an option: the password has a character that ends the host, so a part of it would be taken for
// the name of the database.
func parseURL(address string) (*url.URL, error) {
	_, rest, _ := strings.Cut(address, "://")
	end := max(0, strings.IndexAny(rest, "/?#"))
	path, query, _ := strings.Cut(rest[end:], "?")
	option, _, _ := strings.Cut(query, "=")
	if end > 0 && strings.Contains(path+option, "@") {
		return nil, fmt.Errorf("no address of a database: %w", errPercent)
	}
	u, err := url.Parse(address)
	if err == nil {
		return u, nil
	}
	var wrong *url.Error
	if errors.As(err, &wrong) {
		err = wrong.Err
	}
	for _, part := range []string{"userinfo", "port", "escape"} {
		if strings.Contains(err.Error(), part) {
			err = errPercent
		}
	}
	return nil, fmt.Errorf("no address of a database: %w", err)
}

// reason returns the part of the error that does not contain the address.
func reason(err *pgconn.ParseConfigError) string {
	_, text, _ := strings.Cut(err.Error(), "`: ")
	return text
}

var errStandby = errors.New("the server only reads")

// writable turns the error of a read-only server into errStandby.
func writable(check pgconn.ValidateConnectFunc) pgconn.ValidateConnectFunc {
	return func(ctx context.Context, c *pgconn.PgConn) error {
		if check == nil {
			return nil
		}
		err := check(ctx, c)
		if errors.Is(err, pgconn.ErrReadOnlyConnection) || errors.Is(err, pgconn.ErrStandbyConnection) {
			return errStandby
		}
		return err
	}
}

// trouble is an error that says what to do about it.
type trouble struct {
	kind  error
	text  string
	cause error // nil if there is only the text
}

func (t trouble) Error() string   { return t.text }
func (t trouble) Unwrap() []error { return []error{t.kind, t.cause} }

// wrong returns an error that a person must fix.
func wrong(format string, args ...any) error {
	return trouble{engine.ErrSetup, fmt.Sprintf(format, args...), nil}
}

// away returns an error that may go away by itself.
func away(format string, args ...any) error {
	return trouble{engine.ErrAway, fmt.Sprintf(format, args...), nil}
}
