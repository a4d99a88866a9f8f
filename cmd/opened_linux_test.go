package cmd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"syscall"
	"testing"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// TestFilesOfAnIdlePoll: it reads the settings once. It opens the state twice: for what the log-in needs, and for the
// pass. It reads the status before both, since another pass may end in between, and once more to renew it.
func TestFilesOfAnIdlePoll(t *testing.T) {
	t.Parallel()
	d := newDrive(t, sandbox.PortalOptions{}, "")
	d.minute("poll") // makes the state
	watch, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(watch)
	// Without the ends in between, inotify would report two opens in a row as one.
	if _, err := syscall.InotifyAddWatch(watch, d.dir, syscall.IN_OPEN|syscall.IN_CLOSE); err != nil {
		t.Fatal(err)
	}
	d.minute("poll")
	want := map[string]int{"helpdesk.yaml": 1, "helpdesk.db": 2, "helpdesk.db.status.json": 3,
		"helpdesk.db.status.json.new": 1}
	if got := opened(t, watch); !maps.Equal(got, want) {
		t.Errorf("opened %v, want %v", got, want)
	}
}

// opened returns how often each file of a watched folder was opened.
func opened(t *testing.T, watch int) map[string]int {
	t.Helper()
	raw := make([]byte, 64<<10)
	n, err := syscall.Read(watch, raw)
	if err != nil && !errors.Is(err, syscall.EAGAIN) {
		t.Fatal(err)
	}
	all := map[string]int{}
	for raw = raw[:max(n, 0)]; len(raw) >= syscall.SizeofInotifyEvent; { // inotify(7)
		mask := binary.NativeEndian.Uint32(raw[4:])
		end := syscall.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(raw[12:]))
		name := string(bytes.TrimRight(raw[syscall.SizeofInotifyEvent:end], "\x00"))
		if raw = raw[end:]; mask&syscall.IN_OPEN != 0 && mask&syscall.IN_ISDIR == 0 {
			all[name]++
		}
	}
	return all
}
