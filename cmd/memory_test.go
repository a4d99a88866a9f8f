package cmd

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// The limit rises and falls with the live bytes.
func TestTheMemoryLimitFollowsTheNeed(t *testing.T) {
	defer keepWithin(memory)()
	limit := func() int64 {
		for range 4 { // the finalizer runs after the collection
			runtime.GC()
			runtime.Gosched()
		}
		return debug.SetMemoryLimit(-1)
	}
	need := make([]byte, 100<<20)
	for range 100 {
		if limit() > 150<<20 {
			break
		}
	}
	if got := limit(); got < 150<<20 || got > 250<<20 {
		t.Errorf("%d MB for 100 MB", got>>20)
	}
	runtime.KeepAlive(need)
	need = nil
	for range 100 {
		if limit() < 100<<20 {
			break
		}
	}
	if got := limit(); got > 100<<20 || got < memory {
		t.Errorf("%d MB when it is free again", got>>20)
	}
}

// A heap below the limit is not collected.
func TestASmallHeapIsNotCollected(t *testing.T) {
	runtime.GC()
	defer keepWithin(256 << 20)()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 64 {
		small = make([]byte, 1<<20)
	}
	if runtime.ReadMemStats(&after); after.NumGC != before.NumGC {
		t.Errorf("%d collections for 64 MB", after.NumGC-before.NumGC)
	}
}

var small []byte
