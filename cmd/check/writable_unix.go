//go:build unix

package check

import (
	"os"

	"golang.org/x/sys/unix"
)

// writable says why this user can't write into a file or a folder, without writing.
func writable(path string) error {
	if err := unix.Access(path, unix.W_OK); err != nil {
		return &os.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}
