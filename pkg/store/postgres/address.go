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

// Is reports whether a state's address is one of a PostgreSQL.
func Is(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// Name returns an address without its secrets and options, for people.
func Name(address string) string {
	if c, err := parse(address); err == nil {
		return c.name
	}
	_, rest, _ := strings.Cut(address, ":")
	rest = strings.TrimLeft(rest[strings.LastIndexByte(rest, '@')+1:], "/") // a password may hold anything
	rest, _, _ = strings.Cut(rest, "?")
	return "postgres://" + rest
}

// config is what an address says.
type config struct {
	*pgconn.Config
	name   string
	schema string // quoted as an identifier
	lock   int64  // the key of the lock
}

const (
	defaultSchema  = "helpdesk"
	connectWithin  = 10 * time.Second                          // a host
	keepAlive      = 5 * time.Second                           // of a silent connection, then
	keepAliveAgain = 2 * time.Second                           // so often, and
	keepAliveTries = 3                                         // unanswered that many times it is cut, and
	unacknowledged = keepAlive + keepAliveTries*keepAliveAgain // so long after what was sent into it
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
		if errors.As(err, &wrong) { // it knows the password
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
	c.ValidateConnect = writable(c.ValidateConnect)
	return c, nil
}

// parseURL reads an address; its error does not hold it.
func parseURL(address string) (*url.URL, error) {
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
			err = errors.New("characters of the password other than letters, digits, - . _ ~ are written as %XX")
		}
	}
	return nil, fmt.Errorf("no address of a database: %w", err)
}

// reason returns what is wrong without the address.
func reason(err *pgconn.ParseConfigError) string {
	_, text, _ := strings.Cut(err.Error(), "`: ")
	return text
}

var errStandby = errors.New("the server only reads")

// writable has a server that only reads told from others by its error.
func writable(check pgconn.ValidateConnectFunc) pgconn.ValidateConnectFunc {
	return func(ctx context.Context, c *pgconn.PgConn) error {
		if check == nil {
			return nil
		}
		if err := check(ctx, c); err != nil {
			return errors.Join(errStandby, err)
		}
		return nil
	}
}

// trouble is an error with what to do about it.
type trouble struct {
	kind  error
	text  string
	cause error // nil = none but the text
}

func (t trouble) Error() string   { return t.text }
func (t trouble) Unwrap() []error { return []error{t.kind, t.cause} }

// wrong returns an error that a person must mend.
func wrong(format string, args ...any) error {
	return trouble{engine.ErrSetup, fmt.Sprintf(format, args...), nil}
}

// away returns an error that may be over soon.
func away(format string, args ...any) error {
	return trouble{engine.ErrAway, fmt.Sprintf(format, args...), nil}
}
