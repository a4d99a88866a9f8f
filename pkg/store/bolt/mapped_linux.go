package bolt

import (
	"syscall"

	"go.etcd.io/bbolt"
)

// release gives back the memory of the pages that this process has read of the file. They stay in the cache of the
// kernel and are mapped again when they are read.
//
// Otherwise the memory of a pass would grow with the file: with each page the kernel maps those around it, 64 kB in
// all, so a pass over many letters soon has the whole file mapped.
func release(file *bbolt.DB) {
	_ = file.View(func(t *bbolt.Tx) error { // as long as it reads, the file is not mapped elsewhere
		_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, file.Info().Data, uintptr(t.Size()), syscall.MADV_DONTNEED)
		return nil
	})
}
