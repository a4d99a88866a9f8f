package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"helpdesk/internal/servers"
	"helpdesk/pkg/sandbox/mail"
)

// fault is a way in which the connection to the mailbox breaks.
type fault func(context.Context, *mail.Proxy)

// parseFault parses the value of -fault.
func parseFault(s string) (fault, error) {
	kind, value, _ := strings.Cut(s, "=")
	switch kind {
	case "cut", "upload":
		n, err := strconv.ParseInt(value, 10, 64)
		return func(_ context.Context, p *mail.Proxy) {
			if kind == "cut" {
				p.CutAfter(n)
			} else {
				p.CutUploadAfter(n)
			}
		}, err
	case "drop":
		return func(_ context.Context, p *mail.Proxy) { p.DropNext() }, nil
	case "delay", "stall":
		d, err := time.ParseDuration(value)
		return func(ctx context.Context, p *mail.Proxy) {
			if kind == "delay" {
				p.Delay(d)
			} else {
				go stall(ctx, p, d)
			}
		}, err
	case "rewrite":
		before, after, ok := strings.Cut(value, "=")
		if ok {
			return func(_ context.Context, p *mail.Proxy) {
				p.Rewrite(func(line []byte) []byte { return bytes.ReplaceAll(line, []byte(before), []byte(after)) })
			}, nil
		}
	}
	return nil, fmt.Errorf("no fault %q", s)
}

// stall stops all responses after d.
func stall(ctx context.Context, p *mail.Proxy, d time.Duration) {
	select {
	case <-time.After(d):
		p.Stall()
	case <-ctx.Done():
	}
}

// startMail starts mailbox and relay, and a proxy with the faults in front of the mailbox.
func startMail(ctx context.Context, h *hand, o options, vars map[string]string) {
	mailbox, relay := embeddedMailbox, embeddedRelay
	if o.real || o.dovecot {
		mailbox = dovecotMailbox
	}
	if o.real {
		relay = postfixRelay
	}
	var letter []byte
	if o.letter != "" {
		var err error
		letter, err = os.ReadFile(o.letter)
		h.want(err)
	}
	imap, smtp := mailbox(h, letter), relay(h)
	if len(o.faults) > 0 {
		p, err := mail.NewProxy(imap)
		h.want(err)
		h.Cleanup(func() { _ = p.Close() })
		h.Cleanup(func() { fmt.Fprintf(h.out, "%d connections to the mailbox\n", p.Taken()) })
		for _, f := range o.faults {
			f(ctx, p)
		}
		imap = p.Addr()
	}
	for name, addr := range map[string]string{"HELPDESK_IMAP_PORT": imap, "HELPDESK_SMTP_PORT": smtp} {
		_, port, err := net.SplitHostPort(addr)
		h.want(err)
		vars[name] = port
	}
}

// embeddedMailbox starts the embedded IMAP server and returns its address.
func embeddedMailbox(h *hand, letter []byte) string {
	imap, err := mail.NewIMAP(mail.IMAPOptions{User: user, Password: password, Token: h.token})
	h.want(err)
	h.imap = imap
	h.Cleanup(func() { _ = imap.Close() })
	if letter != nil {
		_, err = imap.Append("INBOX", letter, time.Now())
		h.want(err)
	}
	return imap.Addr()
}

// embeddedRelay starts the embedded SMTP server and returns its address.
func embeddedRelay(h *hand) string {
	smtp, err := mail.NewSMTP(mail.SMTPOptions{User: user, Password: password, Token: h.token})
	h.want(err)
	h.smtp = smtp
	h.Cleanup(func() { _ = smtp.Close() })
	h.Cleanup(func() {
		for _, l := range smtp.Letters() {
			fmt.Fprintln(h.out, "letter to", strings.Join(l.To, ", "))
		}
	})
	return smtp.Addr()
}

// dovecotMailbox starts Dovecot and returns its address.
func dovecotMailbox(h *hand, letter []byte) string {
	dovecot, err := servers.StartDovecot(password, nil, "")
	servers.Want(h, err)
	h.Cleanup(dovecot.Stop)
	if letter != nil {
		h.want(lay(dovecot, letter))
	}
	return dovecot.Addr
}

// postfixRelay starts Postfix, which accepts letters for example.org without a password, and returns its address.
func postfixRelay(h *hand) string {
	cert, _, err := mail.Certificate()
	h.want(err)
	postfix, err := servers.StartPostfix(cert, "", nil)
	servers.Want(h, err)
	h.Cleanup(postfix.Stop)
	h.Cleanup(func() {
		files, _ := filepath.Glob(filepath.Join(postfix.Box, "*"))
		fmt.Fprintf(h.out, "%d letters were delivered\n", len(files))
	})
	return postfix.Addr
}

// lay puts a letter into the mailbox as a mail server delivers it.
func lay(d *servers.Dovecot, letter []byte) error {
	var file string
	for _, name := range []string{"mail/" + user, "mail/" + user + "/Maildir", "mail/" + user + "/Maildir/new"} {
		box, err := d.Folder(name)
		if err != nil {
			return err
		}
		file = filepath.Join(box, "1.sandbox")
	}
	if err := os.WriteFile(file, letter, 0o600); err != nil {
		return err
	}
	return d.Own(file)
}
