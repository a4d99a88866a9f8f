//go:build unix

package bolt

import (
	"os"
	"syscall"
)

// keepOwner gives the file at path the permissions of another file, and its owner if the process is root: root may run
// for another user.
func keepOwner(path, of string) error {
	info, err := os.Stat(of)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, info.Mode().Perm()); err != nil {
		return err
	}
	if was, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		return os.Chown(path, int(was.Uid), int(was.Gid))
	}
	return nil
}
