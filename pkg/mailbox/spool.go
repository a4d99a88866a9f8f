package mailbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// memorySpool is the size up to which a message is kept in memory until it is delivered.
const memorySpool = 256 << 10

var errShort = errors.New("the message came short")

// spool keeps one message between the server and whoever reads it, so that nobody sees a message cut in two by a lost
// connection and nobody works while an answer of the server is open.
type spool struct {
	mem  []byte
	file *os.File
}

// newSpool reads size bytes. errShort means that there were fewer; other errors are the disk's.
//
// QUIRK: go-imap reports a literal cut short by a lost connection as a good end of file, so the bytes are counted.
func newSpool(r io.Reader, size int64) (*spool, error) {
	if size <= memorySpool {
		mem := make([]byte, size)
		if n, err := io.ReadFull(r, mem); err != nil {
			return nil, fmt.Errorf("%w: %d of %d bytes", errShort, n, size)
		}
		return &spool{mem: mem}, nil
	}
	file, err := os.CreateTemp("", "helpdesk-message-*")
	if err != nil {
		return nil, fmt.Errorf("keep message: %w", err)
	}
	_ = os.Remove(file.Name()) // where an open file can be removed it is gone even if we are killed; else see close
	s := &spool{file: file}
	if err := s.fill(r, size); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *spool) fill(r io.Reader, size int64) error {
	n, err := io.Copy(s.file, r)
	var disk *os.PathError
	if errors.As(err, &disk) {
		return fmt.Errorf("keep message: %w", err)
	}
	if n != size {
		return fmt.Errorf("%w: %d of %d bytes", errShort, n, size)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("keep message: %w", err)
	}
	return nil
}

// skip reads size bytes for nothing.
func skip(r io.Reader, size int64) error {
	if n, err := io.Copy(io.Discard, r); err != nil || n != size {
		return fmt.Errorf("%w: %d of %d bytes", errShort, n, size)
	}
	return nil
}

// reader returns the message from its beginning.
func (s *spool) reader() io.ReadSeeker {
	if s.file != nil {
		return s.file
	}
	return bytes.NewReader(s.mem)
}

func (s *spool) close() {
	if s == nil || s.file == nil {
		return
	}
	_ = s.file.Close()
	_ = os.Remove(s.file.Name())
}

// isDisk says whether err comes from the spool's own file.
func isDisk(err error) bool {
	var disk *os.PathError
	return errors.As(err, &disk)
}
