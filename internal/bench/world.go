package main

import (
	"errors"
	"fmt"
	"time"

	"helpdesk/pkg/sandbox/mail"
)

// world contains all servers that the programs use.
type world struct {
	imap   *dovecot
	tap    *tap
	slow   *mail.Proxy // proxy of the IMAP server with a round trip of 20 ms
	portal *meter
	smtp   *mail.SMTP
	far    *mail.Proxy // proxy of the relay with a round trip of 20 ms
}

const roundTrip = 20 * time.Millisecond

func startWorld() (w *world, err error) {
	w = &world{}
	defer func() {
		if err != nil {
			w.stop()
		}
	}()
	if w.imap, err = startDovecot(""); err != nil {
		return w, err
	}
	var errs [5]error
	w.tap, errs[0] = startTap(w.imap.Addr)
	w.slow, errs[1] = mail.NewProxy(w.imap.Addr)
	w.portal, errs[2] = startPortal()
	w.smtp, errs[3] = mail.NewSMTP(mail.SMTPOptions{})
	if err := errors.Join(errs[:]...); err != nil {
		return w, fmt.Errorf("start servers: %w", err)
	}
	if w.far, err = mail.NewProxy(w.smtp.Addr()); err != nil {
		return w, err
	}
	w.slow.Delay(roundTrip)
	w.far.Delay(roundTrip)
	return w, nil
}

func (w *world) stop() {
	if w.far != nil {
		_ = w.far.Close()
	}
	if w.smtp != nil {
		_ = w.smtp.Close()
	}
	if w.portal != nil {
		w.portal.stop()
	}
	if w.slow != nil {
		_ = w.slow.Close()
	}
	if w.tap != nil {
		_ = w.tap.ln.Close()
	}
	if w.imap != nil {
		w.imap.Stop()
	}
}
