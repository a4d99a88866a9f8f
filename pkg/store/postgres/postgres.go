// Package postgres keeps the state in a schema of a PostgreSQL database.
//
// One session does everything of a run. It takes a lock when the state is opened, reads what is asked for and remembers it,
// since nobody else writes, and sends the changes of a transaction as one batch. The batch is refused where somebody else
// has written since the state was opened, so that a run that has lost the lock without noticing can't write. Nothing
// reconnects: a run whose session breaks ends.
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
	about   engine.About // as it was opened
	trips   atomic.Int64
	backend string // the server's process that took the lock
	fence   uint64 // counts the commits of all runs
	overlay bool
	locked  bool
	absent  bool // there are no tables, and none are made

	mu      sync.Mutex // one transaction at a time
	lost    error      // why the session can't be used any more
	shelves map[string]*shelf
	bytes   int // on the shelves
	counts  map[string]uint64
	ahead   map[place]bool   // keys to be read with the next one
	over    changes          // of an overlay
	large   map[place][]byte // values just read that are not remembered
}

const (
	oldest    = 130000                 // server_version_num
	within    = time.Minute            // an answer of the server
	lookAgain = 200 * time.Millisecond // whether another run has ended
)

// Open connects, takes the lock, and makes the tables where they are missing.
func Open(ctx context.Context, address string, o engine.Options) (*DB, error) {
	c, err := parse(address)
	if err != nil {
		return nil, wrong("state %s: %s", Name(address), err)
	}
	host, _ := os.Hostname()
	c.RuntimeParams["application_name"] = cut(fmt.Sprintf("helpdesk %s %d@%s", o.Command, os.Getpid(), host), 63)
	d := &DB{config: c, about: engine.About{Name: c.name}, overlay: o.Overlay || o.Unlocked, shelves: map[string]*shelf{},
		ahead: map[place]bool{}, over: changes{}}
	if d.conn, err = pgconn.ConnectConfig(ctx, c.Config); err != nil {
		if ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
			err = fmt.Errorf("open state %s: %w", c.name, ctx.Err())
		}
		return nil, c.explain(err)
	}
	if err := d.open(ctx, o); err != nil {
		_ = d.Close()
		return nil, err
	}
	return d, nil
}

func cut(s string, n int) string { return s[:min(n, len(s))] }

func (d *DB) open(ctx context.Context, o engine.Options) error {
	made, err := d.begin(o)
	for enough := time.After(o.Wait); errors.Is(err, engine.ErrLocked) && o.Wait > 0; made, err = d.begin(o) {
		select {
		case <-enough:
			return err
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				err = fmt.Errorf("open state %s: %w", d.name, ctx.Err())
			}
			return err
		case <-time.After(lookAgain):
		}
	}
	switch {
	case err != nil:
		return err
	case made:
		return nil
	case o.Made:
		return fmt.Errorf("open state %s: %w", d.name, engine.ErrMissing)
	case d.overlay:
		d.absent = true
		return nil
	}
	return d.create()
}

// begin takes the lock, and asks what must be known of the server and of the last commit. It says whether there are tables.
func (d *DB) begin(o engine.Options) (made bool, err error) {
	lock := "pg_try_advisory_lock(" + strconv.FormatInt(d.lock, 10) + ")"
	if o.Unlocked {
		lock = "true"
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	// Reading goes by the index alone, however little the server knows of the tables' sizes.
	sql := fmt.Sprintf(`set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off;
		set standard_conforming_strings = on; set tcp_keepalives_idle = %.0f; set tcp_keepalives_interval = %.0f;
		set tcp_keepalives_count = %d; set tcp_user_timeout = %d;
		select %s, extract(epoch from clock_timestamp()), (select system_identifier from pg_control_system()) || '/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
			pg_backend_pid(), current_setting('server_version_num')`, keepAlive.Seconds(), keepAliveAgain.Seconds(),
		keepAliveTries, (keepAlive + keepAliveTries*keepAliveAgain).Milliseconds(), lock)
	sent := now()
	rows, err := d.rows(sql + "; select commits, pg_backend_pid(), extract(epoch from at) from " + d.schema + ".fence")
	if tables := !absent(err); !tables {
		rows, err = d.rows(sql)
		rows = append(rows, nil)
	} else if err == nil && len(rows[len(rows)-1]) == 0 {
		err = wrong("state %s: the table fence is empty: restore the database from a backup", d.name)
	}
	if err != nil {
		return false, err
	}
	row, last := rows[len(rows)-2], rows[len(rows)-1]
	took := now().Sub(sent)
	if version, _ := strconv.Atoi(row[4]); version < oldest {
		return false, wrong("state %s: the server is PostgreSQL %d, and 13 or newer is needed: use a newer server", d.name, version/10000)
	}
	if row[0] != "t" {
		return false, d.holder()
	}
	d.locked = !o.Unlocked
	d.about.Skew = seconds(row[1]).Sub(sent.Add(took / 2))
	d.about.Line, d.backend = row[2], row[3]
	return last != nil, d.last(last)
}

// absent says whether an error means that there are no tables yet.
func absent(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && (said.Code == "42P01" || said.Code == "3F000")
}

// last notes what is known of the last commit.
func (d *DB) last(row []string) (err error) {
	if row == nil {
		return nil
	}
	if d.locked && row[1] != d.backend {
		return d.pooled()
	}
	d.about.Written = seconds(row[2])
	d.fence, err = strconv.ParseUint(row[0], 10, 64)
	return err
}

// holder returns who has the lock, as an error.
func (d *DB) holder() error {
	h := engine.Held{Name: d.name}
	sql := fmt.Sprintf(`select a.application_name, extract(epoch from a.backend_start) from pg_locks l join pg_stat_activity a using (pid)
		where l.locktype = 'advisory' and l.objsubid = 1 and l.database = (select oid from pg_database where datname = current_database())
			and (l.classid::bigint << 32) | l.objid::bigint = %d`, d.lock)
	row, err := d.ask(sql)
	if err != nil {
		return err
	}
	if len(row) == 2 {
		words := strings.Fields(row[0]) // helpdesk COMMAND PID@HOST
		if n := len(words); n > 2 && words[0] == "helpdesk" {
			pid, host, _ := strings.Cut(words[n-1], "@")
			h.Command, h.Host = strings.Join(words[1:n-1], " "), host
			h.PID, _ = strconv.Atoi(pid)
		}
		h.Since = seconds(row[1])
	}
	return h
}

// create makes the tables, and the schema where it is missing.
func (d *DB) create() error {
	sql := `create table SCHEMA.entries (bucket text collate "C" not null, key bytea not null, value bytea not null, primary key (bucket, key));
		create table SCHEMA.counters (bucket text collate "C" primary key, n bigint not null);
		create table SCHEMA.fence (one boolean primary key default true check (one), commits bigint not null, at timestamptz not null default now());
		insert into SCHEMA.fence (commits) values (0); select commits from SCHEMA.fence`
	row, err := d.ask(fmt.Sprintf("select to_regnamespace(%s) is not null", literal(d.schema)))
	if err != nil {
		return err
	}
	if row[0] != "t" {
		sql = "create schema SCHEMA; " + sql
	}
	if _, err := d.ask(strings.ReplaceAll(sql, "SCHEMA", d.schema)); err != nil {
		return err
	}
	d.counts = map[string]uint64{}
	return nil
}

// pooled is the error of a session whose statements go to several processes of the server.
func (d *DB) pooled() error {
	return wrong("state %s: it goes through a pooler in transaction mode, which keeps no lock: name the server itself, or the pooler's "+
		"port in session mode", d.name)
}

// ask sends statements as one string, and returns the first row of the last.
func (d *DB) ask(sql string) ([]string, error) {
	rows, err := d.rows(sql)
	if err != nil {
		return nil, err
	}
	return rows[len(rows)-1], nil
}

// rows sends statements as one string, and returns the first row of each.
func (d *DB) rows(sql string) ([][]string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	d.trips.Add(1)
	results, err := d.conn.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, d.broken(err)
	}
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

// send sends statements as one batch, which is one transaction.
func (d *DB) send(b *pgconn.Batch) ([]*pgconn.Result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	d.trips.Add(1)
	results, err := d.conn.ExecBatch(ctx, b).ReadAll()
	if err != nil {
		return nil, d.broken(err)
	}
	for _, r := range results {
		if r.Err != nil {
			return nil, d.broken(r.Err)
		}
	}
	return results, nil
}

// broken explains an error, and remembers one that the session does not outlive.
func (d *DB) broken(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) && said.Code == divisionByZero {
		d.lost = away("state %s: another run works with it: this one was cut off, and its changes were refused", d.name)
		return d.lost
	}
	explained := d.explain(err)
	if d.conn.IsClosed() {
		d.lost = explained
	}
	return explained
}

// seconds reads a time that the server gives as seconds since 1970.
func seconds(text string) time.Time {
	n, _ := strconv.ParseFloat(text, 64)
	return time.UnixMicro(int64(n * 1e6))
}

// literal quotes a string.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// About implements engine.DB.
func (d *DB) About() engine.About {
	about := d.about
	about.Trips = int(d.trips.Load())
	return about
}

// Close gives the lock back and ends the session: the server would notice its end late, and the next run find it locked.
func (d *DB) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.conn == nil {
		return nil
	}
	var err error
	if d.locked && !d.conn.IsClosed() {
		_, err = d.ask("select pg_advisory_unlock_all()")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = d.conn.Close(ctx) // whoever broke it has been told
	d.conn = nil
	if d.lost != nil {
		return nil
	}
	return err
}
