package servers

import (
	"fmt"
	"os"
	"syscall"
)

// Disk is a small disk in memory.
type Disk struct{ Dir string }

// NewDisk creates a disk with size bytes. The error is Lacking if this user may not create one.
func NewDisk(size int) (*Disk, error) {
	dir, err := os.MkdirTemp("", "disk")
	if err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		_ = os.Remove(dir)
		return nil, Lacking(fmt.Sprintf("a small disk, which only root may make: %v", err))
	}
	return &Disk{dir}, nil
}

// Remove removes the disk.
func (d *Disk) Remove() {
	_ = syscall.Unmount(d.Dir, 0)
	_ = os.Remove(d.Dir)
}
