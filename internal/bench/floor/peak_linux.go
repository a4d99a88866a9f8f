package main

import "syscall"

// peak returns the largest memory a process had, in bytes.
func peak(usage any) int64 {
	if u, ok := usage.(*syscall.Rusage); ok {
		return u.Maxrss << 10
	}
	return 0
}
