package servers

import (
	"fmt"
	"os"
	"syscall"
)

// Disk is a small disk in memory.
type Disk struct{ Dir string }

// NewDisk makes a disk of that many bytes. The error is Lacking where this user may make none.
func NewDisk(size int) (*Disk, error) {
	dir, err := os.MkdirTemp("", "disk")
	if err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, sized(size)); err != nil {
		_ = os.Remove(dir)
		return nil, Lacking(fmt.Sprintf("a small disk, which only root may make: %v", err))
	}
	return &Disk{dir}, nil
}

// Resize gives the disk another size, in bytes.
func (d *Disk) Resize(size int) error {
	return syscall.Mount("tmpfs", d.Dir, "tmpfs", syscall.MS_REMOUNT, sized(size))
}

// Protect has the disk take no more writing.
func (d *Disk) Protect() error {
	return syscall.Mount("tmpfs", d.Dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}

// Remove takes the disk away.
func (d *Disk) Remove() {
	_ = syscall.Unmount(d.Dir, 0)
	_ = os.Remove(d.Dir)
}

func sized(bytes int) string { return fmt.Sprintf("size=%d", bytes) }
