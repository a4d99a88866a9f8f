package main

import (
	"bytes"
	"io"
	"mime"
	"net/mail"
	"path/filepath"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"helpdesk/internal/servers"
)

var noon = time.Date(2026, 3, 12, 12, 0, 0, 0, time.UTC)

// TestLetters checks that the same seed makes the same mailbox, and that it contains letters of all kinds.
func TestLetters(t *testing.T) {
	one, two, other := newWriter(1, mix{count: 200}, noon), newWriter(1, mix{count: 200}, noon), newWriter(2,
		mix{count: 200}, noon)
	all := ""
	total, differ := 0, false
	for range 200 {
		raw := one.letter()
		if !bytes.Equal(raw, two.letter()) {
			t.Fatal("the same seed makes other letters")
		}
		differ = differ || !bytes.Equal(raw, other.letter())
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%v\n%s", err, raw)
		}
		kind, _, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		if err != nil || m.Header.Get("Message-Id") == "" {
			t.Fatalf("%v\n%s", err, raw)
		}
		all += kind + "\n" + string(raw)
		total += len(raw)
	}
	if !differ {
		t.Error("another seed makes the same letters")
	}
	for _, want := range []string{"In-Reply-To:", "Auto-Submitted: auto-replied", "List-Id:", "no-reply.",
		"charset=koi8-r", "charset=windows-1251",
		"charset=utf-8", "multipart/alternative\n", "multipart/mixed\n", "text/plain\n", "quoted-printable", "base64",
		"8bit"} {
		if !strings.Contains(all, want) {
			t.Errorf("no letter has %s", want)
		}
	}
	if mean := total / 200; mean < 8_000 || mean > 30_000 {
		t.Errorf("a letter has %d bytes on the average", mean)
	}
}

func TestFileSizes(t *testing.T) {
	w := newWriter(1, mix{count: 50, smallest: 1000, largest: 50_000, plain: true}, noon)
	least, most := 1<<30, 0
	for range 50 {
		raw := w.letter()
		if bytes.Contains(raw, []byte("In-Reply-To")) {
			t.Error("a plain letter goes on with another")
		}
		size := len(w.file())
		least, most = min(least, size), max(most, size)
	}
	if least < 1000 || least > 5000 || most > 50_000 || most < 20_000 {
		t.Errorf("files of %d to %d bytes", least, most)
	}
}

func TestRatio(t *testing.T) {
	// The second round is disturbed: both of its sides take ten times as long.
	s := sample{{Wall: 20}, {Wall: 300}, {Wall: 22}}
	to := sample{{Wall: 10}, {Wall: 150}, {Wall: 10}}
	if got := s.ratio(to, wall); got != 2 {
		t.Errorf("ratio %v, want 2", got)
	}
	if got := judged(3, 2); got != "**missed** by 50 %" {
		t.Errorf("3 where 2 are to be reached: %s", got)
	}
	if got := s.ratio(nil, wall); got != 0 || judged(got, 1) != "not measured" {
		t.Errorf("beside nothing: %v, %s", got, judged(got, 1))
	}
}

func TestSpliced(t *testing.T) {
	made := string(spliced(nil, []byte("one")))
	if want := "# Performance\n\n" + beginMark + "\n\none\n\n" + endMark + "\n"; made != want {
		t.Errorf("%q, want %q", made, want)
	}
	made = strings.Replace(made, "# Performance\n", "# Performance\n\nBefore.\n", 1) + "\nAfter.\n"
	want := strings.Replace(made, "one", "two", 1)
	if got := string(spliced([]byte(made), []byte("two\n"))); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestMeasure runs the whole program once with a few letters, so that it keeps working.
func TestMeasure(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds two programs")
	}
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	o := options{only: "idle,backlog,notify", rounds: 1, seed: 1, letters: 10, records: 30, brief: true}
	// Built like the tests themselves, from the same packages in the cache.
	quickly := building{flags: []string{"-ldflags=-s -w"}}
	servers.Want(t, measure(root, quickly, o, io.Discard, &out))
	for _, want := range []string{"### Idle passes", "| calls of the portal by an idle poll | 0 |",
		"the records of 30 letters", "### A backlog of 10 new letters",
		", 0 letters left unmarked", "notify, 100 open tickets"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &out)
		}
	}
}

func TestMultiply(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	db, err := bolt.Open(file, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	put := func(tx *bolt.Tx, bucket, key, value string) {
		b, err := tx.CreateBucketIfNotExists([]byte(bucket))
		if err == nil {
			err = b.Put([]byte(key), []byte(value))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	err = db.Update(func(tx *bolt.Tx) error {
		put(tx, "messages", "00ab", `{"key":"00ab","ticket":1}`)
		put(tx, "seen", "box\x00\x00\x00\x00\x07\x00\x00\x00\x05", `{"key":"00ab"}`)
		put(tx, "threads", "m@x", `{"ticket":1}`)
		put(tx, "tickets", "\x00\x00\x00\x00\x00\x00\x00\x01", `{"number":1,"task":9}`)
		put(tx, "tasks", "\x00\x00\x00\x00\x00\x00\x00\x09", "\x00\x00\x00\x00\x00\x00\x00\x01")
		put(tx, "journal", "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01", `{"key":"00ab"}`)
		return nil
	})
	if err == nil {
		err = db.Close()
	}
	if err == nil {
		err = multiply(file, 3)
	}
	if err != nil {
		t.Fatal(err)
	}
	if db, err = bolt.Open(file, 0o600, nil); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_ = db.View(func(tx *bolt.Tx) error {
		for bucket, want := range map[string][2]string{
			"messages": {
				"0003",
				`{"key":"0003","ticket":1}`,
			}, "seen": {"box\x00\x00\x00\x00\x07\x00\x00\x00\x08", `{"key":"0003"}`},
			"threads": {
				"000000003.m@x",
				`{"ticket":4}`,
			}, "tickets": {"\x00\x00\x00\x00\x00\x00\x00\x04", `{"number":4,"task":9}`},
			"tasks":   {"\x00\x00\x00\x00\x00\x00\x00\x0c", "\x00\x00\x00\x00\x00\x00\x00\x04"},
			"journal": {"\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x01", `{"key":"0003"}`},
		} {
			b := tx.Bucket([]byte(bucket))
			if got := string(b.Get([]byte(want[0]))); got != want[1] || b.Stats().KeyN != 4 {
				t.Errorf("%s: %q, want %q; %d keys", bucket, got, want[1], b.Stats().KeyN)
			}
		}
		return nil
	})
}
