package mail

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// pipeListener accepts connections within the process: the server's own access to its mail, which is not counted.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// insideConn marks a connection of the pipeListener.
type insideConn struct{ net.Conn }

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return insideConn{c}, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "inside", Net: "pipe"} }

func (l *pipeListener) dial() (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// within runs f with a client that has selected the folder.
func (s *IMAP) within(folder string, f func(c *imapclient.Client) error) error {
	s.adminMu.Lock()
	defer s.adminMu.Unlock()
	if s.admin == nil {
		conn, err := s.inside.dial()
		if err != nil {
			return err
		}
		s.admin = imapclient.New(conn, nil)
	}
	if _, err := s.admin.Select(folder, nil).Wait(); err != nil {
		return fmt.Errorf("select %s: %w", folder, err)
	}
	if err := f(s.admin); err != nil {
		return err
	}
	return s.admin.Unselect().Wait()
}

var everything = imap.UIDSet{imap.UIDRange{Start: 1, Stop: 0}}

// Messages returns the messages in a folder, or nil if the folder does not exist.
func (s *IMAP) Messages(folder string) []Message {
	var ms []Message
	err := s.within(folder, func(c *imapclient.Client) error {
		whole := &imap.FetchItemBodySection{Peek: true}
		cmd := c.Fetch(everything, &imap.FetchOptions{
			UID:          true,
			Flags:        true,
			InternalDate: true,
			BodySection:  []*imap.FetchItemBodySection{whole},
		})
		bufs, err := cmd.Collect()
		for _, b := range bufs {
			m := Message{UID: uint32(b.UID), Raw: b.FindBodySection(whole), Received: b.InternalDate}
			for _, f := range b.Flags {
				m.Flags = append(m.Flags, strings.ToLower(string(f)))
			}
			m.Seen = slices.Contains(m.Flags, `\seen`)
			ms = append(ms, m)
		}
		return err
	})
	if err != nil {
		return nil
	}
	return ms
}

// SetFlags replaces the flags of messages.
func (s *IMAP) SetFlags(folder string, uids []uint32, flags ...string) error {
	return s.within(folder, func(c *imapclient.Client) error {
		store := &imap.StoreFlags{Op: imap.StoreFlagsSet, Silent: true}
		for _, f := range flags {
			store.Flags = append(store.Flags, imap.Flag(f))
		}
		return c.Store(uidSet(uids), store, nil).Close()
	})
}

// Remove deletes messages, as another program would.
func (s *IMAP) Remove(folder string, uids ...uint32) error {
	return s.within(folder, func(c *imapclient.Client) error {
		deleted := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
		if err := c.Store(uidSet(uids), deleted, nil).Close(); err != nil {
			return err
		}
		_, err := c.Expunge().Collect()
		return err
	})
}

func uidSet(uids []uint32) imap.UIDSet {
	var set imap.UIDSet
	for _, u := range uids {
		set.AddNum(imap.UID(u))
	}
	return set
}

// Recreate deletes a folder and creates it again with the same messages. UIDs start at 1, and UIDVALIDITY changes.
func (s *IMAP) Recreate(folder string) error {
	ms := s.Messages(folder)
	s.mu.Lock()
	use := s.special[folder]
	s.mu.Unlock()
	if err := s.DeleteFolder(folder); err != nil {
		return err
	}
	if err := s.CreateFolder(folder, use); err != nil {
		return err
	}
	for _, m := range ms {
		var flags []imap.Flag
		for _, f := range m.Flags {
			flags = append(flags, imap.Flag(f))
		}
		if _, err := s.append(folder, m.Raw, m.Received, flags...); err != nil {
			return err
		}
	}
	return nil
}
