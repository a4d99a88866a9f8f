package pass

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"

	"helpdesk/pkg/desk"
)

// spool keeps the bytes of the messages being worked on, so that their files need not be fetched a second time: small
// ones in memory, large ones in temporary files.
type spool struct {
	mu   sync.Mutex
	kept map[desk.Place]*spooled
}

type spooled struct {
	mem  []byte
	file string
}

const inMemory = 64 << 10 // bytes

// add reads a message to its end and keeps it.
func (s *spool) add(at desk.Place, r io.Reader) (*spooled, error) {
	var head bytes.Buffer
	n, err := io.CopyN(&head, r, inMemory+1)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("spool message: %w", err)
	}
	one := &spooled{mem: head.Bytes()}
	if n > inMemory {
		if one, err = toFile(&head, r); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[desk.Place]*spooled{}
	}
	s.kept[at] = one
	return one, nil
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
	_, err = io.Copy(f, io.MultiReader(head, rest))
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

func (s *spool) drop(places ...desk.Place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, at := range places {
		if one, ok := s.kept[at]; ok && one.file != "" {
			_ = os.Remove(one.file)
		}
		delete(s.kept, at)
	}
}

func (s *spool) clear() {
	s.mu.Lock()
	all := make([]desk.Place, 0, len(s.kept))
	for at := range s.kept {
		all = append(all, at)
	}
	s.mu.Unlock()
	s.drop(all...)
}
