//go:build unix

package cmd

import (
	"os"
	"strconv"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

func cmdBelongs(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2)
	for _, name := range args[1:] {
		st, err := os.Stat(ts.MkAbs(name))
		ts.Check(err)
		if uid := strconv.Itoa(int(st.Sys().(*syscall.Stat_t).Uid)); uid != args[0] {
			ts.Fatalf("%s belongs to %s", name, uid)
		}
	}
}
