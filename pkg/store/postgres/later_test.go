package postgres

import (
	"errors"
	"testing"

	"helpdesk/pkg/store/engine"
)

func later(d *DB, key, value string) error {
	return d.Later(func(tx engine.Tx) error { return tx.Bucket("b").Put([]byte(key), []byte(value)) })
}

// Changes that nobody waits for are visible at once. Whatever comes next waits for them: another commit, Flush, Close.
func TestLaterIsWritten(t *testing.T) {
	for name, next := range map[string]func(d *DB) error{
		"commit": func(d *DB) error { return put(d, "b", "2") },
		"later":  func(d *DB) error { return errors.Join(later(d, "b", "2"), later(d, "c", "3"), d.Flush()) },
		"flush":  (*DB).Flush,
		"read":   func(d *DB) error { _, err := get(d, "unknown"); return err },
		"still":  (*DB).Still,
		"vacuum": (*DB).Rewrite,
		"close":  (*DB).Close,
	} {
		t.Run(name, func(t *testing.T) {
			address := fresh(t)
			d := open(t, address, engine.Options{})
			if err := later(d, "a", "1"); err != nil {
				t.Fatal(err)
			}
			value(t, d, "1")
			if err := next(d); err != nil {
				t.Error(err)
			}
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			value(t, open(t, address, engine.Options{}), "1")
		})
	}
}

// If changes that nobody waited for are refused, or the server is lost before it answers, the next call says so. Then
// the session can't be used any more, not even to read what it believes.
func TestLaterThatFailsIsToldByWhatComesNext(t *testing.T) {
	for name, next := range map[string]func(d *DB) error{
		"commit": func(d *DB) error { return put(d, "b", "2") },
		"later":  func(d *DB) error { return later(d, "b", "2") },
		"flush":  (*DB).Flush,
		"read":   func(d *DB) error { _, err := get(d, "unknown"); return err },
		"close":  (*DB).Close,
	} {
		for failure, fail := range map[string]func(t *testing.T, d *DB){
			"refused": func(t *testing.T, d *DB) {
				_, err := running(t).SQL("helpdesk", "update "+d.schema+".fence set commits = commits + 1")
				if err != nil {
					t.Fatal(err)
				}
			},
			"cut off": func(t *testing.T, d *DB) { sever(t, d) },
		} {
			t.Run(name+" "+failure, func(t *testing.T) {
				address := fresh(t)
				d := open(t, address, engine.Options{})
				if err := put(d, "a", "before"); err != nil {
					t.Fatal(err)
				}
				fail(t, d)
				said := later(d, "a", "after") // says it at once if the network has noticed
				if err := next(d); !errors.Is(errors.Join(said, err), engine.ErrAway) {
					t.Errorf("%v, then %v", said, err)
				}
				if name != "close" {
					if got, err := get(d, "a"); !errors.Is(err, engine.ErrAway) {
						t.Errorf("%q, %v", got, err)
					}
				}
				_ = d.Close()
				value(t, open(t, address, engine.Options{}), "before")
			})
		}
	}
}
