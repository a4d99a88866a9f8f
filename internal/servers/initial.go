package servers

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// initial is an archive of the data folder of an empty PostgreSQL. Its file has no name any more, so that it ends with
// this process.
var initial struct {
	mu   sync.Mutex
	file *os.File // nil = not made yet
}

// fill makes the data folder of an empty server. initdb takes longer than most tests, so it runs once a process.
func (p *Postgres) fill() error {
	initial.mu.Lock()
	defer initial.mu.Unlock()
	if initial.file != nil {
		return p.unpack(initial.file)
	}
	if err := p.tool("initdb", "-D", p.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C",
		"--no-sync", "--wal-segsize=1"); err != nil {
		return err
	}
	var err error
	initial.file, err = pack(p.data())
	return err
}

func pack(dir string) (*os.File, error) {
	f, err := os.CreateTemp("", "pg")
	if err != nil {
		return nil, err
	}
	w := tar.NewWriter(f)
	if err := errors.Join(os.Remove(f.Name()), w.AddFS(os.DirFS(dir)), w.Close()); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// unpack writes the files of an archive to the data folder.
func (p *Postgres) unpack(archive *os.File) error {
	if err := folder(p.data(), "", 0o700, p.uid, p.gid); err != nil {
		return err
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return err
	}
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		path := filepath.Join(p.data(), filepath.FromSlash(h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, 0o700)
		} else {
			err = unpackFile(path, r)
		}
		if err := errors.Join(err, os.Chown(path, p.uid, p.gid)); err != nil {
			return err
		}
	}
}

func unpackFile(path string, from io.Reader) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}
