package mailbox

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/wire"
)

// startTLS encrypts a connection that begins in the clear (RFC 9051, 6.2.1), and discards what was sent in the clear.
// The caller must have called begin.
//
// QUIRK: go-imap has STARTTLS too, but then our guard could not read the decrypted bytes.
func (s *session) startTLS(ctx context.Context, o Options) (*tls.Conn, error) {
	config, err := o.server().Config()
	if err != nil {
		return nil, err
	}
	greeting, err := s.clearLine()
	if err == nil && !strings.HasPrefix(strings.ToUpper(greeting), "* OK") {
		err = fmt.Errorf("it says %.200q", greeting) // BYE, or PREAUTH, which an attacker on the way might send
	}
	if err != nil {
		return nil, fault.Away(fault.Refused, fmt.Errorf("read the greeting of %s: %w", o.addr(), s.why(err)))
	}
	if _, err = io.WriteString(s.conn, "T0 STARTTLS\r\n"); err != nil {
		return nil, o.server().Explain(s.why(err))
	}
	answer := ""
	for range 20 { // the server may send other lines before its answer
		if answer, err = s.clearLine(); err != nil || strings.HasPrefix(answer, "T0 ") {
			break
		}
		if said, bye := afterFold(answer, "* BYE "); bye {
			return nil, fault.Away(fault.Refused, fmt.Errorf("encrypt %s: %w", o.addr(),
				&byeError{glyph.Cut(glyph.Line(said), 300)}))
		}
	}
	_, ready := afterFold(answer, "T0 OK")
	switch {
	case err != nil:
		return nil, o.server().Explain(s.why(err))
	case !ready && wire.Busy(answer):
		return nil, fault.Away(fault.Refused, fmt.Errorf("encrypt %s: STARTTLS: %.200q", o.addr(), answer))
	case !ready:
		return nil, fault.Misconfigured(fmt.Errorf("encrypt %s: STARTTLS: %.200q; set imap.tls to implicit, port 993",
			o.addr(), answer))
	}
	t := tls.Client(s.conn, config)
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, o.server().Explain(s.why(err))
	}
	return t, nil
}

// afterFold returns what follows a beginning, whatever its case.
func afterFold(line, begin string) (rest string, ok bool) {
	if len(line) < len(begin) || !strings.EqualFold(line[:len(begin)], begin) {
		return "", false
	}
	return line[len(begin):], true
}

// clearLine reads a line byte by byte, so that it reads nothing that belongs to the encrypted stream.
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
