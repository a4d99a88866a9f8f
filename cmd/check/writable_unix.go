//go:build unix

package check

import (
	"os"

	"golang.org/x/sys/unix"
)

// writable returns an error if this user may not write to a file or a folder. It writes nothing.
func writable(path string) error {
	if err := unix.Access(path, unix.W_OK); err != nil {
		return &os.PathError{Op: "write", Path: path, Err: err}
	}
	return nil
}
