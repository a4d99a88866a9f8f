//go:build !linux

package bolt

import "go.etcd.io/bbolt"

// release does nothing, because memory of files is counted otherwise there.
func release(*bbolt.DB) {}
