package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"helpdesk/pkg/phrase"
	"helpdesk/pkg/store/engine"
)

// Holder returns the run that has the lock.
func (d *DB) Holder() (engine.Held, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost != nil {
		return engine.Held{}, false
	}
	h, ok := d.holder().(engine.Held)
	return h, ok && !h.Since.IsZero()
}

// needed are the privileges that a run needs on the tables. has_table_privilege asks for one at a time: of several it
// would report any.
const needed = "('entries', 'SELECT'), ('entries', 'INSERT'), ('entries', 'UPDATE'), ('entries', 'DELETE'), " +
	"('counters', 'SELECT'), ('counters', 'INSERT'), ('counters', 'UPDATE'), ('fence', 'SELECT'), ('fence', 'UPDATE')"

// Inspect returns the server's version and the settings that should be changed, for people.
func (d *DB) Inspect(ctx context.Context) ([]engine.Finding, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lost != nil {
		return nil, d.lost
	}
	row, err := d.ask(fmt.Sprintf(
		`select current_setting('server_version'), current_setting('synchronous_commit'), current_setting('fsync'),
		(select count(*) from pg_stat_replication), current_setting('synchronous_standby_names'),
		case when to_regnamespace(%[1]s) is null then has_database_privilege(current_database(), 'CREATE')
			when to_regclass(%[2]s) is null
			then has_schema_privilege(%[3]s, 'CREATE') and has_schema_privilege(%[3]s, 'USAGE')
			else has_schema_privilege(%[3]s, 'USAGE') and (
				select bool_and(coalesce(has_table_privilege(to_regclass(%[4]s || name), privilege), false))
				from (values %[5]s) as needed (name, privilege)) end`,
		literal(d.schema), literal(d.schema+".entries"), literal(unquoted(d.schema)), literal(d.schema+"."), needed))
	if err != nil {
		return nil, err
	}
	all := []engine.Finding{{OK: true, Note: phrase.Of(d.road(), row[0])}}
	if row[5] != "t" {
		all = append(all, engine.Finding{Note: phrase.Of("check.server.tables", d.User, d.schema)})
	}
	for _, f := range []engine.Finding{durable(row[1], row[2], row[3], row[4]), d.private()} {
		if !f.OK {
			all = append(all, f)
		}
	}
	pooled, err := d.pooler(ctx)
	if err != nil {
		return nil, err
	}
	if pooled {
		all = append(all, engine.Finding{Note: phrase.Plain(d.pooled())})
	}
	return all, nil
}

func unquoted(identifier string) string { return identifier[1 : len(identifier)-1] }

// road returns the key of the text for the server, which says whether the connection uses TLS.
func (d *DB) road() string {
	if _, ok := d.conn.Conn().(*tls.Conn); ok {
		return "check.server.tls"
	}
	return "check.server"
}

// private warns if the network can read the state.
func (d *DB) private() engine.Finding {
	_, secure := d.conn.Conn().(*tls.Conn)
	addr, ok := d.conn.Conn().RemoteAddr().(*net.TCPAddr)
	if secure || !ok || addr.IP.IsLoopback() {
		return engine.Finding{OK: true}
	}
	return engine.Finding{Optional: true, Note: phrase.Of("check.server.unencrypted")}
}

// durable warns if the server may lose commits that it has acknowledged.
func durable(commit, fsync, standbys, names string) engine.Finding {
	switch {
	case fsync != "on":
		return engine.Finding{Optional: true, Note: phrase.Of("check.server.fsync")}
	case commit == "off" || commit == "local" && names != "":
		return engine.Finding{Optional: true, Note: phrase.Of("check.server.commit", commit)}
	case standbys != "0" && names == "":
		return engine.Finding{Optional: true, Note: phrase.Of("check.server.standby")}
	}
	return engine.Finding{OK: true}
}

const secondSession = 5 * time.Second // time to get a second session

// unless returns err, or nil if the time has run out.
func unless(short context.Context, err error) error {
	if errors.Is(short.Err(), context.DeadlineExceeded) {
		return nil
	}
	return err
}

// pooler reports whether a pooler distributes the session's statements over several server processes. In that case a
// second session gets the process of the first session, which is idle at that moment. If the second session cannot
// connect in time, each session has a process of its own, and the answer is false.
func (d *DB) pooler(ctx context.Context) (bool, error) {
	short, cancel := context.WithTimeout(ctx, secondSession)
	defer cancel()
	other, err := pgconn.ConnectConfig(short, d.Config)
	if err != nil {
		return false, unless(short, d.explain(err))
	}
	defer other.Close(short)
	results, err := other.Exec(short, "begin; select pg_backend_pid()").ReadAll()
	if err != nil {
		return false, unless(short, d.explain(err))
	}
	row, err := d.ask("select pg_backend_pid()")
	if err != nil {
		return false, err
	}
	theirs := string(results[len(results)-1].Rows[0][0])
	return theirs == d.backend || row[0] != d.backend, nil
}
