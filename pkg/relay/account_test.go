package relay

import (
	"context"
	"testing"

	"github.com/emersion/go-smtp"

	"helpdesk/pkg/fault"
)

// TestARefusalOfTheAccountKeepsEveryLetter checks that a refusal stops all letters if it can only be about the account.
// A refusal that is or may be about the recipient concerns one letter.
func TestARefusalOfTheAccountKeepsEveryLetter(t *testing.T) {
	s := memoryServer(t)
	r := open(t, options(s.addr))
	for _, c := range []struct {
		stage    string
		envelope string
		reply    smtp.SMTPError
		account  bool
	}{
		{
			"mail",
			"",
			smtp.SMTPError{
				Code:         553,
				EnhancedCode: smtp.EnhancedCode{5, 7, 1},
				Message:      "Sender address rejected: not owned by auth user.",
			},
			true,
		},
		{"mail", "", smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode, Message: "not you"}, true},
		{"mail", "<>", smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode, Message: "no null sender"}, true},
		{
			"mail",
			"bounce@example.ru",
			smtp.SMTPError{Code: 553, EnhancedCode: smtp.NoEnhancedCode, Message: "not you"},
			true,
		},
		{
			"rcpt",
			"",
			smtp.SMTPError{
				Code:         553,
				EnhancedCode: smtp.EnhancedCode{5, 7, 1},
				Message:      "<support@example.ru>: not owned by user",
			},
			true,
		},
		{
			"rcpt",
			"",
			smtp.SMTPError{
				Code:         554,
				EnhancedCode: smtp.EnhancedCode{5, 7, 1},
				Message:      "<ivan@example.org>: Relay access denied",
			},
			true,
		},
		{
			"rcpt",
			"",
			smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode, Message: "relay not permitted"},
			true,
		},
		{
			"rcpt",
			"",
			smtp.SMTPError{
				Code:         550,
				EnhancedCode: smtp.EnhancedCode{5, 7, 1},
				Message:      "<ivan@example.org>... Relaying denied",
			},
			true,
		},
		{
			"rcpt",
			"",
			smtp.SMTPError{
				Code:         550,
				EnhancedCode: smtp.EnhancedCode{5, 7, 54},
				Message:      "SMTP; Unable to relay recipient in non-accepted domain",
			},
			true,
		},
		{"rcpt", "", smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1},
			Message: "<ivan@example.org>: Recipient address rejected: " +
				"undeliverable address: host mx.example.org said: 554 5.7.1 <ivan@example.org>: Relay access denied"},
			false},
		{
			"rcpt",
			"",
			smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"},
			false,
		},
		{
			"rcpt",
			"",
			smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"},
			true,
		},
		{
			"data",
			"",
			smtp.SMTPError{
				Code:         550,
				EnhancedCode: smtp.EnhancedCode{5, 7, 60},
				Message:      "SMTP; Client does not have permissions",
			},
			true,
		},
		{
			"data",
			"",
			smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"},
			false,
		},
	} {
		s.memory.fail = func(stage string) error {
			if stage == c.stage {
				return &c.reply
			}
			return nil
		}
		l := letterTo("ivan@example.org")
		l.EnvelopeFrom = c.envelope
		_, err := r.Send(context.Background(), l)
		outcome, extent := fault.Never, fault.One
		if c.account {
			outcome, extent = fault.Refused, fault.Setup
		}
		if fault.Of(err) != outcome || fault.ExtentOf(err) != extent {
			t.Errorf("at %s: %v, extent %v: %v", c.stage, fault.Of(err), fault.ExtentOf(err), err)
		}
	}
}

// The limit of an account is temporary and no fault of the letter. A full mailbox is the recipient's matter.
func TestALimitOfTheAccountKeepsEveryLetterForAWhile(t *testing.T) {
	s := memoryServer(t)
	r := open(t, options(s.addr))
	for _, c := range []struct {
		stage string
		reply smtp.SMTPError
		spent bool
	}{
		{
			"data",
			smtp.SMTPError{
				Code:         550,
				EnhancedCode: smtp.EnhancedCode{5, 4, 5},
				Message:      "Daily user sending quota exceeded",
			},
			true,
		},
		{
			"mail",
			smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Sending limit exceeded"},
			true,
		},
		{
			"rcpt",
			smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Ratelimit exceeded"},
			true,
		},
		{
			"rcpt",
			smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 2, 2}, Message: "Mailbox quota exceeded"},
			false,
		},
		{"data", smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}, false},
	} {
		s.memory.fail = func(stage string) error {
			if stage == c.stage {
				return &c.reply
			}
			return nil
		}
		_, err := r.Send(context.Background(), letterTo("ivan@example.org"))
		if spent := fault.Of(err) == fault.Refused && fault.ExtentOf(err) == fault.Server &&
			fault.After(err) > 0; spent != c.spent {
			t.Errorf("%s: %v, extent %v, after %v", c.reply.Message, fault.Of(err), fault.ExtentOf(err),
				fault.After(err))
		}
	}
}
