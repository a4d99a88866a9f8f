package wiring

import (
	"context"
	"strings"

	"helpdesk/pkg/config"
	"helpdesk/pkg/mailbox"
	"helpdesk/pkg/relay"
	"helpdesk/pkg/wire"
)

// OpenMailbox logs in to a mailbox, even during a pause.
func (p *Parts) OpenMailbox(ctx context.Context, m config.Mailbox, readOnly bool) (*mailbox.Mailbox, error) {
	return p.keys.mailbox(ctx, m, readOnly, false)
}

// OpenRelay logs in to the relay of a mailbox, even during a pause.
func (p *Parts) OpenRelay(ctx context.Context, m config.Mailbox) (*relay.Relay, error) {
	return p.keys.relay(ctx, m)
}

// OpenMailbox logs in to a mailbox with the password in its settings; for OAuth the caller puts the token there.
func OpenMailbox(ctx context.Context, m config.Mailbox, readOnly bool) (*mailbox.Mailbox, error) {
	return openMailbox(ctx, m, readOnly, false, &pauses{certificates: &certificates{}})
}

func openMailbox(ctx context.Context, m config.Mailbox, readOnly, single bool, rest *pauses) (*mailbox.Mailbox, error) {
	ca, err := certificate(m.IMAP.CA)
	if err != nil {
		return nil, err
	}
	return mailbox.Open(ctx, mailbox.Options{Name: m.Name, Host: m.IMAP.Host, Port: m.IMAP.Port, TLS: m.IMAP.TLS,
		CA:   ca,
		Auth: m.IMAP.Auth, User: m.IMAP.User, Password: m.IMAP.Password, Folder: m.IMAP.Folder, MoveTo: m.IMAP.MoveTo,
		Single: single,
		Logins: rest.logins, Folders: rest.folders, Expiry: rest.certificates.note}, readOnly)
}

// OpenRelay logs in to the relay of a mailbox, with the password like OpenMailbox.
func OpenRelay(ctx context.Context, m config.Mailbox) (*relay.Relay, error) {
	return openRelay(ctx, m, nil)
}

func openRelay(ctx context.Context, m config.Mailbox, expiry wire.Expiry) (*relay.Relay, error) {
	ca, err := certificate(m.SMTP.CA)
	if err != nil {
		return nil, err
	}
	return relay.Open(ctx, relay.Options{Host: m.SMTP.Host, Port: m.SMTP.Port, TLS: m.SMTP.TLS, CA: ca,
		Auth: m.SMTP.Auth, Connections: 4,
		User: m.SMTP.User, Password: m.SMTP.Password, HELO: m.SMTP.HELO, Domain: domain(m), Expiry: expiry})
}

// domain returns the domain of the mailbox's address.
func domain(m config.Mailbox) string {
	_, address := m.Sender()
	return address[strings.LastIndexByte(address, '@')+1:]
}
