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
	case tooLarge(stage, reply):
		return fault.New(fault.Never, fmt.Errorf("%w: %w", fault.ErrTooLarge, err))
	case code >= 500 && code < 600 && (stage == "MAIL" || s.from != "<>" && strings.Contains(reply.Msg, s.from)):
		// QUIRK: Postfix puts off refusing a sender until RCPT (smtpd_delay_reject).
		return fault.New(fault.Never, fmt.Errorf("%w; does the server let this account send as that address? see smtp.envelope_from", err))
	case code >= 500 && code < 600:
		return fault.New(fault.Never, err)
	}
	s.broken = true // an answer that is none: we are out of step
	return fault.Away(lost, err)
}

// tooLarge says whether a refusal is about the size of the letter (RFC 3463, 3.3 and 3.4), or about the files in it.
//
// QUIRK: to a recipient, or with detail 5.2.2, 552 is about his mailbox, which is full. As 552 5.7.0 Gmail refuses kinds of
// files: such a letter passes without them, too.
func tooLarge(stage string, reply *textproto.Error) bool {
	switch detail, _, _ := strings.Cut(reply.Msg, " "); detail {
	case "5.2.3", "5.3.4":
		return true
	case "5.2.2":
		return false
	}
	return reply.Code == 552 && stage != "RCPT"
}
