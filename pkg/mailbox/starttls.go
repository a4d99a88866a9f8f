package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"

	"helpdesk/pkg/fault"
)

// startTLS encrypts a connection that begins in the clear (RFC 9051, 6.2.1). What was said in the clear is forgotten. A
// begin must be open.
//
// QUIRK: go-imap can do this itself, but then nothing of ours stands between it and what it decrypts, see guard.
func (s *session) startTLS(ctx context.Context, o Options) (*tls.Conn, error) {
	config, err := o.server().Config()
	if err != nil {
		return nil, err
	}
	greeting, err := s.clearLine()
	if err == nil && !strings.HasPrefix(strings.ToUpper(greeting), "* OK") {
		err = fmt.Errorf("it says %.200q", greeting) // BYE, or PREAUTH: somebody between us might say that
	}
	if err != nil {
		err = fault.Away(fault.Refused, fmt.Errorf("read the greeting of %s: %w", o.addr(), s.why(err)))
		return nil, o.server().Silent(ctx, err)
	}
	if _, err = io.WriteString(s.conn, "T0 STARTTLS\r\n"); err != nil {
		return nil, o.server().Explain(s.why(err))
	}
	answer := ""
	for range 20 { // whatever it has to say before it answers
		if answer, err = s.clearLine(); err != nil || strings.HasPrefix(answer, "T0 ") {
			break
		}
	}
	switch {
	case err != nil:
		return nil, o.server().Explain(s.why(err))
	case !strings.HasPrefix(strings.ToUpper(answer), "T0 OK"):
		return nil, fault.Misconfigured(fmt.Errorf("encrypt %s: STARTTLS: %.200q; set imap.tls to implicit, port 993",
			o.addr(), answer))
	}
	t := tls.Client(s.conn, config)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, o.server().Explain(s.why(err))
	}
	return t, nil
}

// clearLine reads a line byte by byte, so that nothing behind it is taken for what comes encrypted.
func (s *session) clearLine() (string, error) {
	var line []byte
	for b := make([]byte, 1); len(line) < 8<<10; {
		if _, err := io.ReadFull(s.conn, b); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return strings.TrimRight(string(line), "\r"), nil
		}
		line = append(line, b[0])
	}
	return "", errors.New("the server's line is longer than 8 kB")
}
