package pass

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"helpdesk/pkg/desk"
)

// spool keeps the bytes of the messages being worked on, so that their files need not be fetched a second time: small
// ones in memory while there is room, the others in temporary files.
type spool struct {
	mu   sync.Mutex
	kept map[desk.Place]*spooled
	held int64 // bytes in memory
}

type spooled struct {
	mem  []byte
	file string
	size int64
}

const (
	inMemory = 64 << 10 // bytes of a message
	memory   = 4 << 20  // bytes of all
	lagging  = 64 << 20 // bytes of messages kept for effects that a later round makes
)

// add reads a message to its end and keeps it.
func (s *spool) add(at desk.Place, r io.Reader) (*spooled, error) {
	var head bytes.Buffer
	n, err := io.CopyN(&head, r, inMemory+1)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("spool message: %w", err)
	}
	one := &spooled{mem: head.Bytes(), size: n}
	if n > inMemory || !s.room(n) {
		if one, err = toFile(&head, r); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(at)
	if s.kept == nil {
		s.kept = map[desk.Place]*spooled{}
	}
	s.kept[at] = one
	s.held += int64(len(one.mem))
	return one, nil
}

func (s *spool) room(n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held+n <= memory
}

func (s *spool) get(at desk.Place) (*spooled, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one, ok := s.kept[at]
	return one, ok
}

func toFile(head *bytes.Buffer, rest io.Reader) (*spooled, error) {
	f, err := os.CreateTemp("", "helpdesk-*.eml")
	if err != nil {
		return nil, fmt.Errorf("spool message: %w", err)
	}
	one := &spooled{file: f.Name()}
	one.size, err = io.Copy(f, io.MultiReader(head, rest))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = os.Remove(one.file)
		return nil, fmt.Errorf("spool message: %w", err)
	}
	return one, nil
}

func (s *spooled) open() (io.ReadCloser, error) {
	if s.file == "" {
		return io.NopCloser(bytes.NewReader(s.mem)), nil
	}
	return os.Open(s.file)
}

// bytes returns the whole message; it is asked for only when it goes into the quarantine.
func (s *spooled) bytes() ([]byte, error) {
	if s.file == "" {
		return s.mem, nil
	}
	return os.ReadFile(s.file)
}

// keep forgets all but the messages that are needed and, of those that may be, the last ones that are not too much.
func (s *spool) keep(needed, perhaps []desk.Place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stays := map[desk.Place]bool{}
	for _, at := range needed {
		stays[at] = true
	}
	room := int64(lagging)
	for _, at := range slices.Backward(perhaps) {
		if one := s.kept[at]; one != nil {
			room -= one.size
			stays[at] = stays[at] || room >= 0
		}
	}
	for at := range s.kept {
		if !stays[at] {
			s.forget(at)
		}
	}
}

// forget is called with the lock held.
func (s *spool) forget(at desk.Place) {
	one := s.kept[at]
	if one == nil {
		return
	}
	if one.file != "" {
		_ = os.Remove(one.file)
	}
	s.held -= int64(len(one.mem))
	delete(s.kept, at)
}

func (s *spool) clear() { s.keep(nil, nil) }
