package setup

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"helpdesk/pkg/wire"
)

// World is the Net of the real network.
type World struct{ net.Resolver }

// implicit are the ports on which TLS begins at once.
var implicit = []int{993, 465}

// Probe connects to a mail server, reads its greeting, and returns the kind of TLS to use. It does not verify the
// certificate: the login does.
func (w *World) Probe(ctx context.Context, host string, port int) (string, Server, error) {
	s := Server{Host: host, Port: port, TLS: "starttls"}
	d := net.Dialer{Timeout: 4 * time.Second}
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return "", s, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })()
	_ = c.SetDeadline(time.Now().Add(4 * time.Second))
	if slices.Contains(implicit, port) {
		s.TLS = "implicit"
		// no secret is sent, and the answer is not trusted
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true, ServerName: host})
	} else if wire.Loopback(host) {
		s.TLS = "none"
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return "", s, err
	}
	if !strings.HasPrefix(line, "* OK") && !strings.HasPrefix(line, "220") {
		return line, s, fmt.Errorf("it is no mail server: it says %.40q", line)
	}
	return line, s, nil
}
