package wiring

import (
	"fmt"

	"helpdesk/templates"
)

// MailServer is where a mail server listens.
type MailServer struct {
	Host string
	Port int
	TLS  string // implicit, starttls, none
}

func (s MailServer) String() string { return fmt.Sprintf("%s:%d", s.Host, s.Port) }

// Provider is who keeps a mailbox.
type Provider struct {
	Name       string
	Domains    []string
	MX         []string // ends of the names of their mail exchangers
	Greeting   string   // what their IMAP server says of itself
	IMAP, SMTP MailServer
	Password   string            // app, external, account, oauth2
	Note       map[string]string // what to switch on first, by language
	OAuth      OAuth             // without an ID where applications don't sign in
}

// OAuth is where applications sign in. {tenant} in an address is the setting of that name.
type OAuth struct {
	ID        string // in the settings
	PageURL   string `yaml:"page_url"`
	TokenURL  string `yaml:"token_url"`
	DeviceURL string `yaml:"device_url"` // "" = there are no device codes
	Scopes    []string
	Extra     map[string]string // what the page is asked besides
	Grant     string            // of a device code; "" = as in RFC 8628
	Redirect  string            // where the page sends the browser; "" = any port of this machine
	Loopback  string            // this machine's name there; "" = 127.0.0.1
}

// Providers returns those that the program knows.
func Providers() (all []Provider, err error) {
	return all, Data(templates.FS, "providers.yaml", &all)
}
