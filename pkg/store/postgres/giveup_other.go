//go:build !linux

package postgres

import "syscall"

// giveUp does nothing: only Linux can close a connection over unacknowledged data. Elsewhere the time limit of a
// request applies.
func giveUp(string, string, syscall.RawConn) error { return nil }
