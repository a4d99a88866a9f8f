package cmd

import (
	"runtime"
	"time"
)

const goos = runtime.GOOS

// overdue returns after how long without a good pass status complains: by the settings, where they can be read.
func (a *app) overdue() time.Duration {
	const usual = 15 * time.Minute
	cfg, err := a.settings()
	if err != nil {
		return usual
	}
	return cfg.Monitor.Overdue
}
