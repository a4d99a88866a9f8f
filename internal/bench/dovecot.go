package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"helpdesk/internal/servers"
)

const password = "bench-password"

// readyConf keeps processes of the server ready, as hosts of many mailboxes do: one that logs all clients in, and one
// for each client. By default Dovecot starts two processes for each connection.
const readyConf = `
service imap-login {
  service_count = 0
  process_min_avail = 2
}
service imap {
  service_count = 1000
  process_min_avail = 12
}
`

// dovecot is a server for the benchmark. Each run has its own user, whose mailbox links to letters that are made once.
type dovecot struct {
	*servers.Dovecot
	users int
}

// startDovecot starts a server; more is appended to its configuration.
func startDovecot(more string) (*dovecot, error) {
	s, err := servers.StartDovecot(password, nil, more)
	if err != nil {
		return nil, err
	}
	return &dovecot{Dovecot: s}, nil
}

// master makes letters to which many mailboxes can link, and returns their folder and size in bytes.
func (d *dovecot) master(name string, seed uint64, m mix) (folder string, size int64, err error) {
	if _, err := d.Folder("masters"); err != nil {
		return "", 0, err
	}
	if folder, err = d.Folder(filepath.Join("masters", name)); err != nil {
		return "", 0, err
	}
	w := newWriter(seed, m, time.Now().Add(-time.Hour))
	for i := range m.count {
		raw := w.letter()
		size += int64(len(raw))
		file := filepath.Join(folder, fmt.Sprintf("%d.M%06d.bench,S=%d", time.Now().Unix(), i, len(raw)))
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			return "", 0, err
		}
		if err := d.Own(file); err != nil {
			return "", 0, err
		}
	}
	return folder, size, nil
}

// mailbox creates a user with the letters of the folder in INBOX, and makes the server index them; seen marks them as
// read.
func (d *dovecot) mailbox(master string, seen bool) (user string, err error) {
	d.users++
	user = fmt.Sprintf("user%d", d.users)
	home := filepath.Join("mail", user)
	for _, sub := range []string{"", "Maildir", "Maildir/cur", "Maildir/new", "Maildir/tmp"} {
		if _, err := d.Folder(filepath.Join(home, sub)); err != nil {
			return "", err
		}
	}
	entries, err := os.ReadDir(master)
	if err != nil {
		return "", err
	}
	flags := ":2,"
	if seen {
		flags = ":2,S"
	}
	for _, e := range entries {
		if err := os.Link(filepath.Join(master, e.Name()),
			filepath.Join(d.Dir, home, "Maildir/cur", e.Name()+flags)); err != nil {
			return "", err
		}
	}
	return user, nil
}

// forget removes a user's mailbox.
func (d *dovecot) forget(user string) { _ = os.RemoveAll(filepath.Join(d.Dir, "mail", user)) }
