package mailbox

import (
	"context"
	"strings"
	"testing"

	"helpdesk/pkg/fault"
	"helpdesk/pkg/wire"
)

// TestRefusedForLoad checks that a temporary refusal is reported as such, whatever its code, and that the error does
// not blame the password.
func TestRefusedForLoad(t *testing.T) {
	t.Parallel()
	for answer, busy := range map[string]bool{
		"NO [ALERT] Too many simultaneous connections. (Failure)":                                 true,
		"NO Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10)": true,
		"NO Server Unavailable. 15":                                                         true,
		"NO LOGIN failed. Server is busy":                                                   true,
		"BAD User is authenticated but not connected.":                                      true,
		"NO [AUTHENTICATIONFAILED] Account exceeded command or bandwidth limits. (Failure)": true,
		"NO [LIMIT] LOGIN Rate limit hit":                                                   true,
		"NO Temporary authentication failure. [mx1:2026-11-28]":                             true,
		"NO [AUTHENTICATIONFAILED] Too many login failures, try again later":                true,
		"NO [AUTHENTICATIONFAILED] Authentication failed.":                                  false,
		"NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)":                           false,
		"NO LOGIN failed.":                  false,
		"NO Login failed, please try again": false,
		"NO [AUTHENTICATIONFAILED] authentication failed: invalid user name or password. User limit": false,
		"NO [ALERT] Application-specific password required":                                          false,
	} {
		for _, at := range []string{"LOGIN", "SELECT"} {
			f := newFake(t, greeting, func(command string) string {
				if strings.HasPrefix(command, at) {
					return answer
				}
				return ""
			})
			m, err := Open(context.Background(), options(f.addr), false)
			if m != nil {
				m.Close()
			}
			want := fault.Setup
			if busy {
				want = fault.Server
			}
			if err == nil || fault.ExtentOf(err) != want || strings.Contains(err.Error(), wire.BusyAdvice) != busy ||
				busy && strings.Contains(err.Error(), "imap.password") {
				t.Errorf("%s: %s\nextent %v: %v", at, answer, fault.ExtentOf(err), err)
			}
		}
	}
}

func FuzzLoginAnswers(f *testing.F) {
	for _, s := range []string{"NO [UNAVAILABLE] x", "NO too many connections", "BAD", "OK", "NO [CAPABILITY",
		"* BYE go", "+ x", "NO {3}\r\nabc"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		s := newFake(t, greeting, func(command string) string {
			if strings.HasPrefix(command, "LOGIN") {
				return answer
			}
			return ""
		})
		o := options(s.addr)
		o.Idle = 100_000_000
		m, err := Open(context.Background(), o, false)
		if m != nil {
			m.Close()
		}
		if err != nil && (fault.Of(err) != fault.Refused || fault.ExtentOf(err) == fault.One) {
			t.Errorf("%q: %v", answer, err)
		}
	})
}
