package mailbox

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/internal/servers"
	"helpdesk/pkg/fault"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, s *testServer) {
		_, otherCA := certificate(t)
		free, err := servers.FreePort()
		servers.Want(t, err)
		plain, secure := s.options(), options(s.tls)
		secure.User, secure.TLS, secure.CA = s.user, "implicit", s.ca
		start := plain
		start.TLS, start.CA = "starttls", s.ca
		with := func(o Options, change func(*Options)) Options {
			change(&o)
			return o
		}
		for name, c := range map[string]struct {
			o      Options
			extent fault.Extent
			says   []string // parts of the error; nil = Open succeeds
		}{
			"plain":    {o: plain},
			"implicit": {o: secure},
			"starttls": {o: start},
			"password": {with(secure, func(o *Options) {
				o.Password = "wrong"
			}), fault.Setup, []string{"log in to", "as " + s.user, "imap.password"}},
			"folder": {with(plain, func(o *Options) {
				o.Folder = "Inbx"
			}), fault.Setup, []string{"select Inbx", "imap.folder", "Done, INBOX"}},
			"certificate": {with(secure, func(o *Options) {
				o.CA = nil
			}), fault.Setup, []string{"certificate", "helpdesk sandbox", "imap.ca"}},
			"other ca": {with(start, func(o *Options) {
				o.CA = otherCA
			}), fault.Setup, []string{"certificate", "imap.ca"}},
			"bad ca": {with(start, func(o *Options) { o.CA = []byte("x") }), fault.Setup, []string{"imap.ca", "PEM"}},
			"no tls": {with(plain, func(o *Options) {
				o.TLS = "implicit"
			}), fault.Setup, []string{"nothing speaks TLS", "imap.port"}},
			"clear": {with(plain, func(o *Options) {
				o.Host = "imap.example.ru"
			}), fault.Setup, []string{"loopback", "imap.tls"}},
			"tls word": {with(plain, func(o *Options) { o.TLS = "ssl" }), fault.Setup, []string{`"ssl"`, "starttls"}},
			"xoauth2":  {with(plain, func(o *Options) { o.Auth = "xoauth2" }), fault.Setup, []string{"XOAUTH2"}},
			"nobody": {with(plain, func(o *Options) {
				o.Port = free
			}), fault.Server, []string{"connect to", "refused", "imap.port"}},
		} {
			m, err := Open(context.Background(), c.o, true)
			if len(c.says) == 0 {
				if err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if ls := list(t, m); len(ls) != 0 {
					t.Errorf("%s: %v", name, ls)
				}
				m.Close()
				continue
			}
			if err == nil {
				t.Errorf("%s: it opens", name)
				continue
			}
			if fault.ExtentOf(err) != c.extent || fault.Of(err) != fault.Refused {
				t.Errorf("%s: extent %v, %v: %v", name, fault.ExtentOf(err), fault.Of(err), err)
			}
			for _, w := range c.says {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%s: %q is not in %q", name, w, err)
				}
			}
		}
	})
}

func TestOpenHeedsTheGreeting(t *testing.T) {
	t.Parallel()
	answer := func(c string) string {
		switch {
		case strings.HasPrefix(c, "AUTHENTICATE XOAUTH2") && strings.Contains(c, "YmFk"):
			return "+ eyJzdGF0dXMiOiI0MDEifQ=="
		case strings.HasPrefix(c, "AUTHENTICATE XOAUTH2 dXNlcj1ubw"):
			return "NO AUTHENTICATE failed." // as Exchange Online does
		case strings.HasPrefix(c, "AUTHENTICATE XOAUTH2 dXNlcj1idXN5"):
			return "NO [UNAVAILABLE] internal error"
		case strings.HasPrefix(c, "LOGIN \"busy\""):
			return "NO [UNAVAILABLE] internal error"
		}
		return ""
	}
	for name, c := range map[string]struct {
		greeting string
		change   func(*Options)
		extent   fault.Extent
		says     string // part of the error; "" = Open succeeds
		wire     string // what we send must begin with it
	}{
		"preauth": {greeting: "* PREAUTH [CAPABILITY IMAP4rev1] hello", wire: "SELECT"},
		"no login": {
			greeting: "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] x",
			extent:   fault.Setup,
			says:     "LOGINDISABLED",
		},
		"no plain": {
			greeting: "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN SASL-IR] x",
			extent:   fault.Setup,
			says:     "LOGINDISABLED",
		},
		"bye": {greeting: "* BYE too many connections", extent: fault.Server, says: "too many connections"},
		"unavailable": {greeting: greeting, change: func(o *Options) {
			o.User = "busy"
		}, extent: fault.Server, says: "internal error", wire: "LOGIN"},
		"cyrillic": {greeting: "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] x", change: func(o *Options) {
			o.Password = "пароль"
		}, wire: "AUTHENTICATE PLAIN "},
		"xoauth2": {greeting: "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] x", change: func(o *Options) {
			o.Auth = "xoauth2"
		}, wire: "AUTHENTICATE XOAUTH2 dXNlcj1zdXBwb3J0AWF1dGg9QmVhcmVyIHNlY3JldAEB\n"},
		"xoauth2 stale": {greeting: "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] x", change: func(o *Options) {
			o.Auth, o.Password, o.User = "xoauth2", "x", "abad"
		}, extent: fault.Setup, says: "token refused: the server says 401", wire: "AUTHENTICATE XOAUTH2"},
		"oauthbearer": {greeting: "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=OAUTHBEARER] x", change: func(o *Options) {
			o.Auth = "oauth2"
		}, wire: "AUTHENTICATE OAUTHBEARER bixhPXN1cHBvcnQs"},
		"oauth2 stale": {greeting: "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] x", change: func(o *Options) {
			o.Auth, o.User = "oauth2", "no"
		}, extent: fault.Setup, says: "token refused: log in to", wire: "AUTHENTICATE XOAUTH2"},
		"oauth2 busy": {greeting: "* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] x", change: func(o *Options) {
			o.Auth, o.User = "oauth2", "busy"
		}, extent: fault.Server, says: "internal error", wire: "AUTHENTICATE XOAUTH2"},
		"starttls": {greeting: greeting, change: func(o *Options) {
			o.TLS = "starttls"
		}, extent: fault.Server, says: "encrypt", wire: "STARTTLS"},
	} {
		var mu sync.Mutex
		said := ""
		f := newFake(t, c.greeting, func(command string) string {
			mu.Lock()
			defer mu.Unlock()
			if command != "CAPABILITY" {
				said += command + "\n"
			}
			return answer(command)
		})
		o := options(f.addr)
		o.Idle = 3 * time.Second
		if c.change != nil {
			c.change(&o)
		}
		m, err := Open(context.Background(), o, false)
		if m != nil {
			m.Close()
		}
		if (err == nil) != (c.says == "") ||
			(err != nil && (fault.ExtentOf(err) != c.extent || !strings.Contains(err.Error(), c.says))) {
			t.Errorf("%s: %v", name, err)
		}
		mu.Lock()
		if !strings.HasPrefix(said, c.wire) || (c.wire == "" && said != "") {
			t.Errorf("%s: we said %q", name, said)
		}
		mu.Unlock()
	}
}

func TestOpenWaitsNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	l := listen(t) // accepts connections and sends nothing
	o := options(l.Addr().(*net.TCPAddr).String())
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	for _, mode := range []string{"none", "implicit", "starttls"} {
		o.TLS = mode
		if _, err := Open(ctx, o, false); !errors.Is(err, context.DeadlineExceeded) ||
			fault.ExtentOf(err) != fault.Server {
			t.Errorf("%s: %v", mode, err)
		}
	}
}
