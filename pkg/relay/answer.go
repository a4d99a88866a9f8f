package relay

import (
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"strings"
	"time"

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
	case code >= 500 && code < 600:
		return s.refused(stage, reply, err)
	}
	s.broken = true // an answer that is none: we are out of step
	return fault.Away(lost, err)
}

// refused says what a refusal for good is about: this letter, or who sends it, which keeps every letter until a person
// mends it.
func (s *session) refused(stage string, reply *textproto.Error, err error) error {
	switch about, sure := s.aboutSender(stage, reply); {
	case spent.MatchString(reply.Msg):
		return &fault.Error{Outcome: fault.Refused, Extent: fault.Server, After: limitRest, Err: err}
	case tooLarge(stage, reply):
		return fault.New(fault.Never, fmt.Errorf("%w: %w", fault.ErrTooLarge, err))
	case sure && s.letter.usual:
		return fault.Misconfigured(fmt.Errorf("%w; does the server let this account send as that address? check smtp.user and "+
			"mailboxes[].from", err))
	case about:
		return fault.New(fault.Never, fmt.Errorf("%w; does the server let this account send as that address? see smtp.envelope_from", err))
	case stage == "RCPT" && relaying.MatchString(reply.Msg):
		return fault.Misconfigured(fmt.Errorf("%w; the server takes letters to others from known senders only: check smtp.auth, "+
			"smtp.user and smtp.tls", err))
	}
	return fault.New(fault.Never, err)
}

// limitRest is how long an account that has used up its limit is left alone. Limits are of an hour or a day.
const limitRest = 30 * time.Minute

var (
	// QUIRK: what an account may send in a day is used up with 550 5.4.5 at Gmail, after the letter, as if the letter were
	// refused; others tell it in words alone.
	spent = regexp.MustCompile(`(?i)^5\.4\.5 |\b(daily|hourly|sending|outgoing message|message rate|send) (quota|limit)|ratelimit exceeded`)
	// QUIRK: Postfix puts off refusing a sender until RCPT (smtpd_delay_reject), Exchange until after the letter (5.7.60, and as
	// a service 5.2.252).
	senderRefused = regexp.MustCompile(`(?i)^(5\.\d+\.\d+ )?(\S+@\S+ )?sender address rejected|^5\.(7\.60|2\.252) `)
	// QUIRK: there is no code for it; Postfix, Exim, Sendmail and Exchange each say it in their way. A server that asked the
	// recipient's and tells what that said begins otherwise.
	relaying = regexp.MustCompile(`(?i)^(5\.\d+\.\d+ )?(\S+@\S+ )?(\S+; )?(unable to relay|relay(ing)? )`)
)

// aboutSender says whether a refusal seems to be about the sender, and whether it can be about nothing else.
func (s *session) aboutSender(stage string, reply *textproto.Error) (about, sure bool) {
	named := s.letter.from != "<>" && strings.Contains(reply.Msg, s.letter.from)
	sure = stage == "MAIL" || senderRefused.MatchString(reply.Msg) || named && stage == "RCPT" && !strings.Contains(reply.Msg, s.letter.to)
	return sure || named, sure
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
