package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"helpdesk/pkg/store/engine"
)

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
	if err == nil && !o.Unlocked {
		err = d.direct(ctx)
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

// direct rejects a pooler in transaction mode. It looks for one only if the process id from the connection's start
// differs from the one that the process itself reports, as behind any pooler.
func (d *DB) direct(ctx context.Context) error {
	if strconv.FormatUint(uint64(d.conn.PID()), 10) == d.backend {
		return nil
	}
	pooled, err := d.pooler(ctx)
	if pooled {
		return d.pooled()
	}
	return err
}

// begin takes the lock and reads what is needed about the server and the last commit. It returns whether the tables
// exist.
func (d *DB) begin(o engine.Options) (made bool, err error) {
	lock := "pg_try_advisory_lock(" + strconv.FormatInt(d.lock, 10) + ")"
	if o.Unlocked {
		lock = "true"
	}
	version, _ := d.version()
	sql := settings(version) + fmt.Sprintf(`select %s, extract(epoch from clock_timestamp()),
			(select system_identifier from pg_control_system()) || '/' ||
			substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
			pg_backend_pid()`, lock)
	sent := d.clock()
	d.locked = !o.Unlocked // assumed until the server answers
	rows, err := d.rows(sql + "; select commits, extract(epoch from at) from " + d.schema + ".fence")
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
	took := d.clock().Sub(sent)
	if row[0] != "t" {
		d.locked = false
		return false, d.holder()
	}
	d.about.Skew = seconds(row[1]).Sub(sent.Add(took / 2))
	d.about.Line, d.backend = row[2], row[3]
	return last != nil, d.last(last)
}

// settings returns the statements that set what a session needs on a server of this major version, whatever the
// server's defaults are. The server's time limits are lifted: every request has one of its own, and a session is idle
// while the pass waits for the portal.
func settings(version int) string {
	// Always read by the index, even if the server has no statistics about the tables.
	sql := fmt.Sprintf(`set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off;
		set standard_conforming_strings = on; set tcp_keepalives_idle = %.0f; set tcp_keepalives_interval = %.0f;
		set tcp_keepalives_count = %d; set tcp_user_timeout = %d; set statement_timeout = 0;
		`, keepAlive.Seconds(), keepAliveAgain.Seconds(), keepAliveTries, unacknowledged.Milliseconds())
	if version >= 14 {
		sql += "set idle_session_timeout = 0; "
	}
	if version >= 17 {
		sql += "set transaction_timeout = 0; "
	}
	return sql
}

// absent reports whether an error means that the tables do not exist yet.
func absent(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && (said.Code == "42P01" || said.Code == "3F000")
}

// last records the last commit.
func (d *DB) last(row []string) (err error) {
	if row == nil {
		return nil
	}
	d.about.Written = seconds(row[1])
	d.fence, err = strconv.ParseUint(row[0], 10, 64)
	return err
}

// holder returns the run that has the lock, as an error.
func (d *DB) holder() error {
	h := engine.Held{Name: d.name}
	sql := fmt.Sprintf(`select a.application_name, extract(epoch from a.backend_start)
		from pg_locks l join pg_stat_activity a using (pid)
		where l.locktype = 'advisory' and l.objsubid = 1
			and l.database = (select oid from pg_database where datname = current_database())
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

// create creates the tables, and the schema if it is missing.
func (d *DB) create() error {
	sql := `create table SCHEMA.entries (bucket text collate "C" not null, key bytea not null, value bytea not null,
			primary key (bucket, key));
		` + discreet + `;
		create table SCHEMA.counters (bucket text collate "C" primary key, n bigint not null);
		create table SCHEMA.fence (one boolean primary key default true check (one), commits bigint not null,
			at timestamptz not null default now());
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
