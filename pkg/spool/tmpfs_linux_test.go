package spool

import (
	"fmt"
	"syscall"
	"testing"
)

// tmpfs returns a folder on a disk of that many bytes, "" where this user may not make one.
func tmpfs(t *testing.T, size int) string {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Logf("without a small disk, which only root may make: %v", err)
		return ""
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	return dir
}
