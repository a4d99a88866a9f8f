package relay

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// TestARefusalForTheSizeIsToldApart checks that it is distinguished from other permanent refusals: such a letter may be
// accepted without its files.
func TestARefusalForTheSizeIsToldApart(t *testing.T) {
	s := memoryServer(t)
	r := open(t, options(s.addr))
	for _, c := range []struct {
		stage string
		reply smtp.SMTPError
		large bool
	}{
		{
			"mail",
			smtp.SMTPError{
				Code:         552,
				EnhancedCode: smtp.EnhancedCode{5, 3, 4},
				Message:      "Message size exceeds fixed limit",
			},
			true,
		},
		{
			"data",
			smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 3, 4}, Message: "Message file too big"},
			true,
		},
		{
			"data",
			smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 2, 3}, Message: "RESOLVER.RST.RecipSizeLimit"},
			true,
		},
		{
			"data",
			smtp.SMTPError{
				Code:         552,
				EnhancedCode: smtp.NoEnhancedCode,
				Message:      "Message size exceeds maximum permitted",
			},
			true,
		},
		{
			"data",
			smtp.SMTPError{
				Code:         552,
				EnhancedCode: smtp.EnhancedCode{5, 7, 0},
				Message:      "This message was blocked because its content",
			},
			true,
		},
		{"data", smtp.SMTPError{Code: 552, EnhancedCode: smtp.EnhancedCode{5, 2, 2}, Message: "mailbox full"}, false},
		{"rcpt", smtp.SMTPError{Code: 552, EnhancedCode: smtp.NoEnhancedCode, Message: "mailbox full"}, false},
		{"rcpt", smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}, false},
	} {
		s.memory.fail = func(stage string) error {
			if stage == c.stage {
				return &c.reply
			}
			return nil
		}
		wantLarge(t, r, letterTo("ivan@example.org"), c.large)
	}
	s.memory.fail = nil
	l := letterTo("ivan@example.org")
	l.Text = strings.Repeat("я", 200000) // more than the server's SIZE
	wantLarge(t, r, l, true)
}

func wantLarge(t *testing.T, r *Relay, l desk.Letter, large bool) {
	t.Helper()
	_, err := r.Send(context.Background(), l)
	if fault.Of(err) != fault.Never || fault.ExtentOf(err) != fault.One || errors.Is(err, fault.ErrTooLarge) != large {
		t.Errorf("%v, extent %v: %v", fault.Of(err), fault.ExtentOf(err), err)
	}
}
