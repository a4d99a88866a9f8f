package cmd

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// memory is the heap limit of a pass in bytes: helpdesk is a guest on the mail server of a small firm.
//
// It was chosen by GODEBUG=gctrace=1 go run ./internal/bench -v -only backlog, which prints a line for each collection.
// With 36 MB there were 89 for 1000 letters, with 40 MB 77, and with 44 MB or more 72. With 44 MB the peak of RSS was
// 62 to 64 MB, of which 64 are allowed, and with 40 MB it was 61 MB.
const memory = 40 << 20

// keepWithin sets the memory limit and adjusts it after each collection. If live objects fill the limit, the collector
// would run all the time and free nothing, so the limit rises with them. The returned function ends this.
func keepWithin(least int64) (end func()) {
	was := debug.SetMemoryLimit(least)
	var ended atomic.Bool
	followNeed(least, &ended)
	return func() {
		ended.Store(true)
		debug.SetMemoryLimit(was)
	}
}

// collected is an object that each collection frees; its finalizer makes a new one.
type collected struct{ _ [16]byte }

func followNeed(least int64, ended *atomic.Bool) {
	runtime.SetFinalizer(&collected{}, func(*collected) {
		if ended.Load() {
			return
		}
		debug.SetMemoryLimit(max(least, room(alive())))
		followNeed(least, ended)
	})
}

// room returns a limit that lets the heap grow by seven eighths of the live bytes between two collections.
func room(alive int64) int64 {
	const rest = 8 << 20 // stacks and what the runtime itself needs
	return alive + 7*alive/8 + rest
}

// alive returns the live bytes after the last collection.
func alive() int64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}
