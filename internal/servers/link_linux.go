package servers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// Link is a second machine, as far as the network goes, and the cable to it: a network namespace with a loopback of its
// own, and two addresses that nothing else reaches.
type Link struct {
	Here, There string // the addresses of this machine and of the other on the cable
	name, plug  string
}

// NewLink makes the other machine. The error is Lacking where that is not permitted.
func NewLink() (*Link, error) {
	ip, err := Find("ip", "package iproute2")
	if err != nil {
		return nil, err
	}
	if os.Getuid() != 0 {
		return nil, Lacking("only root can make a network namespace")
	}
	n := os.Getpid() % 16384
	l := &Link{name: fmt.Sprintf("helpdesk%d", n), plug: fmt.Sprintf("hd%d", n)}
	l.Here, l.There = fmt.Sprintf("10.213.%d.%d", n>>6, n&63<<2+1), fmt.Sprintf("10.213.%d.%d", n>>6, n&63<<2+2)
	if out, err := exec.Command(ip, "netns", "add", l.name).CombinedOutput(); err != nil {
		return nil, Lacking(fmt.Sprintf("no network namespace can be made: %v: %s", err, out))
	}
	err = errors.Join(run(ip, "link", "add", l.plug, "type", "veth", "peer", "name", "cable", "netns", l.name),
		run(ip, "addr", "add", l.Here+"/30", "dev", l.plug), run(ip, "link", "set", l.plug, "up"),
		run(ip, "-n", l.name, "link", "set", "lo", "up"),
		run(ip, "-n", l.name, "addr", "add", l.There+"/30", "dev", "cable"),
		run(ip, "-n", l.name, "link", "set", "cable", "up"))
	if err != nil {
		l.Remove()
	}
	return l, err
}

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, out)
	}
	return nil
}

// Cut lets every packet vanish, in both directions. Nobody is told: they go to a neighbour that is not there.
func (l *Link) Cut() error {
	const nobody = "02:00:00:00:00:01"
	return errors.Join(run("ip", "neigh", "replace", l.There, "lladdr", nobody, "dev", l.plug, "nud", "permanent"),
		run("ip", "-n", l.name, "neigh", "replace", l.Here, "lladdr", nobody, "dev", "cable", "nud", "permanent"))
}

// Command returns a command that will run on the other machine.
func (l *Link) Command(name string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", l.name, name}, args...)...)
}

// Inside calls fn so that what it listens on is the other machine's. The goroutine's thread ends with it.
func (l *Link) Inside(fn func() error) error {
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

// Remove takes the machine and the cable away.
func (l *Link) Remove() { _ = run("ip", "netns", "del", l.name) }
