package wiring

import (
	"fmt"

	"helpdesk/templates"
)

// MailServer is the address of a mail server.
type MailServer struct {
	Host string
	Port int
	TLS  string // implicit, starttls, none
}

func (s MailServer) String() string { return fmt.Sprintf("%s:%d", s.Host, s.Port) }

// Provider is a company that hosts mailboxes.
type Provider struct {
	Name       string
	Domains    []string
	MX         []string // suffixes of their mail exchangers' names
	Greeting   string   // part of their IMAP server's greeting
	IMAP, SMTP MailServer
	Password   string            // app, external, account, oauth2
	Note       map[string]string // what to switch on first, by language
	OAuth      OAuth             // no ID = applications can't sign in
}

// OAuth are the addresses where applications sign in. In an address, {tenant} is the value of the setting tenant.
type OAuth struct {
	ID        string // value of oauth.provider in the settings
	PageURL   string `yaml:"page_url"`
	TokenURL  string `yaml:"token_url"`
	DeviceURL string `yaml:"device_url"` // "" = no device codes
	Scopes    []string
	Extra     map[string]string // extra parameters for the page
	Grant     string            // grant type of a device code; "" = as in RFC 8628
	Redirect  string            // where the page redirects the browser; "" = any port of this machine
	Loopback  string            // this machine's name in that address; "" = 127.0.0.1
}

// Providers returns the built-in list of providers.
func Providers() (all []Provider, err error) {
	return all, Data(templates.FS, "providers.yaml", &all)
}
