//go:build !linux

package servers

// Disk is a small disk in memory.
type Disk struct{ Dir string }

// NewDisk returns Lacking: a disk in memory exists only on Linux.
func NewDisk(int) (*Disk, error) {
	return nil, Lacking("a small disk in memory, which only Linux makes")
}

// Remove does nothing.
func (d *Disk) Remove() {}
