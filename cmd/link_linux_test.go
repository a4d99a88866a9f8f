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

// link is a second machine in the eyes of the network, with a cable to it: a network namespace with its own loopback,
// and two addresses that nothing else can reach.
type link struct {
	here, there string // addresses of the cable's ends: this machine's and the other's
	name, plug  string
}

// newLink creates the other machine. Without permission the error is servers.Lacking.
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

// cut drops every packet in both directions, without an error to anybody: packets go to a neighbour that does not
// exist.
func (l *link) cut() error {
	const nobody = "02:00:00:00:00:01"
	return errors.Join(runs("ip", "neigh", "replace", l.there, "lladdr", nobody, "dev", l.plug, "nud", "permanent"),
		runs("ip", "-n", l.name, "neigh", "replace", l.here, "lladdr", nobody, "dev", "cable", "nud", "permanent"))
}

// command returns a command that runs on the other machine.
func (l *link) command(name string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", l.name, name}, args...)...)
}

// inside calls fn in the other machine's network, so that fn can listen there. The thread of the goroutine ends with
// it.
func (l *link) inside(fn func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked, so that no other goroutine gets this thread
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

// remove deletes the other machine and the cable.
func (l *link) remove() { _ = runs("ip", "netns", "del", l.name) }
