package servers

import (
	"fmt"
	"net"
	"os"
	"testing"
)

// A port for a server is none that the system gives to somebody else before the server listens.
func TestFreePortIsNotGivenToOthers(t *testing.T) {
	first := 32_768
	if raw, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		if _, err := fmt.Sscan(string(raw), &first); err != nil {
			t.Fatal(err)
		}
	}
	if first < highest {
		t.Skip("this system gives these ports to everybody")
	}
	for range 20 {
		port, err := FreePort()
		if err != nil || port < lowest || port >= highest {
			t.Errorf("%d, %v", port, err)
		}
		l, err := net.Listen("tcp", at(port))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
	}
}
