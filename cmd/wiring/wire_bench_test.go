package wiring

import (
	"testing"

	"helpdesk/pkg/config"
)

// BenchmarkWire measures assembling the parts of a pass, before anything is read.
func BenchmarkWire(b *testing.B) {
	cfg := config.Default()
	b.Run("letters", func(b *testing.B) {
		for b.Loop() {
			if _, err := Letters(cfg); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("rules", func(b *testing.B) {
		for b.Loop() {
			if _, err := compile(cfg, policyOf(cfg)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
