package relay

import (
	"context"
	"net/textproto"
	"strconv"
	"strings"
	"testing"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

// refusals are answers of real servers, or similar ones, with whom they are about.
var refusals = []struct {
	stage  string
	answer string
	want   kind
}{
	// our name in EHLO, and the machine
	{"RCPT", "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", client},
	{"RCPT", "550 5.7.1 <srv>: Helo command rejected: Access denied", client},
	{"MAIL", "501 5.5.4 Invalid domain name", client},
	{"RCPT", "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", client},
	{"RCPT", "554 5.7.1 <unknown[203.0.113.7]>: Client host rejected: Access denied", client},
	{
		"RCPT",
		"554 5.7.1 Service unavailable; Client host [203.0.113.7] blocked using zen.spamhaus.org; " +
			"https://www.spamhaus.org/query/ip/203.0.113.7",
		client,
	},
	{"DATA", "550 5.7.1 Your IP 203.0.113.7 is blocked", client},
	{"MAIL", "550 5.7.606 Access denied, banned sending IP [203.0.113.7]", client},
	{"letter", "550 5.7.25 [203.0.113.7] The IP address sending this message does not have a PTR record", client},
	{"RCPT", "550 rejected because 203.0.113.7 is listed at bl.spamcop.net", client},
	// the account's limit is used up
	{
		"letter",
		"550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to",
		limit,
	},
	{
		"MAIL",
		"550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
		limit,
	},
	{
		"letter",
		"554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; the sender's submission quota was " +
			"exceeded",
		limit,
	},
	{
		"RCPT",
		"550 Domain example.ru has exceeded the max emails per hour (50/50 (100%)) allowed. Message discarded.",
		limit,
	},
	{"MAIL", "550 5.7.1 Quota exceeded", limit},
	{"letter", "554 Throttling failure: Daily message quota exceeded.", limit},
	{"letter", "550 5.7.1 Message rate limit exceeded", limit},
	{"MAIL", "552 5.2.2 Sender quota exceeded", limit},
	{"letter", "550 too many messages from this account", limit},
	{"RCPT", "550 5.7.1 You have exceeded your allowed number of messages per day", limit},
	{"letter", "554 5.7.0 Your monthly credits are exhausted", limit},
	{"MAIL", "554 5.7.1 <support@example.ru>: Sender address rejected: Message sending quota exceeded", limit},
	// the login
	{"letter", "550 5.4.6 Unusual sending activity detected. Please try after sometime", account},
	{"RCPT", "550 5.7.1 Suspicious activity on your account", account},
	{"letter", "550 5.1.8 Access denied, bad outbound sender AS(42004)", account},
	{"letter", "554 Sending paused for this account. For more information, please check the inbox", account},
	{"MAIL", "554 5.1.8 Email Outgoing Blocked", account},
	{"letter", "550 5.7.705 Access denied, tenant has exceeded threshold", account},
	{"RCPT", "550 Account support@example.ru is suspended for sending spam", account},
	// our address
	{"MAIL", "553 5.7.1 Sender address rejected: not owned by auth user.", sender},
	{"RCPT", "550 5.7.1 <support@example.ru>: Sender address rejected: Domain not found", sender},
	{"letter", "550 5.7.60 SMTP; Client does not have permissions to send as this sender", sender},
	{"letter", "550 5.7.0 From address is not one of your addresses", sender},
	{"letter", "550 The from address does not match a verified Sender Identity.", sender},
	// the recipient, or the answer of their server
	{
		"RCPT",
		"550 5.1.1 <ivan@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
		recipient,
	},
	{"RCPT", "552 5.2.2 Mailbox quota exceeded", recipient},
	{"RCPT", "552 5.2.2 <ivan@example.org> Quota exceeded (mailbox for user is full)", recipient},
	{
		"RCPT",
		"550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages",
		recipient,
	},
	{
		"letter",
		"550 5.1.1 host mx.example.org[192.0.2.1] said: 554 5.7.1 Service unavailable; Client host [198.51.100.1] " +
			"blocked using zen.spamhaus.org",
		recipient,
	},
	{
		"RCPT",
		"550 5.1.1 <ivan@example.org>: Recipient address rejected: undeliverable address: host mx.example.org said: " +
			"550 sending limit exceeded",
		recipient,
	},
	{"RCPT", "550 No such user here", recipient},
	{"RCPT", "550 mailbox unavailable", recipient},
	{"letter", "552 5.2.2 Over quota", recipient},
	// the letter
	{"letter", "552 5.3.4 Message size exceeds fixed limit", size},
	{"letter", "554 5.7.1 Message size exceeds the maximum of your account", size},
	{"letter", "554 5.7.1 Message rejected under suspicion of SPAM", unknown},
	// relaying only for known senders
	{"RCPT", "554 5.7.1 <ivan@example.org>: Relay access denied", relaying},
	{"RCPT", "550 5.7.1 Unable to relay", relaying},
	// unclear: the server is asked about our own address
	{"RCPT", "550 5.7.1 Policy rejection", unknown},
	{"RCPT", "450 4.7.1 <ivan@example.org>: Recipient address rejected: Policy Rejection- Quota Exceeded", unknown},
}

func TestWhomARefusalIsAbout(t *testing.T) {
	for _, c := range refusals {
		s := &session{letter: envelope{from: "<support@example.ru>", to: "<ivan@example.org>", usual: true}}
		if got := s.about(c.stage, reply(c.answer[:3], c.answer[4:])); got != c.want {
			t.Errorf("%s: %s\nis about %q, want %q", c.stage, c.answer, got, c.want)
		}
	}
}

// TestNoLetterIsLostOverTheAccount sends to several recipients through a server that refuses all of them, for each of
// these refusals.
func TestNoLetterIsLostOverTheAccount(t *testing.T) {
	stage := map[string]string{"MAIL": "MAIL", "RCPT": "RCPT", "DATA": "DATA", "letter": "dot"}
	for _, c := range refusals {
		if c.want == recipient || c.want == size {
			continue
		}
		for _, envelope := range []string{"", "<>"} {
			if c.want == sender && envelope != "" {
				continue // the account may send, but not from this address
			}
			f := newFake(t, "250-PIPELINING\r\n", func(_ int, s string) string {
				if s == stage[c.stage] {
					return strings.ReplaceAll(c.answer, "\r\n", " ")
				}
				return ""
			})
			r := open(t, options(f.addr))
			for _, to := range []string{"ivan@example.org", "olga@example.net"} {
				l := letterTo(to)
				l.EnvelopeFrom = envelope
				if _, err := r.Send(context.Background(), l); fault.Of(err) != fault.Refused {
					t.Errorf("%q as %q to %s: %v: %v", c.answer, envelope, to, fault.Of(err), err)
				}
			}
		}
	}
}

// TestWhatHitsUsIsNotARecipientsFault uses one server that refuses a single recipient without a reason, and one that
// refuses everybody in the same way.
func TestWhatHitsUsIsNotARecipientsFault(t *testing.T) {
	for _, ehlo := range []string{"", "250-PIPELINING\r\n"} {
		for _, words := range []string{"550 5.7.1 Not today", "550 go away",
			"554 5.7.1 <%>: Recipient address rejected: Access denied",
			"550 5.7.1 <%>: Recipient address rejected: Message rate limit exceeded (id 4f%)"} {
			for _, all := range []bool{false, true} {
				f := newFake(t, ehlo, nil)
				f.each = func(command string) string {
					to, ok := strings.CutPrefix(command, "RCPT TO:")
					if ok && (all || to == "<ivan@example.org>") {
						return strings.ReplaceAll(words, "%", strings.Trim(to, "<>"))
					}
					if command == "DATA" && ok {
						return "503 no recipient"
					}
					return ""
				}
				r := open(t, options(f.addr))
				_, err := r.Send(context.Background(), letterTo("ivan@example.org"))
				want := fault.Never
				if all {
					want = fault.Refused
				}
				if fault.Of(err) != want || all && fault.ExtentOf(err) == fault.One {
					t.Errorf("%q, all %v: %v, extent %v: %v", words, all, fault.Of(err), fault.ExtentOf(err), err)
				}
				_, err = r.Send(context.Background(), letterTo("olga@example.net"))
				if (err != nil) != all || f.conns.Load() != 1 {
					t.Errorf("%q, all %v: then %v on %d connections", words, all, err, f.conns.Load())
				}
			}
		}
	}
}

// TestGreetingsThatRefuse distinguishes temporary refusals from those that a person must resolve.
func TestGreetingsThatRefuse(t *testing.T) {
	for _, c := range []struct {
		stage, answer string
		extent        fault.Extent
		says          string
	}{
		{"greeting", "421 4.3.2 too many connections", fault.Server, "too many connections"},
		{"greeting", "450 4.7.1 come back later", fault.Server, "come back later"},
		{"greeting", "554 5.7.1 your host is not welcome", fault.Setup, "smtp.helo"},
		{"greeting", "554 Server overloaded, come back later", fault.Server, "overloaded"},
		{"greeting", "550 Connection rate limit exceeded", fault.Server, "rate limit"},
		{"greeting", "521 mail.example.ru does not accept mail", fault.Setup, "smtp.helo"},
		{"greeting", "554 5.7.1 Blocked by Spamhaus: 203.0.113.7", fault.Setup, "smtp.helo"},
		{"both", "550 temporarily not available", fault.Server, "temporarily"},
		{"both", "501 Syntactically invalid EHLO argument(s)", fault.Setup, "smtp.helo"},
		{"EHLO", "421 4.7.0 try again later", fault.Server, "greet"},
		{"EHLO", "450 4.7.1 <srv>: Helo command rejected: Host not found", fault.Server, "Host not found"},
		{"EHLO", "451 4.3.0 load", fault.Server, "load"},
		{"both", "450 4.7.1 not yet", fault.Server, "not yet"},
		{
			"both",
			"504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
			fault.Setup,
			"smtp.helo",
		},
		{"both", "554 5.7.1 client host blocked", fault.Setup, "smtp.helo"},
		{"EHLO", "502 5.5.1 what is that", fault.Setup, "no way to log in"},
	} {
		f := newFake(t, "250-AUTH PLAIN\r\n", func(_ int, s string) string {
			if s == c.stage {
				return c.answer
			}
			return ""
		})
		f.each = func(command string) string {
			hello := strings.HasPrefix(command, "EHLO") || strings.HasPrefix(command, "HELO") && c.stage == "both"
			if hello && (c.stage == "EHLO" || c.stage == "both") {
				return c.answer
			}
			return ""
		}
		o := options(f.addr)
		o.Auth, o.User, o.Password = "password", "support", "secret"
		r, err := Open(context.Background(), o)
		if err == nil {
			r.Close()
		}
		if err == nil || fault.ExtentOf(err) != c.extent || fault.Of(err) != fault.Refused ||
			!strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %s: extent %v: %v", c.stage, c.answer, fault.ExtentOf(err), err)
		}
	}
}

// TestLoginsRefusedForLoad checks that they are retried, and that the error does not blame the password.
func TestLoginsRefusedForLoad(t *testing.T) {
	for answer, extent := range map[string]fault.Extent{
		"454 4.7.0 Too many login attempts, please try again later":                                    fault.Server,
		"535 5.7.0 Too many connections from this account":                                             fault.Server,
		"535 5.7.3 Server unavailable":                                                                 fault.Server,
		"550 Account exceeded command or bandwidth limits":                                             fault.Server,
		"535 5.7.8 Temporary authentication failure":                                                   fault.Server,
		"535 5.7.8 Error: authentication failed: Invalid user or password!":                            fault.Setup,
		"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant": fault.Setup,
		"535 Incorrect authentication data, please try again":                                          fault.Setup,
	} {
		f := newFake(t, "250-AUTH PLAIN LOGIN\r\n", nil)
		f.each = func(command string) string {
			if strings.HasPrefix(command, "AUTH") {
				return answer
			}
			return ""
		}
		o := options(f.addr)
		o.Auth, o.User, o.Password = "password", "support", "secret"
		_, err := Open(context.Background(), o)
		if err == nil || fault.ExtentOf(err) != extent ||
			strings.Contains(err.Error(), "smtp.password") != (extent == fault.Setup) {
			t.Errorf("%s: extent %v: %v", answer, fault.ExtentOf(err), err)
		}
	}
}

// TestTry checks that Try asks whether our letters are accepted, and sends none.
func TestTry(t *testing.T) {
	for answer, extent := range map[string]fault.Extent{
		"": -1, "504 5.5.2 <srv>: Helo command rejected: need fully-qualified hostname": fault.Setup,
		"550 5.7.1 no": fault.One, "451 later": fault.One,
		"550 5.4.5 Daily user sending limit exceeded": fault.Server,
	} {
		f := newFake(t, "", nil)
		f.each = func(command string) string {
			if strings.HasPrefix(command, "RCPT") {
				return answer
			}
			return ""
		}
		r := open(t, options(f.addr))
		err := r.Try(t.Context(), desk.Letter{From: desk.Address{Name: "Служба", Addr: "support@почта.рф"}})
		if (err == nil) != (answer == "") || err != nil && fault.ExtentOf(err) != extent {
			t.Errorf("%q: extent %v: %v", answer, fault.ExtentOf(err), err)
		}
		said := f.commands()
		if strings.Contains(said, "DATA") || !strings.HasSuffix(said, "RSET\r\n") ||
			!strings.Contains(said, "RCPT TO:<support@xn--80a1acny.xn--p1ai>") {
			t.Errorf("%q: said %q", answer, said)
		}
	}
}

func TestTheNameWeGive(t *testing.T) {
	for _, c := range [][3]string{{
		"mail.firm.ru",
		"firm.ru",
		"mail.firm.ru",
	}, {"srv", "firm.ru", "firm.ru"}, {"mail.firm.ru.", "x.ru", "mail.firm.ru"},
		{
			"localhost.localdomain",
			"firm.ru",
			"firm.ru",
		}, {
			"сервер.фирма",
			"фирма.рф",
			"xn--80apmps.xn--p1ai",
		}, {"", "", "localhost"}, {"my_pc.lan", "firm.ru", "firm.ru"}} {
		if got := helo(c[0], c[1]); got != c[2] {
			t.Errorf("on %q for %q: %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func FuzzAnswers(f *testing.F) {
	for _, c := range refusals {
		f.Add(c.stage, c.answer)
	}
	f.Add("RCPT", "550 "+strings.Repeat("<a@b> ", 400))
	f.Add("letter", "552 5.2.2 "+strings.Repeat("quota ", 400))
	f.Fuzz(func(t *testing.T, stage, answer string) {
		begun := time.Now()
		s := &session{letter: envelope{from: "<support@example.ru>", to: "<ivan@example.org>", usual: true}}
		err := s.fault(stage, reply("550", answer), fault.Refused)
		if o := fault.Of(err); o != fault.Refused && o != fault.Never {
			t.Errorf("%q: %v", answer, err)
		}
		if gist := fault.Gist(answer); len(gist) > 2*maxAnswer || time.Since(begun) > 5*time.Second {
			t.Errorf("%q: %d bytes after %v", answer, len(gist), time.Since(begun))
		}
	})
}

func reply(code, msg string) *textproto.Error {
	n, _ := strconv.Atoi(code)
	return &textproto.Error{Code: n, Msg: msg}
}

// TestPostfixRefusesOurName compares a recorded refusal with that of a running Postfix.
func TestPostfixRefusesOurName(t *testing.T) {
	s := postfixServer(t)
	for _, name := range []string{"srv", "banned.example.ru"} {
		o := options(s.addr)
		o.HELO = name
		r := open(t, o)
		_, err := r.Send(t.Context(), letterTo("ivan@example.org"))
		if fault.ExtentOf(err) != fault.Setup || !strings.Contains(err.Error(), "smtp.helo") {
			t.Errorf("as %s: extent %v: %v", name, fault.ExtentOf(err), err)
		}
		err = r.Try(t.Context(), desk.Letter{From: desk.Address{Addr: "support@example.ru"}})
		if fault.ExtentOf(err) != fault.Setup {
			t.Errorf("as %s, asked: %v", name, err)
		}
	}
	r := open(t, options(s.addr))
	if err := r.Try(t.Context(), desk.Letter{From: desk.Address{Addr: "support@example.ru"}}); err != nil {
		t.Error(err)
	}
}
