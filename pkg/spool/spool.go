// Package spool keeps the bytes of a message while it is being worked on: of a short one in memory, of a long one in a
// temporary file that nobody else finds.
package spool

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// inMemory is the size up to which a message is kept in memory, in bytes: some hundred are held at a time.
const inMemory = 64 << 10

// ErrShort says that there were fewer bytes than announced.
var ErrShort = errors.New("the message came short")

// Body is a whole message. It belongs to one holder, who closes it.
type Body struct {
	mem  []byte
	file *os.File
	size int64
}

// Hold returns a body of bytes that are in memory anyhow.
func Hold(b []byte) *Body { return &Body{mem: b, size: int64(len(b))} }

// Read reads size bytes. Its error is ErrShort, or a *fs.PathError of our own disk.
func Read(r io.Reader, size int64) (*Body, error) {
	if size <= inMemory {
		mem := make([]byte, size)
		if n, err := io.ReadFull(r, mem); err != nil {
			return nil, fmt.Errorf("%w: %d of %d bytes", ErrShort, n, size)
		}
		return Hold(mem), nil
	}
	file, err := os.CreateTemp("", "helpdesk-message-*")
	if err != nil {
		return nil, fmt.Errorf("keep message: %w", err)
	}
	_ = os.Remove(file.Name()) // where an open file can be removed it is gone even if we are killed; else see Close
	b := &Body{file: file, size: size}
	n, err := io.Copy(file, r)
	var disk *os.PathError
	switch {
	case errors.As(err, &disk):
		err = fmt.Errorf("keep message: %w", err)
	case n != size:
		err = fmt.Errorf("%w: %d of %d bytes", ErrShort, n, size)
	default:
		return b, nil
	}
	b.Close()
	return nil, err
}

// Size returns how long the message is, in bytes.
func (b *Body) Size() int64 { return b.size }

// Open returns a reader from the beginning, good until Close. Several may be in use.
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

// Close forgets the message. It may be called of nil and more than once.
func (b *Body) Close() {
	if b == nil || b.file == nil {
		return
	}
	_ = b.file.Close()
	_ = os.Remove(b.file.Name())
}
