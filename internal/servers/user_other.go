//go:build !unix

package servers

import "os/exec"

// as does nothing: the command runs as the current user.
func as(*exec.Cmd, int, int) {}
