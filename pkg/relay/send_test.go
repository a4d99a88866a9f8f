package relay

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"helpdesk/internal/servers"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

func TestSendHandsOverWhatItComposed(t *testing.T) {
	onServers(t, func(t *testing.T, s *testServer) {
		r := open(t, options(s.addr))
		for name, c := range map[string]struct {
			change   func(*desk.Letter)
			from, to string
		}{
			"account": {func(l *desk.Letter) {}, "support@example.ru", "ivan@example.org"},
			"null":    {func(l *desk.Letter) { l.EnvelopeFrom = "<>" }, "", "ivan@example.org"},
			"address": {func(l *desk.Letter) {
				l.EnvelopeFrom = "bounce@example.ru"
			}, "bounce@example.ru", "ivan@example.org"},
			"idn": {func(l *desk.Letter) {
				l.To.Addr = "ivan@почта.рф"
			}, "support@example.ru", "ivan@xn--80a1acny.xn--p1ai"},
			"quoted": {func(l *desk.Letter) {
				l.To.Addr = "ivan petrov@example.org"
			}, "support@example.ru", "ivan petrov@example.org"},
		} {
			l := letterTo("ivan@example.org")
			c.change(&l)
			raw, err := r.Send(context.Background(), l)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			got := s.letters(t, 1)
			got[0].to[0] = strings.ReplaceAll(got[0].to[0], `"`, "")
			want := []taken{{from: c.from, to: []string{c.to}, raw: string(raw.Raw)}}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(taken{})); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		if s.memory != nil && s.memory.conns != 1 {
			t.Errorf("%d connections", s.memory.conns)
		}
	})
}

func TestSendSaysWhatARefusalMeans(t *testing.T) {
	onServers(t, func(t *testing.T, s *testServer) {
		r := open(t, options(s.addr))
		for _, c := range []struct {
			name    string
			change  func(*desk.Letter)
			outcome fault.Outcome
			extent  fault.Extent
			says    string
		}{
			{"later", func(l *desk.Letter) { l.To.Addr = "later@example.org" }, fault.Refused, fault.One, "450"},
			{"never", func(l *desk.Letter) { l.To.Addr = "never@example.org" }, fault.Never, fault.One, "550"},
			{"closing", func(l *desk.Letter) { l.To.Addr = "closing@example.org" }, fault.Refused, fault.Server, "421"},
			{"sender", func(l *desk.Letter) {
				l.EnvelopeFrom = "refused@example.ru"
			}, fault.Refused, fault.Setup, "smtp.envelope_from"},
			{"own sender", func(l *desk.Letter) {
				l.From.Addr = "refused@example.ru"
			}, fault.Refused, fault.Setup, "smtp.user"},
			{"size", func(l *desk.Letter) { l.Text = strings.Repeat("я", 200000) }, fault.Never, fault.One, "200000"},
			{"address", func(l *desk.Letter) {
				l.To.Addr = "a@b.ru\r\nRCPT TO:<c@d.ru>"
			}, fault.Never, fault.One, "not an address"},
			{"two", func(l *desk.Letter) { l.To.Addr = "a@b.ru>,<c@d.ru" }, fault.Never, fault.One, "not an address"},
			{"from", func(l *desk.Letter) { l.From.Addr = "" }, fault.Never, fault.One, "from"},
		} {
			l := letterTo("ivan@example.org")
			c.change(&l)
			_, err := r.Send(context.Background(), l)
			if err == nil || fault.Of(err) != c.outcome || fault.ExtentOf(err) != c.extent ||
				!strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, extent %v: %v", c.name, fault.Of(err), fault.ExtentOf(err), err)
			}
			if _, err := r.Send(context.Background(), letterTo("ivan@example.org")); err != nil {
				t.Errorf("after %s: %v", c.name, err)
			}
			s.letters(t, 1)
		}
	})
}

func TestSendSaysWhatARefusalOfTheLetterMeans(t *testing.T) {
	s := memoryServer(t)
	r := open(t, options(s.addr))
	for _, c := range []struct {
		code    int
		says    string
		want    fault.Outcome
		patient bool // the refusal counts as final if it persists
	}{
		{
			451,
			"no",
			fault.Refused,
			false,
		}, {452, "no", fault.Refused, false}, {550, "no", fault.Refused, true}, {554, "no", fault.Refused, true},
		{550, "No such user here", fault.Never, false}, {552, "too large", fault.Never, false},
	} {
		s.memory.fail = func(stage string) error {
			if stage == "data" {
				return &smtp.SMTPError{Code: c.code, Message: c.says}
			}
			return nil
		}
		_, err := r.Send(context.Background(), letterTo("ivan@example.org"))
		tries, over := fault.Patience(err)
		if fault.Of(err) != c.want || fault.ExtentOf(err) != fault.One || (tries > 1 && over > 0) != c.patient {
			t.Errorf("%d %s: %v, %d tries over %v", c.code, c.says, err, tries, over)
		}
	}
	if s.memory.conns != 1 {
		t.Errorf("%d connections", s.memory.conns)
	}
}

func TestSMTPUTF8OnlyWhereAnAddressNeedsIt(t *testing.T) {
	for _, offered := range []string{"", "250-SMTPUTF8\r\n"} {
		f := newFake(t, offered, nil)
		r := open(t, options(f.addr))
		if _, err := r.Send(context.Background(), letterTo("ivan@почта.рф")); err != nil {
			t.Fatal(err)
		}
		l := letterTo("иван@почта.рф")
		_, err := r.Send(context.Background(), l)
		if (err == nil) != (offered != "") || (err != nil && fault.Of(err) != fault.Never) {
			t.Errorf("with %q: %v", offered, err)
		}
		said := f.commands()
		if n := strings.Count(said, " SMTPUTF8"); n != len(offered)/14 {
			t.Errorf("said %q", said)
		}
	}
}

// fakeServer drops the connection where drop says so.
type fakeServer struct {
	addr  string
	ehlo  string                              // lines of the answer to EHLO
	drop  func(conn int, stage string) string // "drop", an answer, or "" for the default
	each  func(command string) string         // answer to a command, "" for the default; nil = always the default
	conns atomic.Int32
	mu    sync.Mutex
	said  strings.Builder
}

func newFake(t *testing.T, ehlo string, drop func(conn int, stage string) string) *fakeServer {
	t.Helper()
	l := listen(t)
	f := &fakeServer{addr: l.Addr().String(), ehlo: ehlo, drop: drop}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go f.serve(c, int(f.conns.Add(1)))
		}
	}()
	return f
}

func (f *fakeServer) commands() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.said.String()
}

func (f *fakeServer) serve(c net.Conn, n int) {
	defer c.Close()
	in := bufio.NewReader(c)
	given := "" // the last answer
	answer := func(stage, usual string) bool {
		if f.drop != nil {
			switch a := f.drop(n, stage); a {
			case "":
			case "drop":
				return false
			case "stall":
				io.Copy(io.Discard, in)
				return false
			default:
				usual = a + "\r\n"
			}
		}
		given = usual
		_, err := io.WriteString(c, usual)
		return err == nil
	}
	if !answer("greeting", "220 hello\r\n") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		f.mu.Lock()
		f.said.WriteString(line)
		f.mu.Unlock()
		if f.each != nil {
			if a := f.each(strings.TrimSpace(line)); a != "" {
				if _, err := io.WriteString(c, a+"\r\n"); err != nil || strings.HasPrefix(a, "421") {
					return
				}
				continue
			}
		}
		switch stage := strings.ToUpper(line[:min(len(line), 4)]); stage {
		case "EHLO":
			if !answer(stage, "250-mx\r\n"+f.ehlo+"250 8BITMIME\r\n") {
				return
			}
		case "DATA":
			if !answer(stage, "354 go\r\n") {
				return
			}
			if !strings.HasPrefix(given, "354") {
				continue
			}
			if !f.body(in, n) || !answer("dot", "250 taken\r\n") {
				return
			}
		case "QUIT":
			answer(stage, "221 bye\r\n")
			return
		default:
			if !answer(stage, "250 ok\r\n") {
				return
			}
		}
	}
}

// body reads a letter; if it is to be dropped in the letter, only a part.
func (f *fakeServer) body(in *bufio.Reader, n int) bool {
	for i := 0; ; i++ {
		if i == 5 && f.drop != nil && f.drop(n, "body") == "drop" {
			return false
		}
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			return true
		}
	}
}

func TestALostConnectionSaysWhetherTheLetterWasTaken(t *testing.T) {
	for _, ehlo := range []string{"", "250-PIPELINING\r\n250-SIZE 100000000\r\n"} {
		for _, before := range []int32{0, 1} { // letters sent earlier on the same connection
			for stage, outcome := range map[string]fault.Outcome{
				"MAIL": fault.Refused, "RCPT": fault.Refused, "DATA": fault.Refused, "body": fault.Refused,
				"dot": fault.Unsure,
			} {
				if stage == "MAIL" && before > 0 {
					continue // see TestAConnectionTheServerEndedMeanwhileIsReplaced
				}
				var times atomic.Int32
				f := newFake(t, ehlo, func(_ int, s string) string {
					if s == stage && times.Add(1) == before+1 {
						return "drop"
					}
					return ""
				})
				loseALetter(t, f, stage, int(before), outcome)
			}
		}
	}
}

// loseALetter sends letters until one is lost, and then another one.
func loseALetter(t *testing.T, f *fakeServer, stage string, before int, outcome fault.Outcome) {
	t.Helper()
	r := open(t, options(f.addr))
	l := letterTo("ivan@example.org")
	for range before {
		if _, err := r.Send(context.Background(), l); err != nil {
			t.Fatal(err)
		}
	}
	if stage == "body" {
		l.Files = []desk.Part{{Name: "a.bin", Content: make([]byte, 20<<20)}} // more than the system buffers
	}
	raw, err := r.Send(context.Background(), l)
	if fault.Of(err) != outcome || fault.ExtentOf(err) != fault.Server || len(raw.Raw) == 0 {
		t.Errorf("%s: %v, extent %v: %v", stage, fault.Of(err), fault.ExtentOf(err), err)
	}
	if n := f.conns.Load(); n != 1 {
		t.Errorf("%s: tried on %d connections", stage, n)
	}
	if _, err := r.Send(context.Background(), letterTo("ivan@example.org")); err != nil {
		t.Errorf("after %s: %v", stage, err)
	}
	if n := f.conns.Load(); n != 2 {
		t.Errorf("%s: %d connections", stage, n)
	}
}

func TestAConnectionTheServerEndedMeanwhileIsReplaced(t *testing.T) {
	for _, how := range []string{"drop", "421 4.4.2 idle too long"} {
		var mails atomic.Int32
		f := newFake(t, "", func(conn int, stage string) string {
			if stage == "MAIL" {
				if mails.Add(1) == 2 {
					return how
				}
			}
			return ""
		})
		r := open(t, options(f.addr))
		for range 2 {
			if _, err := r.Send(context.Background(), letterTo("ivan@example.org")); err != nil {
				t.Errorf("%s: %v", how, err)
			}
		}
		if n := f.conns.Load(); n != 2 {
			t.Errorf("%s: %d connections", how, n)
		}
	}
}

func TestAPipelinedLetterWithoutRecipientIsEnded(t *testing.T) {
	rcpts := 0
	f := newFake(t, "250-PIPELINING\r\n", func(_ int, stage string) string {
		if stage == "RCPT" {
			if rcpts++; rcpts == 1 {
				return "550 no such user"
			}
		}
		return "" // and DATA is accepted all the same
	})
	r := open(t, options(f.addr))
	if _, err := r.Send(context.Background(), letterTo("ivan@example.org")); fault.Of(err) != fault.Never {
		t.Errorf("got %v", err)
	}
	if _, err := r.Send(context.Background(), letterTo("ivan@example.org")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if n := f.conns.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestSilenceAndTheEndOfTheContextEndTheWait(t *testing.T) {
	for _, stage := range []string{"greeting", "EHLO", "MAIL", "dot"} {
		for _, byContext := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, by context: %t", stage, byContext), func(t *testing.T) {
				t.Parallel()
				endsTheWait(t, stage, byContext)
			})
		}
	}
}

// endsTheWait lets the server be silent from a stage on. The context, if it is to end the wait, ends when that stage is
// reached; other stages may take up to the time limit.
func endsTheWait(t *testing.T, stage string, byContext bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := newFake(t, "", func(_ int, s string) string {
		if s != stage {
			return ""
		}
		if byContext {
			cancel()
		}
		return "stall"
	})
	o := options(f.addr)
	o.Timeout = time.Second
	if byContext {
		o.Timeout = time.Minute
	}
	r, err := Open(ctx, o)
	if err == nil {
		_, err = r.Send(ctx, letterTo("ivan@example.org"))
		r.Close()
	}
	want := fault.Refused
	if stage == "dot" {
		want = fault.Unsure
	}
	if err == nil || fault.Of(err) != want || fault.ExtentOf(err) != fault.Server {
		t.Error(err)
	}
	if !byContext && !strings.Contains(fmt.Sprint(err), "no answer for") ||
		byContext && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestConnectionsAreSharedAndAsManyAsTheServerAllows(t *testing.T) {
	for _, allowed := range []int{1, 2, 9} {
		var most, now atomic.Int32
		f := newFake(t, "", func(conn int, stage string) string {
			switch stage {
			case "greeting":
				if conn > allowed {
					return "421 too many connections"
				}
			case "MAIL":
				most.Store(max(most.Load(), now.Add(1)))
			case "DATA":
				time.Sleep(5 * time.Millisecond)
			case "dot":
				now.Add(-1)
			}
			return ""
		})
		o := options(f.addr)
		o.Connections = 4
		r := open(t, o)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := r.Send(context.Background(), letterTo("ivan@example.org")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := int(most.Load()); n > min(allowed, 4) || (allowed > 1 && n < 2) {
			t.Errorf("%d allowed, %d at a time", allowed, n)
		}
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	s := memoryServer(t)
	_, otherCA := certificate(t)
	free, err := servers.FreePort()
	servers.Want(t, err)
	plain := options(s.addr)
	plain.Auth, plain.User, plain.Password = "password", "support", "secret"
	with := func(change func(*Options)) Options {
		o := plain
		change(&o)
		return o
	}
	implicit := func(o *Options) { o.TLS, o.CA, o.Port = "implicit", s.ca, options(s.tls).Port }
	f := newFake(t, "", nil)
	busy := newFake(t, "", func(int, string) string { return "421 too busy" })
	for name, c := range map[string]struct {
		o      Options
		extent fault.Extent
		says   []string // parts of the error; nil = Open succeeds
	}{
		"plain":    {o: plain},
		"starttls": {o: with(func(o *Options) { o.TLS, o.CA = "starttls", s.ca })},
		"implicit": {o: with(implicit)},
		"xoauth2":  {o: with(func(o *Options) { o.Auth, o.Password = "xoauth2", "token" })},
		"token":    {with(func(o *Options) { o.Auth = "xoauth2" }), fault.Setup, []string{"535", "access token"}},
		"oauth2": {with(func(o *Options) {
			o.Auth = "oauth2"
		}), fault.Setup, []string{"token refused: the server says 401", "535"}},
		"password": {with(func(o *Options) {
			o.Password = "wrong"
		}), fault.Setup, []string{"log in to", "as support", "535", "smtp.password"}},
		"certificate": {with(func(o *Options) {
			implicit(o)
			o.CA = nil
		}), fault.Setup, []string{"certificate", "helpdesk sandbox", "smtp.ca"}},
		"other ca": {with(func(o *Options) {
			o.TLS, o.CA = "starttls", otherCA
		}), fault.Setup, []string{"certificate", "smtp.ca"}},
		"bad ca": {with(func(o *Options) {
			o.TLS, o.CA = "starttls", []byte("x")
		}), fault.Setup, []string{"smtp.ca", "PEM"}},
		"no tls": {with(func(o *Options) {
			o.TLS = "implicit"
		}), fault.Setup, []string{"nothing speaks TLS", "smtp.port"}},
		"no starttls": {with(func(o *Options) {
			o.TLS, o.Port = "starttls", options(f.addr).Port
		}), fault.Setup, []string{"STARTTLS", "implicit"}},
		"no auth": {with(func(o *Options) {
			o.Port = options(f.addr).Port
		}), fault.Setup, []string{"no way to log in"}},
		"clear": {with(func(o *Options) {
			o.Host = "smtp.example.ru"
		}), fault.Setup, []string{"loopback", "smtp.tls"}},
		"tls word": {with(func(o *Options) { o.TLS = "ssl" }), fault.Setup, []string{`"ssl"`, "starttls"}},
		"nobody": {with(func(o *Options) {
			o.Port = free
		}), fault.Server, []string{"connect to", "refused", "smtp.port"}},
		"busy": {with(func(o *Options) {
			o.Port = options(busy.addr).Port
		}), fault.Server, []string{"greet", "too busy"}},
	} {
		r, err := Open(context.Background(), c.o)
		if len(c.says) == 0 {
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if _, err := r.Send(context.Background(), letterTo("ivan@example.org")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if err := r.Close(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
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
}
