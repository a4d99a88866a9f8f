package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"
)

// multiply fills a state that contains the traces of one letter with count copies of them. Each copy has its own place,
// record, ticket, task and Message-ID in the thread. Only the numbers in the values are changed, so that their layout
// is known only to the state itself.
func multiply(file string, count int) error {
	db, err := bolt.Open(file, 0o600, &bolt.Options{
		Timeout:      time.Second,
		NoSync:       true,
		FreelistType: bolt.FreelistMapType,
	})
	if err != nil {
		return err
	}
	var first traces
	err = db.View(first.read)
	const part = 20_000 // letters per transaction
	for from := 1; from <= count && err == nil; from += part {
		err = db.Update(func(tx *bolt.Tx) error {
			for i := from; i < from+part && i <= count; i++ {
				if err := first.copy(tx, uint64(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err == nil {
		err = db.Sync()
	}
	if cerr := db.Close(); err == nil {
		err = cerr
	}
	return err
}

// traces are the entries that one letter has left: bucket, key and value of each.
type traces struct {
	entries []entry
	message []byte // the letter's key, which is also part of other entries
	ticket  uint64
}

type entry struct {
	bucket     string
	key, value []byte
}

func (t *traces) read(tx *bolt.Tx) error {
	for _, bucket := range []string{"messages", "seen", "threads", "tickets", "tasks", "journal"} {
		b := tx.Bucket([]byte(bucket))
		if b == nil {
			return fmt.Errorf("read state: no bucket %s", bucket)
		}
		k, v := b.Cursor().First()
		if k == nil {
			return fmt.Errorf("read state: bucket %s is empty", bucket)
		}
		t.entries = append(t.entries, entry{bucket, bytes.Clone(k), bytes.Clone(v)})
		switch bucket {
		case "messages":
			t.message = bytes.Clone(k)
		case "tickets":
			t.ticket = binary.BigEndian.Uint64(k)
		}
	}
	return nil
}

func (t *traces) copy(tx *bolt.Tx, i uint64) error {
	message := fmt.Appendf(nil, "%0*x", len(t.message), i)
	for _, e := range t.entries {
		key, value := bytes.Clone(e.key), bytes.ReplaceAll(e.value, t.message, message)
		switch e.bucket {
		case "messages":
			key = message
		case "threads":
			key = fmt.Appendf(nil, "%09d.%s", i, key)
			value = renumbered(value, "ticket", t.ticket, t.ticket+i)
		case "tickets":
			key = binary.BigEndian.AppendUint64(nil, t.ticket+i)
			value = renumbered(value, "number", t.ticket, t.ticket+i)
		case "tasks":
			key = binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(key)+i)
			value = binary.BigEndian.AppendUint64(nil, t.ticket+i)
		case "seen": // its key ends with the UID
			uid := key[len(key)-4:]
			binary.BigEndian.PutUint32(uid, binary.BigEndian.Uint32(uid)+uint32(i))
		case "journal": // its key begins with the ticket
			binary.BigEndian.PutUint64(key, t.ticket+i)
		}
		b := tx.Bucket([]byte(e.bucket))
		b.FillPercent = 0.9 // because the keys ascend
		if err := b.Put(key, value); err != nil {
			return err
		}
	}
	return tx.Bucket([]byte("tickets")).SetSequence(t.ticket + i)
}

func renumbered(value []byte, field string, was, is uint64) []byte {
	name := `"` + field + `":`
	return bytes.Replace(value, []byte(name+strconv.FormatUint(was, 10)), []byte(name+strconv.FormatUint(is, 10)), 1)
}
