package cmd

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
)

// profile writes profiles of the run for developers, into the files that HELPDESK_CPUPROFILE and HELPDESK_MEMPROFILE
// name; the returned function ends them. Without these variables it does nothing.
func profile(env func(string) (string, bool)) (end func() error) {
	cpu, _ := env("HELPDESK_CPUPROFILE")
	mem, _ := env("HELPDESK_MEMPROFILE")
	if mem == "" {
		runtime.MemProfileRate = 0 // otherwise the runtime samples every run
	}
	var running *os.File
	var started error
	if cpu != "" {
		if running, started = os.Create(cpu); started == nil {
			started = pprof.StartCPUProfile(running)
		}
	}
	return func() error {
		errs := []error{started}
		if running != nil {
			pprof.StopCPUProfile()
			errs = append(errs, running.Close())
		}
		if mem != "" {
			errs = append(errs, writeHeap(mem))
		}
		if err := errors.Join(errs...); err != nil {
			return fmt.Errorf("write profile: %w", err)
		}
		return nil
	}
}

// writeHeap writes a profile of all allocations so far and of the live objects.
func writeHeap(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	runtime.GC() // brings the live objects up to date
	return errors.Join(pprof.WriteHeapProfile(f), f.Close())
}
