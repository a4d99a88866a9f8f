//go:build unix

package servers

import (
	"os"
	"os/exec"
	"syscall"
)

// as makes a command run as a user. Only root may choose one.
func as(c *exec.Cmd, uid, gid int) {
	if os.Getuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
}
