package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/wire"
)

// session is one logged-in connection.
type session struct {
	o       Options
	client  *smtp.Client
	conn    *wire.Conn
	since   time.Time
	letters int  // sent on this connection
	broken  bool // unusable
	early   bool // broken before the server answered any command of the letter
	letter  envelope
	doubt   *textproto.Error // a recipient's refusal whose cause is unclear
}

// begin ties the connection to ctx until the returned function is called.
func (s *session) begin(ctx context.Context) func() { return s.conn.Bind(ctx) }

// why returns the cause of an error, if it is our own closing or a timeout.
func (s *session) why(err error) error {
	var reply *textproto.Error
	if err == nil || s.conn == nil || errors.As(err, &reply) {
		return err
	}
	if cause := s.conn.Failure(); cause != nil && !errors.Is(cause, io.EOF) {
		return cause
	}
	return err
}

// hungUp reports whether the server closed the connection before it accepted any command of the letter.
func (s *session) hungUp() bool { return s.broken && s.early }

// close closes the connection without QUIT.
func (s *session) close() {
	if s.conn != nil {
		_ = s.conn.Close()
	}
}

// quitWait bounds the wait for the answer to QUIT, on which nothing depends.
const quitWait = 3 * time.Second

func (s *session) quit() error {
	defer s.close()
	s.conn.Expect(min(quitWait, s.o.Timeout))
	if err := s.client.Quit(); err != nil {
		return fmt.Errorf("leave %s: %w", s.o.addr(), s.why(err))
	}
	return nil
}

// send makes one mail transaction (RFC 5321, 3.3), and returns the recipients in copy that were refused.
func (s *session) send(ctx context.Context, e envelope, raw []byte) ([]desk.Address, error) {
	defer s.begin(ctx)()
	s.letters++
	if err := s.fits(e, len(raw)); err != nil {
		return nil, err
	}
	refused, err := s.announce(e, len(raw))
	if err != nil {
		return nil, s.judge(err)
	}
	return refused, s.write(raw)
}

// write sends the letter after DATA.
func (s *session) write(raw []byte) error {
	// QUIRK: on any later write go-mail's writer ends a letter that failed in the middle with a dot, and the server
	// accepts the truncated letter. So after a failure here the connection is closed and nothing more is written.
	text := s.client.Text
	dot := text.DotWriter()
	_, err := dot.Write(raw)
	if err == nil {
		err = text.W.Flush()
	}
	if err == nil {
		err = dot.Close()
	}
	if err != nil {
		s.broken = true
		return fault.Away(fault.Refused, fmt.Errorf("write the letter: %w", s.why(err)))
	}
	s.conn.Expect(5 * s.o.Timeout)
	defer s.conn.Expect(s.o.Timeout)
	_, _, err = text.ReadResponse(250)
	return s.fault("letter", err, fault.Unsure)
}

// fits returns an error for a letter that the server has said it does not accept.
func (s *session) fits(e envelope, size int) error {
	if utf8, _ := s.client.Extension("SMTPUTF8"); e.utf8 && !utf8 {
		return fault.New(fault.Never, fmt.Errorf("the server %s takes no addresses with letters other than Latin "+
			"before the @", s.o.addr()))
	}
	_, limit := s.client.Extension("SIZE")
	if n, err := strconv.Atoi(limit); err == nil && n > 0 && size > n {
		return fault.New(fault.Never, fmt.Errorf("the letter has %d bytes, the server %s takes %d: %w", size,
			s.o.addr(), n,
			fault.ErrTooLarge))
	}
	return nil
}

// announce sends MAIL, RCPT and DATA, and returns the recipients in copy that were refused. With a single recipient it
// pipelines the commands if the server supports this (RFC 2920), which saves two round trips. With more, the server
// could accept others but refuse the first.
func (s *session) announce(e envelope, size int) (refused []desk.Address, err error) {
	from := "MAIL FROM:" + e.from
	if ok, _ := s.client.Extension("SIZE"); ok {
		from += " SIZE=" + strconv.Itoa(size)
	}
	if e.utf8 {
		from += " SMTPUTF8"
	}
	s.early, s.letter, s.doubt = true, e, nil
	commands := []string{from, "RCPT TO:" + e.to, "DATA"}
	if ok, _ := s.client.Extension("PIPELINING"); ok && len(e.cc) == 0 {
		return nil, s.together(commands)
	}
	for i, c := range commands {
		if stages[i] == "DATA" {
			if refused, err = s.copies(e); err != nil {
				return nil, err
			}
		}
		if err := s.client.Text.PrintfLine("%s", c); err != nil {
			return nil, s.fault(stages[i], err, fault.Refused)
		}
		if err := s.answer(i); err != nil {
			s.reset()
			return nil, err
		}
	}
	return refused, nil
}

// copies sends RCPT for the recipients in copy, and returns those refused for any reason: the server has already
// accepted the first recipient, so the sender is not the cause.
func (s *session) copies(e envelope) (refused []desk.Address, err error) {
	for i, to := range e.cc {
		err := s.client.Text.PrintfLine("RCPT TO:%s", to)
		if err == nil {
			_, _, err = s.client.Text.ReadResponse(2)
		}
		var reply *textproto.Error
		switch {
		case err == nil:
		case errors.As(err, &reply) && reply.Code != 421 && reply.Code >= 400 && reply.Code < 600:
			refused = append(refused, e.copied[i])
		default:
			return nil, s.fault("RCPT", err, fault.Refused)
		}
	}
	return refused, nil
}

// stages are the commands' names for errors; wanted are the codes of success, or their first digits.
var (
	stages = [...]string{"MAIL", "RCPT", "DATA"}
	wanted = [...]int{2, 2, 354}
)

func (s *session) answer(stage int) error {
	_, _, err := s.client.Text.ReadResponse(wanted[stage])
	return s.fault(stages[stage], err, fault.Refused)
}

func (s *session) together(commands []string) error {
	if err := s.client.Text.PrintfLine("%s", strings.Join(commands, "\r\n")); err != nil {
		return s.fault(stages[0], err, fault.Refused)
	}
	var first error
	for i := range commands {
		err := s.answer(i)
		if first == nil {
			first = err
		}
		if s.broken {
			return first
		}
		if i == 2 && err == nil && first != nil {
			// The server expects a letter that has no recipient (RFC 2920, 3.1): send an empty one.
			if s.client.Text.PrintfLine(".") != nil || s.discard() != nil {
				s.broken = true
			}
		}
	}
	if first != nil {
		s.reset()
	}
	return first
}

func (s *session) discard() error {
	_, _, err := s.client.Text.ReadResponse(0)
	return err
}

// reset prepares the connection for the next letter after a refusal.
func (s *session) reset() {
	if !s.broken && s.client.Reset() != nil {
		s.broken = true
	}
}
