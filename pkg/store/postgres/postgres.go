// Package postgres is the storage engine for a state in a schema of a PostgreSQL database. It does not know what the
// entries mean, and it never reconnects: a run whose session breaks ends.
//
// A run uses one session. The session takes a lock when the state is opened. It caches what it reads, since nobody else
// writes, and sends the changes of a transaction as one batch. The server rejects the batch if another run has written
// since the state was opened, so a run that has lost the lock without noticing cannot write.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"helpdesk/pkg/store/engine"
)

// DB is an open database.
type DB struct {
	config
	conn    *pgconn.PgConn
	way     string       // name under which the connection is kept
	kept    *engine.Kept // where the connection is kept; nil = Close ends it
	about   engine.About // as of opening
	trips   atomic.Int64
	backend string // process id of the server process that took the lock
	fence   uint64 // number of commits by all runs
	overlay bool
	locked  bool
	clock   func() time.Time
	// how long Rewrite waits for transactions that may still read deleted rows
	patience time.Duration

	writing sync.Mutex // allows one Update at a time
	mu      sync.Mutex // for all below, and for the connection
	lost    error      // why the session cannot be used any more, nil if it can
	heard   time.Time  // sending time of the last request that was answered
	cache
	counts map[string]uint64
	ahead  map[place]bool   // keys to be read with the next request
	small  map[string]bool  // buckets to be read with it
	over   changes          // changes in the overlay
	unread answer           // to the last commit; nil = it was read
	packs  bool             // the server was told how to compress
	large  map[place][]byte // values just read that are too large for the shelves
}

const (
	oldest    = 13                     // oldest supported major version
	within    = time.Minute            // time limit of a request
	lookAgain = 200 * time.Millisecond // pause between attempts to take the lock
	recent    = 2 * time.Second        // how long an answer proves that this run has the lock
)

// Open connects, takes the lock, and creates the tables if they are missing. It first tries the connection that this
// run has kept, and connects anew if that fails.
func Open(ctx context.Context, address string, o engine.Options) (*DB, error) {
	c, err := parse(address)
	if err != nil {
		return nil, wrong("state %s: %s", Name(address), err)
	}
	host, _ := os.Hostname()
	c.RuntimeParams["client_encoding"] = "UTF8" // else errors have the encoding of the database
	c.RuntimeParams["application_name"] = cut(fmt.Sprintf("helpdesk %s %d@%s", o.Command, os.Getpid(), host), 63)
	way := address + "\n" + c.RuntimeParams["application_name"]
	if s, ok := o.Kept.Take(way).(session); ok {
		d, err := c.opened(ctx, s.PgConn, way, o)
		if err == nil || errors.Is(err, engine.ErrLocked) || errors.Is(err, context.Canceled) {
			return d, err
		}
	}
	conn, err := pgconn.ConnectConfig(ctx, c.Config)
	if err != nil {
		if ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
			err = fmt.Errorf("open state %s: %w", c.name, ctx.Err())
		}
		return nil, c.explain(err)
	}
	return c.opened(ctx, conn, way, o)
}

// opened takes the lock over a connection, and closes the connection on failure.
func (c config) opened(ctx context.Context, conn *pgconn.PgConn, way string, o engine.Options) (*DB, error) {
	d := &DB{config: c, conn: conn, way: way, about: engine.About{Name: c.name}, overlay: o.Overlay || o.Unlocked,
		patience: patience,
		cache:    cache{shelves: map[string]*shelf{}},
		ahead:    map[place]bool{}, small: map[string]bool{}, over: changes{}, clock: o.Now}
	if d.clock == nil {
		d.clock = time.Now
	}
	err := d.known()
	if err == nil {
		err = d.open(ctx, o)
	}
	if err != nil {
		_ = d.Close()
		return nil, err
	}
	d.kept = o.Kept
	return d, nil
}

// known rejects a server that is too old.
func (d *DB) known() error {
	if n, said := d.version(); n > 0 && n < oldest {
		return wrong("state %s: the server is PostgreSQL %s, and %d or newer is needed: use a newer server", d.name,
			said, oldest)
	}
	return nil
}

// version returns the major version of the server, 0 if it is unknown, and what the server says about it. Some vendors
// put a name before the number.
func (d *DB) version() (major int, said string) {
	said = d.conn.ParameterStatus("server_version")
	major, _ = strconv.Atoi(firstNumber(said))
	return major, said
}

// firstNumber returns the first digits of a text.
func firstNumber(s string) string {
	const digits = "0123456789"
	s = s[max(0, strings.IndexAny(s, digits)):]
	return s[:len(s)-len(strings.TrimLeft(s, digits))]
}

func cut(s string, n int) string { return s[:min(n, len(s))] }

// pooled returns the error for a session whose statements go to several server processes.
func (c config) pooled() error {
	return wrong("state %s: it goes through a pooler in transaction mode (or statement mode), which keeps no lock: "+
		"name the server itself, or the pooler's port in session mode", c.name)
}

// ask sends statements as one string and returns the first row of the last one.
func (d *DB) ask(sql string) ([]string, error) {
	rows, err := d.rows(sql)
	if err != nil {
		return nil, err
	}
	return rows[len(rows)-1], nil
}

// rows sends statements as one string and returns the first row of each.
func (d *DB) rows(sql string) ([][]string, error) {
	if err := d.settle(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	d.trips.Add(1)
	sent := d.clock()
	results, err := d.conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, d.broken(err)
	}
	d.heard = sent
	rows := make([][]string, len(results))
	for i, r := range results {
		for _, v := range first(r.Rows) {
			rows[i] = append(rows[i], string(v))
		}
	}
	return rows, nil
}

func first(rows [][][]byte) [][]byte {
	if len(rows) == 0 {
		return nil
	}
	return rows[0]
}

// answer waits for the results of a batch and returns them.
type answer func() ([]*pgconn.Result, error)

// send sends statements as one batch, in one transaction. The answer must be read before the next request.
func (d *DB) send(b *pgconn.Batch) (answer, error) {
	if err := d.settle(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	d.trips.Add(1)
	sent := d.clock()
	reader := d.conn.ExecBatch(ctx, b)
	return func() ([]*pgconn.Result, error) {
		defer cancel()
		results, err := reader.ReadAll()
		if err != nil {
			return nil, d.broken(err)
		}
		for _, r := range results {
			if r.Err != nil {
				return nil, d.broken(r.Err)
			}
		}
		d.heard = sent
		return results, nil
	}, nil
}

// query sends statements as one batch, in one transaction, and returns their results.
func (d *DB) query(b *pgconn.Batch) ([]*pgconn.Result, error) {
	answer, err := d.send(b)
	if err != nil {
		return nil, err
	}
	return answer()
}

// Still implements engine.DB. It asks the server, unless the last answer is recent by both the wall clock and the
// monotonic clock: one of them may stop while the machine is suspended.
func (d *DB) Still() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.usable(); err != nil || d.overlay {
		return err
	}
	now := d.clock()
	if wall := now.Round(0).Sub(d.heard.Round(0)); wall >= 0 && max(wall, now.Sub(d.heard)) < recent {
		return nil
	}
	row, err := d.ask("select commits from " + d.schema + ".fence")
	if err == nil && (len(row) == 0 || row[0] != strconv.FormatUint(d.fence, 10)) {
		err = d.refused()
	}
	return err
}

// refused records that another run has written.
func (d *DB) refused() error {
	d.lost = away("state %s: another run works with it: this one was cut off, and its changes were refused", d.name)
	return d.lost
}

// broken explains an error, and remembers it if the session has ended with it.
func (d *DB) broken(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) && said.Code == divisionByZero {
		return d.refused()
	}
	explained := d.explain(err)
	if d.conn.IsClosed() {
		d.lost = explained
	}
	return explained
}

// seconds parses a time given as seconds since 1970.
func seconds(text string) time.Time {
	n, _ := strconv.ParseFloat(text, 64)
	return time.UnixMicro(int64(n * 1e6))
}

// literal quotes a string for SQL.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// About implements engine.DB.
func (d *DB) About() engine.About {
	about := d.about
	about.Trips = int(d.trips.Load())
	return about
}

// Close releases the lock. It keeps the connection for the next opening, or closes it. The lock is released explicitly,
// because the server may notice a closed connection only later, and the next run would find the state locked.
func (d *DB) Close() error {
	d.writing.Lock()
	defer d.writing.Unlock()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn == nil {
		return nil
	}
	failed := d.settle()
	err := failed
	if err == nil && d.locked && !d.conn.IsClosed() {
		_, err = d.ask("select pg_advisory_unlock_all()")
	}
	if err == nil && d.lost == nil && !d.conn.IsClosed() {
		d.kept.Leave(d.way, session{d.conn})
	} else {
		_ = session{d.conn}.Close() // the error that broke it has been reported
	}
	d.conn = nil
	if d.lost != nil {
		return failed // an earlier error was returned when it happened
	}
	return err
}

// session is a connection without the lock.
type session struct{ *pgconn.PgConn }

// Close closes the connection.
func (s session) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return s.PgConn.Close(ctx)
}
