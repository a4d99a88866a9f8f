package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"go.etcd.io/bbolt"
)

// The layout of a file of bbolt (go.etcd.io/bbolt v1.5.0, internal/common: page.go, meta.go, bucket.go). Numbers have
// the byte order of the machine.
const (
	headSize   = 16 // of a page: id 8, flags 2, count 2, overflow 4
	branchSize = 16 // of an element: position 4, length of the key 4, page 8
	leafSize   = 16 // of an element: flags 4, position 4, length of the key 4, of the value 4
	bucketSize = 16 // root page 8, sequence 8; a page follows if there is no root page

	isBranch   = 1      // of a page
	isLeaf     = 2      // of a page
	isFreelist = 16     // of a page
	isBucket   = 1      // of an element
	manyFree   = 0xFFFF // the number of free pages stands before them

	// positions behind the header of the first two pages
	freelistAt = 32
	txidAt     = 48
)

var order = binary.NativeEndian

// inspection walks through the pages of a file. It believes nothing in them before it has checked it.
type inspection struct {
	file io.ReaderAt
	size uint64 // of a page in bytes
	used []bool // the pages met so far
}

// sound returns an error that says what is damaged in the structure of an open file. No other run may write to it.
//
// QUIRK: bbolt follows page numbers and positions without checking them. A damaged one may lead it to other memory of
// this process, which ends the process in a way that nothing can catch, or to pages in use, which it overwrites.
func sound(db *bbolt.DB, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return db.View(func(tx *bbolt.Tx) error {
		i := inspection{file: f, size: uint64(db.Info().PageSize)}
		i.used = make([]bool, uint64(tx.Size())/i.size)
		free, err := i.freelist(uint64(tx.ID()))
		if err != nil {
			return err
		}
		i.used[0], i.used[1] = true, true
		if err := i.tree(uint64(tx.Cursor().Bucket().Root()), nil, nil); err != nil {
			return err
		}
		return i.free(free)
	})
}

// unsound returns ErrBroken for what sound has found, or what to do about a disk that could not be read.
func unsound(path string, err error) error {
	if failed := new(fs.PathError); errors.As(err, &failed) {
		return told(path, "open state", fmt.Errorf("open state: %w", err))
	}
	return broken(path, err)
}

// freelist returns the page where the list of free pages begins, as of a transaction.
func (i *inspection) freelist(txid uint64) (uint64, error) {
	meta := make([]byte, txidAt+8)
	for at := range uint64(2) {
		if _, err := i.file.ReadAt(meta, int64(at*i.size+headSize)); err != nil {
			return 0, err
		}
		if order.Uint64(meta[txidAt:]) == txid {
			return order.Uint64(meta[freelistAt:]), nil
		}
	}
	return 0, errors.New("no page of settings")
}

// page reads a page with those that it overflows to. Each may be met once.
func (i *inspection) page(id uint64) (raw []byte, err error) {
	head := make([]byte, headSize)
	if id >= uint64(len(i.used)) {
		return nil, fmt.Errorf("page %d of %d", id, len(i.used))
	}
	if _, err := i.file.ReadAt(head, int64(id*i.size)); err != nil {
		return nil, err
	}
	n := uint64(order.Uint32(head[12:])) + 1
	if is := order.Uint64(head); is != id || n > uint64(len(i.used))-id {
		return nil, fmt.Errorf("page %d says that it is page %d, of %d pages", id, is, n)
	}
	for p := id; p < id+n; p++ {
		if i.used[p] {
			return nil, fmt.Errorf("page %d is used twice", p)
		}
		i.used[p] = true
	}
	raw = make([]byte, n*i.size)
	_, err = i.file.ReadAt(raw, int64(id*i.size))
	return raw, err
}

// tree checks a page, and all below it. Their keys are not less than least and less than limit; nil = any.
func (i *inspection) tree(id uint64, least, limit []byte) error {
	raw, err := i.page(id)
	if err != nil {
		return err
	}
	if err = i.elements(raw, least, limit); err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

// elements checks those of a page, and all below them.
func (i *inspection) elements(raw, least, limit []byte) error {
	flags, count := order.Uint16(raw[8:]), int(order.Uint16(raw[10:]))
	if flags != isBranch && flags != isLeaf || flags == isBranch && count == 0 ||
		headSize+count*leafSize > len(raw) { // the elements of both kinds are of one size
		return fmt.Errorf("flags %#x, %d elements in %d bytes", flags, count, len(raw))
	}
	if flags == isLeaf {
		return i.leaf(raw, count, least, limit)
	}
	keys, pages := make([][]byte, count), make([]uint64, count)
	for n := range count {
		e := raw[headSize+n*branchSize:]
		key, ok := part(e, uint64(order.Uint32(e)), uint64(order.Uint32(e[4:])))
		if !ok || !between(key, least, limit, n == 0) {
			return fmt.Errorf("element %d", n)
		}
		keys[n], pages[n], least = key, order.Uint64(e[8:]), key
	}
	for n, key := range keys {
		next := limit
		if n+1 < count {
			next = keys[n+1]
		}
		if err := i.tree(pages[n], key, next); err != nil {
			return err
		}
	}
	return nil
}

func (i *inspection) leaf(raw []byte, count int, least, limit []byte) error {
	for n := range count {
		e := raw[headSize+n*leafSize:]
		flags, at, long := order.Uint32(e), uint64(order.Uint32(e[4:])), uint64(order.Uint32(e[8:]))
		key, ok := part(e, at, long)
		value, whole := part(e, at+long, uint64(order.Uint32(e[12:])))
		if !ok || !whole || flags > isBucket || !between(key, least, limit, n == 0) {
			return fmt.Errorf("element %d", n)
		}
		least = key
		if flags != isBucket {
			continue
		}
		if err := i.bucket(value); err != nil {
			return fmt.Errorf("bucket %q: %w", key, err)
		}
	}
	return nil
}

// bucket checks the tree of a bucket, which lies in the value itself if it is small.
func (i *inspection) bucket(value []byte) error {
	if len(value) < bucketSize {
		return errors.New("cut off")
	}
	if root := order.Uint64(value); root != 0 {
		return i.tree(root, nil, nil)
	}
	inline := value[bucketSize:]
	if len(inline) < headSize || order.Uint16(inline[8:]) != isLeaf {
		return errors.New("no page in it")
	}
	return i.elements(inline, nil, nil)
}

// free checks that no page of the list of free pages is in use or stands there twice.
func (i *inspection) free(list uint64) error {
	raw, err := i.page(list)
	if err != nil {
		return err
	}
	count, ids := uint64(order.Uint16(raw[10:])), raw[headSize:]
	if count == manyFree {
		count, ids = order.Uint64(ids), ids[8:]
	}
	if flags := order.Uint16(raw[8:]); flags != isFreelist || count > uint64(len(ids)/8) {
		return fmt.Errorf("page %d: flags %#x, %d free pages", list, flags, count)
	}
	for n := range count {
		id := order.Uint64(ids[n*8:])
		if id >= uint64(len(i.used)) || i.used[id] {
			return fmt.Errorf("page %d: page %d is not free", list, id)
		}
		i.used[id] = true
	}
	return nil
}

// part returns that many bytes at a position; ok reports whether the page is so long.
func part(e []byte, at, long uint64) (found []byte, ok bool) {
	if at+long > uint64(len(e)) {
		return nil, false
	}
	return e[at : at+long], true
}

// between reports whether a key follows least, or is it where it may be, and comes before limit.
func between(key, least, limit []byte, same bool) bool {
	c := 1
	if least != nil {
		c = bytes.Compare(key, least)
	}
	return len(key) > 0 && (c > 0 || c == 0 && same) && (limit == nil || bytes.Compare(key, limit) < 0)
}
