package relay

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"

	"helpdesk/pkg/fault"
)

// fault says what an answer, or its absence, means for the letter; lost is what a lost connection means.
func (s *session) fault(stage string, err error, lost fault.Outcome) error {
	if err == nil {
		s.early = false
		return nil
	}
	err = fmt.Errorf("%s: %w", stage, s.why(err))
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		s.broken = true
		return fault.Away(lost, err)
	}
	if reply.Code != 421 {
		s.early = false
	}
	switch code := reply.Code; {
	case code == 421: // it is closing the connection (RFC 5321, 3.8)
		s.broken = true
		return fault.Away(fault.Refused, err)
	case code == 530 || code == 535 || code == 538:
		return fault.Misconfigured(fmt.Errorf("%w; check smtp.auth, smtp.user and smtp.tls", err))
	case code >= 400 && code < 500:
		return fault.New(fault.Refused, err)
	case code >= 500 && code < 600 && (stage == "MAIL" || s.from != "<>" && strings.Contains(reply.Msg, s.from)):
		// QUIRK: Postfix puts off refusing a sender until RCPT (smtpd_delay_reject).
		return fault.New(fault.Never, fmt.Errorf("%w; does the server let this account send as that address? see smtp.envelope_from", err))
	case code >= 500 && code < 600:
		return fault.New(fault.Never, err)
	}
	s.broken = true // an answer that is none: we are out of step
	return fault.Away(lost, err)
}
