//go:build !linux

package main

// peak knows no figure: each system counts it in its own unit, and the tables are made on Linux.
func peak(any) int64 { return 0 }
