//go:build !unix

package servers

import "os/exec"

// as leaves the command to who runs the tests.
func as(*exec.Cmd, int, int) {}
