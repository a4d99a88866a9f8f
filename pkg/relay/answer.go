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

// fault converts the server's answer, or its absence, to a fault.Error for the letter; lost is the outcome of a lost
// connection.
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
	case code == 421: // the server is closing the connection (RFC 5321, 3.8)
		s.broken = true
		return fault.Away(fault.Refused, err)
	case code == 530 || code == 535 || code == 538:
		return fault.Misconfigured(fmt.Errorf("%w; check smtp.auth, smtp.user and smtp.tls", err))
	case code >= 400 && code < 500:
		return fault.New(fault.Refused, err)
	case code >= 500 && code < 600:
		return s.refused(stage, reply, err)
	}
	s.broken = true // not a valid answer: commands and answers are out of step
	return fault.Away(lost, err)
}

// refused converts a permanent refusal to an error of this letter (fault.Never). If the refusal is about the sender, it
// concerns every letter, and the error is one of the whole server (fault.Setup or fault.Server).
func (s *session) refused(stage string, reply *textproto.Error, err error) error {
	about := s.about(stage, reply)
	if about == sender && s.letter.utf8 { // the cause may be the SMTPUTF8 of this letter alone
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

// advice returns what a person can do about a refusal of the sender.
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

// limitRest is the pause after an account has used up its sending limit. Limits are per hour or per day.
const limitRest = 30 * time.Minute

// codes maps those codes of RFC 3463 and of single providers that say whom a refusal is about.
//
// QUIRK: for the daily limit Gmail sends 5.4.5 and Exchange Online 5.1.90. Exchange refuses a sender after the letter
// with 5.7.60, and Exchange Online with 5.2.252. RFC 7372 and 7505 define 5.7.20 to 5.7.27.
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
	// gone matches the codes for a recipient that does not exist or whose mailbox accepts nothing.
	gone = lazy.Regexp(`^5\.(1\.(1|2|3|6|10)|2\.[1-4])$`)
	// ours matches a text that says that a full mailbox is the sender's.
	ours = lazy.Regexp(`(?i)\b(send(er|ing)|outgoing|outbound|submission)\b`)
)

// about returns whom a refusal is about, or unknown.
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
		// QUIRK: Gmail refuses certain kinds of files with 552 5.7.0; the letter without its files is accepted.
		return size
	case words == someone && s.toldOf(reply, s.letter.to):
		return recipient
	case words == someone:
		return account
	}
	return words
}

// atMail returns whom a refusal of MAIL is about. No recipient has been named at that point.
func atMail(reply *textproto.Error, words kind) kind {
	switch words {
	case unknown:
		if wire.Busy(reply.Msg) {
			return limit
		}
		return sender
	case recipient: // the full mailbox is our own
		if reply.Code == 552 {
			return account
		}
		return sender
	case someone:
		return account
	}
	return words
}

// atRecipient returns whom a refusal of RCPT is about.
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
		// QUIRK: Postfix puts the recipient before the text of a policy server and before its own texts.
		return unknown
	}
	return words
}

// named reports whether a refusal contains our address.
func (s *session) named(reply *textproto.Error) bool {
	return s.letter.from != "<>" && s.toldOf(reply, s.letter.from)
}

// toldOf reports whether a refusal contains an address, which is given in <>.
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

// endsInAddress and beginsInAddress match text that makes an address part of a longer one.
var (
	endsInAddress   = lazy.Regexp(`[0-9a-z_.+-]$`)
	beginsInAddress = lazy.Regexp(`^(\.?[0-9a-z_-])`)
)

// judge decides an unclear refusal of a recipient by asking whether the server accepts our own address as a recipient.
// If the server refuses it in the same words, the recipient is not the cause. The connection must be between
// transactions, and is so afterwards.
func (s *session) judge(err error) error {
	var doubt, reply *textproto.Error
	if s.broken || !errors.As(err, &doubt) || doubt != s.doubt {
		return err
	}
	again := s.try(s.letter.from, s.letter.own)
	switch {
	case again == nil: // the refusal is about the recipient
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

// try sends MAIL and RCPT for a letter, and then resets the transaction.
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
