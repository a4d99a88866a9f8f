//go:build !linux

package servers

// Disk is a small disk in memory.
type Disk struct{ Dir string }

// NewDisk returns Lacking: only Linux makes a disk in memory.
func NewDisk(int) (*Disk, error) {
	return nil, Lacking("a small disk in memory, which only Linux makes")
}

// Remove takes the disk away.
func (d *Disk) Remove() {}
