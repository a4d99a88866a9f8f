package relay

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"time"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/lazy"
	"helpdesk/pkg/wire"
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
// mends it or time does.
func (s *session) refused(stage string, reply *textproto.Error, err error) error {
	about := s.about(stage, reply)
	if about == sender && s.letter.utf8 { // it may be the SMTPUTF8 of this letter
		about = recipient
	}
	switch about {
	case unknown:
		if stage == "RCPT" {
			s.doubt = reply
		}
		if s.named(reply) {
			err = fmt.Errorf("%w; does the server let this account send as that address? see smtp.envelope_from", err)
		}
		return fault.Unclear(err)
	case size:
		return fault.New(fault.Never, fmt.Errorf("%w: %w", fault.ErrTooLarge, err))
	case limit:
		return &fault.Error{Outcome: fault.Refused, Extent: fault.Server, After: limitRest, Err: err}
	case client, domain, account, sender, relaying:
		return fault.Misconfigured(fmt.Errorf("%w; %s", err, s.advice(about)))
	}
	return fault.New(fault.Never, err)
}

// advice says what a person can do about a refusal of us.
func (s *session) advice(about kind) string {
	switch about {
	case client:
		return "the server does not take letters from this machine, or not under the name " + s.o.HELO +
			": set smtp.helo to a name that its address has, or ask who runs the server"
	case domain:
		return "check what the DNS says of the domain in mailboxes[].from: SPF, DKIM and DMARC"
	case account:
		return "the server has closed this account for sending: ask who runs it"
	case relaying:
		return "the server takes letters to others from known senders only: check smtp.auth, smtp.user and smtp.tls"
	}
	if s.letter.usual {
		return "does the server let this account send as that address? check smtp.user and mailboxes[].from"
	}
	return "does the server let this account send as that address? set smtp.envelope_from to account"
}

// limitRest is how long an account that has used up its limit is left alone. Limits are of an hour or a day.
const limitRest = 30 * time.Minute

// codes are those of RFC 3463 and of single providers that tell whom a refusal is about.
//
// QUIRK: Gmail says with 5.4.5 that the day's limit is reached, Exchange Online with 5.1.90; Exchange refuses a sender
// after the letter with 5.7.60, and as a service with 5.2.252. RFC 7372 and 7505 have 5.7.20 to 5.7.27.
var codes = map[string]kind{
	"5.2.3": size, "5.3.4": size,
	"5.4.5": limit, "5.1.90": limit, "5.7.232": limit, "5.7.233": limit, "5.7.236": limit,
	"5.7.60": sender, "5.2.252": sender, "5.1.7": sender, "5.7.512": sender, "5.7.750": sender,
	"5.1.8": account, "5.7.501": account, "5.7.502": account, "5.7.503": account, "5.7.705": account,
	"5.7.708": client, "5.7.606": client, "5.7.511": client, "5.7.25": client,
	"5.7.57": relaying, "5.7.64": relaying,
	"5.7.20": domain, "5.7.21": domain, "5.7.22": domain, "5.7.23": domain, "5.7.24": domain, "5.7.26": domain,
	"5.7.27": domain, "5.7.509": domain, "5.7.515": domain,
}

var (
	// gone are the codes of a recipient who is not there, or whose mailbox takes nothing.
	gone = lazy.Regexp(`^5\.(1\.(1|2|3|6|10)|2\.[1-4])$`)
	// ours says that a full mailbox is the sender's.
	ours = lazy.Regexp(`(?i)\b(send(er|ing)|outgoing|outbound|submission)\b`)
)

// about says whom a refusal is about, unknown where nothing tells.
func (s *session) about(stage string, reply *textproto.Error) kind {
	detail, _, _ := strings.Cut(reply.Msg, " ")
	words := about(reply.Msg)
	switch {
	case codes[detail] != unknown && words != sender:
		return codes[detail]
	case stage == "MAIL":
		return atMail(reply, words)
	case stage == "RCPT":
		return s.atRecipient(detail, words, reply)
	case detail == "5.2.2" && !ours().MatchString(reply.Msg):
		return recipient
	case reply.Code == 552 && words != limit:
		// QUIRK: as 552 5.7.0 Gmail refuses kinds of files: such a letter passes without them.
		return size
	case words == someone && s.toldOf(reply, s.letter.to):
		return recipient
	case words == someone:
		return account
	}
	return words
}

// atMail says whom a refusal of MAIL is about, where no recipient has been named yet.
func atMail(reply *textproto.Error, words kind) kind {
	switch words {
	case unknown:
		if wire.Busy(reply.Msg) {
			return limit
		}
		return sender
	case recipient: // a mailbox that is full is our own
		if reply.Code == 552 {
			return account
		}
		return sender
	case someone:
		return account
	}
	return words
}

// atRecipient says whom a refusal of RCPT is about.
func (s *session) atRecipient(detail string, words kind, reply *textproto.Error) kind {
	theirs := s.toldOf(reply, s.letter.to)
	switch {
	case gone().MatchString(detail) && !ours().MatchString(reply.Msg):
		return recipient
	case words == someone && s.named(reply):
		return account
	case words == unknown && s.named(reply) && !theirs:
		return sender
	case words == someone, words == limit && theirs:
		// QUIRK: Postfix puts the recipient before whatever a policy server says, and before its own words
		return unknown
	}
	return words
}

// named reports whether a refusal names our address.
func (s *session) named(reply *textproto.Error) bool {
	return s.letter.from != "<>" && s.toldOf(reply, s.letter.from)
}

// toldOf reports whether a refusal names an address, which is given in <>.
func (s *session) toldOf(reply *textproto.Error, address string) bool {
	address = strings.ToLower(strings.Trim(address, "<>"))
	for rest := strings.ToLower(reply.Msg[:min(len(reply.Msg), maxAnswer)]); ; {
		before, after, found := strings.Cut(rest, address)
		if !found {
			return false
		}
		if !endsInAddress().MatchString(before) && !beginsInAddress().MatchString(after) {
			return true
		}
		rest = after
	}
}

// What makes an address part of a longer one.
var (
	endsInAddress   = lazy.Regexp(`[0-9a-z_.+-]$`)
	beginsInAddress = lazy.Regexp(`^(\.?[0-9a-z_-])`)
)

// judge asks about a recipient who was refused without a word that tells why: whether the server takes our own address
// from us. Where it refuses that in the same words, the recipient is not to blame. The connection is at rest, and stays
// so.
func (s *session) judge(err error) error {
	var doubt, reply *textproto.Error
	if s.broken || !errors.As(err, &doubt) || doubt != s.doubt {
		return err
	}
	again := s.try(s.letter.from, s.letter.own)
	switch {
	case again == nil: // it is the recipient whom it does not want
		return fault.New(fault.Never, fault.Bare(err))
	case !errors.As(again, &reply) || reply.Code < 500 || fault.Gist(reply.Msg) != fault.Gist(doubt.Msg):
		return err
	}
	err = fault.Bare(err)
	if about(doubt.Msg) == limit {
		return &fault.Error{Outcome: fault.Refused, Extent: fault.Server, After: limitRest, Err: err}
	}
	return fault.Misconfigured(fmt.Errorf("%w; the server refuses our own address in the same words, so it is we "+
		"whom it refuses: check "+
		"smtp.user, smtp.helo and mailboxes[].from, or ask who runs the server", err))
}

// try asks whether the server would take a letter, and takes that back.
func (s *session) try(from, to string) error {
	defer s.reset()
	for i, c := range []string{"MAIL FROM:" + from, "RCPT TO:" + to} {
		err := s.client.Text.PrintfLine("%s", c)
		if err == nil {
			_, _, err = s.client.Text.ReadResponse(2)
		}
		if err = s.fault(stages[i], err, fault.Refused); err != nil {
			return err
		}
	}
	return nil
}
