package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"helpdesk/pkg/store/engine"
)

// deleted returns a state of which an entry was deleted, after another session took a snapshot that still has it. The
// function ends that session.
func deleted(t *testing.T) (d *DB, end func()) {
	t.Helper()
	address := fresh(t)
	d = open(t, address, engine.Options{})
	if err := put(d, "a", "Anna"); err != nil {
		t.Fatal(err)
	}
	address, _, _ = strings.Cut(address, "?")
	other, err := pgconn.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	end = func() { _ = other.Close(t.Context()) }
	t.Cleanup(end)
	sql := "begin isolation level repeatable read; select count(*) from pg_class"
	if _, err := other.Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatal(err)
	}
	err = d.Update(func(tx engine.Tx) error { return tx.Bucket("b").Delete([]byte("a")) })
	if err != nil {
		t.Fatal(err)
	}
	return d, end
}

// found reports whether the table's file has a text.
func found(t *testing.T, d *DB, text string) bool {
	t.Helper()
	p := running(t)
	_, err := p.SQL("helpdesk", "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.SQL("helpdesk", "select position("+literal(text)+
		"::bytea in pg_read_binary_file(pg_relation_filepath("+literal(d.schema+".entries")+"))) > 0")
	if err != nil {
		t.Fatal(err)
	}
	return got == "t"
}

// The server copies deleted rows that a transaction may still read into the new file. They are gone after it has ended.
func TestRewriteWaitsForWhoStillReads(t *testing.T) {
	d, end := deleted(t)
	time.AfterFunc(time.Second, end)
	if err := d.Rewrite(); err != nil {
		t.Error(err)
	}
	if found(t, d, "Anna") {
		t.Error("a deleted value is in the table's file")
	}
}

// If the transaction does not end, an error says what is left and what to do.
func TestRewriteSaysWhatItLeaves(t *testing.T) {
	d, _ := deleted(t)
	d.patience = time.Second
	err := d.Rewrite()
	if err == nil || !strings.Contains(err.Error(), "(deleted rows: 1)") ||
		!strings.Contains(err.Error(), "vacuum full "+d.schema+".entries") {
		t.Error(err)
	}
	if !found(t, d, "Anna") {
		t.Error("the value is gone: the test holds nothing back")
	}
}

// The server's statistics about the table contain none of its keys and values, and lose those of an older table.
func TestStatisticsKeepNothing(t *testing.T) {
	d := open(t, fresh(t), engine.Options{})
	for _, key := range []string{"a", "b", "c"} {
		if err := put(d, key, "Anna"); err != nil {
			t.Fatal(err)
		}
	}
	p := running(t)
	want := func(when, want string) {
		t.Helper()
		got, err := p.SQL("helpdesk", "select string_agg(attname, ' ' order by attname) from pg_stats where "+
			"tablename = 'entries' and schemaname = "+literal(strings.Trim(d.schema, `"`)))
		if err != nil || got != want {
			t.Errorf("%s: statistics of %s, %v", when, got, err)
		}
	}
	analyze := "; analyze " + d.schema + ".entries"
	sql := func(sql string) {
		t.Helper()
		if _, err := p.SQL("helpdesk", sql+analyze); err != nil {
			t.Fatal(err)
		}
	}
	sql("select 1")
	want("as made", "bucket")
	sql("alter table " + d.schema +
		".entries alter column key set statistics -1, alter column value set statistics -1")
	want("as of an older version", "bucket key value")
	if err := d.Rewrite(); err != nil {
		t.Fatal(err)
	}
	want("written anew", "bucket")
	sql("select 1")
	want("later", "bucket")
}
