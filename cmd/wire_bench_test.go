package cmd

import (
	"testing"

	"helpdesk/pkg/config"
)

// BenchmarkWire prints what the parts of a pass cost to make before anything is read.
func BenchmarkWire(b *testing.B) {
	cfg := config.Default()
	b.Run("letters", func(b *testing.B) {
		for b.Loop() {
			if _, err := letters(cfg); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("rules", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := rules(cfg); err != nil {
				b.Fatal(err)
			}
		}
	})
}
