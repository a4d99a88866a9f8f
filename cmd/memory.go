package cmd

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// memory is the size in bytes at which the heap of a pass is collected: helpdesk is a guest on the mail server of a
// small firm.
//
// It was chosen by GODEBUG=gctrace=1 go run ./internal/bench -v -only backlog, which prints a line for each collection,
// and by the peak of RSS that the bench prints, of which 64 MB are allowed. With 40 MB it was 61 MB, with 44 MB and
// more 62 to 64 MB.
const memory = 40 << 20

// keepWithin lets the heap grow to least before it is collected, and adjusts this size after each collection. If live
// objects fill it, the collector would run all the time and free nothing, so the size rises with them. The returned
// function ends this.
//
// The heap is collected by its size alone. GOGC=100 would collect it from 4 MB on, whenever it has doubled: that took a
// seventh of the processor time of a pass over 1000 letters.
func keepWithin(least int64) (end func()) {
	limit, percent := debug.SetMemoryLimit(least), debug.SetGCPercent(-1)
	var ended atomic.Bool
	followNeed(least, &ended)
	return func() {
		ended.Store(true)
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
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

// deepen makes the stack of its caller large at once. Otherwise the runtime copies the stack whenever it must double,
// and copying takes longer the deeper the calls are: that was 3 % of the processor time of an idle pass.
//
//go:noinline
func deepen(i int) byte {
	var room [24 << 10]byte
	return room[i]
}
