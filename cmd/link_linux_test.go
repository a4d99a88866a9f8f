package cmd

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"

	"helpdesk/internal/servers"
)

// link is a second machine, as far as the network goes, and the cable to it: a network namespace with a loopback of its
// own, and two addresses that nothing else reaches.
type link struct {
	here, there string // the addresses of this machine and of the other on the cable
	name, plug  string
}

// newLink makes the other machine. The error is servers.Lacking where that is not permitted.
func newLink() (*link, error) {
	ip, err := servers.Find("ip", "package iproute2")
	if err != nil {
		return nil, err
	}
	if os.Getuid() != 0 {
		return nil, servers.Lacking("only root can make a network namespace")
	}
	n := os.Getpid() % 16384
	l := &link{name: fmt.Sprintf("helpdesk%d", n), plug: fmt.Sprintf("hd%d", n)}
	l.here, l.there = fmt.Sprintf("10.213.%d.%d", n>>6, n&63<<2+1), fmt.Sprintf("10.213.%d.%d", n>>6, n&63<<2+2)
	if out, err := exec.Command(ip, "netns", "add", l.name).CombinedOutput(); err != nil {
		return nil, servers.Lacking(fmt.Sprintf("no network namespace can be made: %v: %s", err, out))
	}
	err = errors.Join(runs(ip, "link", "add", l.plug, "type", "veth", "peer", "name", "cable", "netns", l.name),
		runs(ip, "addr", "add", l.here+"/30", "dev", l.plug), runs(ip, "link", "set", l.plug, "up"),
		runs(ip, "-n", l.name, "link", "set", "lo", "up"),
		runs(ip, "-n", l.name, "addr", "add", l.there+"/30", "dev", "cable"),
		runs(ip, "-n", l.name, "link", "set", "cable", "up"))
	if err != nil {
		l.remove()
	}
	return l, err
}

func runs(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}

// cut lets every packet vanish, in both directions. Nobody is told: they go to a neighbour that is not there.
func (l *link) cut() error {
	const nobody = "02:00:00:00:00:01"
	return errors.Join(runs("ip", "neigh", "replace", l.there, "lladdr", nobody, "dev", l.plug, "nud", "permanent"),
		runs("ip", "-n", l.name, "neigh", "replace", l.here, "lladdr", nobody, "dev", "cable", "nud", "permanent"))
}

// command returns a command that will run on the other machine.
func (l *link) command(name string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", l.name, name}, args...)...)
}

// inside calls fn so that what it listens on is the other machine's. The goroutine's thread ends with it.
func (l *link) inside(fn func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: nobody else is to get this thread
		f, err := os.Open("/var/run/netns/" + l.name)
		if err == nil {
			defer f.Close()
			err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			err = fn()
		}
		done <- err
	}()
	return <-done
}

// remove takes the machine and the cable away.
func (l *link) remove() { _ = runs("ip", "netns", "del", l.name) }
