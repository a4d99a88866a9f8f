package config

import (
	_ "embed"
	"slices"
)

// The copy beside the other examples is made from this file.
//
//go:generate go test -run ^TestExampleCopy$ -update
//go:embed example.yaml
var example []byte

// Example returns a commented configuration to start from; Load takes it once the variables that it names are set.
func Example() []byte { return slices.Clone(example) }
