package cmd

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// memory is what the collector tries to keep a pass within, in bytes: it is a guest on the mail server of a small firm.
const memory = 36 << 20

// keepWithin has the collector keep within a limit, and lets that follow the need: where more is alive than the limit
// leaves room for, the collector would run all the time and free nothing. The function returned ends that.
func keepWithin(least int64) (end func()) {
	was := debug.SetMemoryLimit(least)
	var ended atomic.Bool
	followNeed(least, &ended)
	return func() {
		ended.Store(true)
		debug.SetMemoryLimit(was)
	}
}

// collected is freed by each collection, and made anew behind it.
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

// room is the limit that lets the heap grow by seven eighths of what is alive between two collections.
func room(alive int64) int64 {
	const rest = 8 << 20 // stacks and what the runtime itself needs
	return alive + 7*alive/8 + rest
}

// alive returns the bytes that the last collection left.
func alive() int64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}
