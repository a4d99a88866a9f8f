//go:build unix

package owner

import (
	"fmt"
	"os"
	"syscall"
)

// Give makes the owner of a folder the owner of files that root has made. For other users it does nothing.
func Give(folder string, files ...string) error {
	st, err := os.Stat(folder)
	if err != nil || os.Geteuid() != 0 {
		return nil // without the folder there is no owner
	}
	of, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	for _, f := range files {
		if err := os.Chown(f, int(of.Uid), int(of.Gid)); err != nil {
			return fmt.Errorf("give %s to its reader: %w", f, err)
		}
	}
	return nil
}
