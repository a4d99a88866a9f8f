package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	rewriting = 10 * time.Minute // time limit of writing the table anew
	patience  = time.Minute      // how long deleted rows may be held back by others
	firstWait = 200 * time.Millisecond
)

// discreet makes the server collect no statistics about keys and values, since these would contain some of them.
const discreet = "alter table SCHEMA.entries alter column key set statistics 0, alter column value set statistics 0"

// forgetting also removes what the server has collected, as setting the type of a column does.
const forgetting = discreet + ", alter column key type bytea, alter column value type bytea"

// Rewrite writes the table of the entries anew, so that deleted rows do not remain in its files. It waits for readers
// of the table, such as a dump. The server also copies deleted rows that a transaction of the database may still read,
// even if that transaction reads other tables only. Then Rewrite tries again, and fails after a minute.
func (d *DB) Rewrite() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := errors.Join(d.usable(), d.settle()); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), rewriting)
	defer cancel()
	if err := d.long(ctx, strings.ReplaceAll(forgetting, "SCHEMA", d.schema)); err != nil {
		return err
	}
	enough := time.Now().Add(d.patience)
	for wait := firstWait; ; wait *= 2 {
		left, err := d.vacuum(ctx)
		if err != nil || left == 0 {
			return err
		}
		if time.Now().Add(wait).After(enough) {
			return fmt.Errorf("state %s: a transaction of this database, a prepared one or a standby may still read "+
				"what was deleted, so the table keeps it (deleted rows: %d): when it has ended, run vacuum full "+
				"%s.entries", d.name, left, d.schema)
		}
		time.Sleep(wait)
	}
}

// vacuum writes the table anew, and returns how many deleted rows the server has copied into it.
func (d *DB) vacuum(ctx context.Context) (left int, err error) {
	data := d.conn.CustomData()
	delete(data, saidOfVacuum)
	if err := d.long(ctx, "vacuum (full, verbose) "+d.schema+".entries"); err != nil {
		return 0, err
	}
	said, _ := data[saidOfVacuum].(string)
	// The number of deleted rows comes first, in every language of the server.
	if left, err = strconv.Atoi(firstNumber(said)); err != nil {
		return 0, fmt.Errorf("state %s: the server does not say whether deleted rows are still in the table: %q",
			d.name, said)
	}
	return left, nil
}

// long sends a statement that may wait for readers of the table.
func (d *DB) long(ctx context.Context, sql string) error {
	d.trips.Add(1)
	if _, err := d.conn.Exec(ctx, sql).ReadAll(); err != nil {
		return d.broken(err)
	}
	return nil
}

// saidOfVacuum is the key under which a connection keeps what the server said about the last VACUUM.
const saidOfVacuum = "vacuum"

// overhear keeps what the server says about a VACUUM (copy_table_data in its cluster.c).
func overhear(c *pgconn.PgConn, n *pgconn.Notice) {
	if n.Routine == "copy_table_data" && n.Detail != "" {
		c.CustomData()[saidOfVacuum] = n.Detail
	}
}
