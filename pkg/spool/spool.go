// Package spool keeps the bytes of a message during processing: a short one in memory, a long one in a temporary file.
// It does not parse messages.
package spool

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// inMemory is the size in bytes up to which a message is kept in memory. A few hundred messages are kept at a time.
const inMemory = 64 << 10

var (
	// ErrShort reports that the reader ended before the announced size.
	ErrShort = errors.New("the message was cut short")
	// ErrNoRoom reports that no folder can store the message: all are missing or full.
	ErrNoRoom = errors.New("no room for a message")
)

// Body is a whole message. Its owner closes it.
type Body struct {
	mem  []byte
	file *os.File
	size int64
}

// Hold returns a Body for bytes that are already in memory.
func Hold(b []byte) *Body { return &Body{mem: b, size: int64(len(b))} }

// Folders are the places for long messages, tried in this order. If a folder is missing or full, the next one is used.
// "" means the system's folder for temporary files, and so does an empty list.
type Folders []string

// Read reads size bytes. It returns ErrShort, or an error that wraps ErrNoRoom.
func (f Folders) Read(r io.Reader, size int64) (*Body, error) {
	if size <= inMemory {
		mem := make([]byte, size)
		if n, err := io.ReadFull(r, mem); err != nil {
			return nil, fmt.Errorf("%w: %d of %d bytes", ErrShort, n, size)
		}
		return Hold(mem), nil
	}
	w := &writer{folders: f}
	if len(w.folders) == 0 {
		w.folders = Folders{""}
	}
	n, _ := io.Copy(w, r) // w.full and n show the failure
	var err error
	switch {
	case w.full != nil:
		err = fmt.Errorf("%w: keep message of %d bytes: %w", ErrNoRoom, size, w.full)
	case n != size:
		err = fmt.Errorf("%w: %d of %d bytes", ErrShort, n, size)
	default:
		return &Body{file: w.file, size: size}, nil
	}
	discard(w.file)
	return nil, err
}

// writer writes a message to the first folder that can store it.
type writer struct {
	folders Folders
	file    *os.File
	written int64
	full    error // why the last folder failed; nil = the message is stored
}

func (w *writer) Write(b []byte) (int, error) {
	for {
		err := w.append(b)
		if err == nil {
			w.written += int64(len(b))
			return len(b), nil
		}
		w.full = errors.Join(w.full, err)
		if w.folders = w.folders[1:]; len(w.folders) == 0 {
			return 0, w.full
		}
	}
}

// append writes to the file in the first folder. In a new folder it first copies what the previous one stored.
func (w *writer) append(b []byte) error {
	if w.file != nil && filepath.Dir(w.file.Name()) == dir(w.folders[0]) {
		_, err := w.file.WriteAt(b, w.written)
		return err
	}
	file, err := os.CreateTemp(w.folders[0], "helpdesk-message-*")
	if err != nil {
		return err
	}
	_ = os.Remove(file.Name()) // on Unix the file disappears now even if we are killed; for others see Close
	if w.file != nil {
		_, err = io.Copy(file, io.NewSectionReader(w.file, 0, w.written))
	}
	if err == nil {
		_, err = file.WriteAt(b, w.written)
	}
	if err != nil {
		discard(file)
		return err
	}
	discard(w.file)
	w.file, w.full = file, nil
	return nil
}

func dir(folder string) string {
	if folder == "" {
		folder = os.TempDir()
	}
	return filepath.Clean(folder)
}

// Try reports whether a message of this size can be stored, by writing and removing one.
func (f Folders) Try(size int64) error {
	size = max(size, inMemory+1)
	b, err := f.Read(io.LimitReader(zeros{}, size), size)
	b.Close()
	return err
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// Size returns the size of the message in bytes.
func (b *Body) Size() int64 { return b.size }

// Open returns a new reader from the beginning, valid until Close. Several can be used at the same time.
func (b *Body) Open() io.ReadSeeker {
	if b.file != nil {
		return io.NewSectionReader(b.file, 0, b.size)
	}
	return bytes.NewReader(b.mem)
}

// Bytes returns the whole message.
func (b *Body) Bytes() ([]byte, error) {
	if b.file == nil {
		return b.mem, nil
	}
	all := make([]byte, b.size)
	if _, err := io.ReadFull(b.Open(), all); err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	return all, nil
}

// Hash returns the SHA-256 of the message, in hex.
func (b *Body) Hash() (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, b.Open()); err != nil {
		return "", fmt.Errorf("read message: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// Close releases the message. It may be called on nil and more than once.
func (b *Body) Close() {
	if b != nil {
		discard(b.file)
	}
}

func discard(file *os.File) {
	if file != nil {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}
}
