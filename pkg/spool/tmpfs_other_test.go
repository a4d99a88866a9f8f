//go:build !linux

package spool

import "testing"

func tmpfs(t *testing.T, _ int) string {
	t.Log("without a small disk, which this system does not make in memory")
	return ""
}
