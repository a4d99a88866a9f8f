// Package setup finds out what a configuration needs, from a mail address on: the servers, whether they take the
// password, who the webhook is. It asks a person, and writes the answers into the commented example.
package setup

import (
	"fmt"
	"strings"

	"helpdesk/cmd/wiring"
	"helpdesk/templates"
)

// Server is where a mail server listens.
type Server struct {
	Host string
	Port int
	TLS  string // implicit, starttls, none
}

func (s Server) String() string { return fmt.Sprintf("%s:%d", s.Host, s.Port) }

// Provider is who keeps a mailbox.
type Provider struct {
	Name       string
	Domains    []string
	MX         []string // ends of the names of their mail exchangers
	Greeting   string   // what their IMAP server says of itself
	IMAP, SMTP Server
	Password   string            // app, external, account, oauth2
	Note       map[string]string // what to switch on first, by language
}

// Servers is what was found for an address.
type Servers struct {
	IMAP, SMTP Server
	Provider   Provider // without a name where it is not known
}

// Providers returns those of the data file.
func Providers() (all []Provider, err error) {
	return all, wiring.Data(templates.FS, "providers.yaml", &all)
}

// byDomain returns who keeps the mailboxes of a domain of their own.
func byDomain(all []Provider, domain string) (Provider, bool) {
	return first(all, func(p Provider) bool {
		for _, d := range p.Domains {
			if d == domain {
				return true
			}
		}
		return false
	})
}

// byMX returns who takes the mail at a mail exchanger.
func byMX(all []Provider, host string) (Provider, bool) {
	host = "." + strings.ToLower(strings.TrimSuffix(host, "."))
	return first(all, func(p Provider) bool {
		for _, end := range p.MX {
			if strings.HasSuffix(host, "."+end) {
				return true
			}
		}
		return false
	})
}

func byGreeting(all []Provider, greeting string) Provider {
	p, _ := first(all, func(p Provider) bool { return p.Greeting != "" && strings.Contains(greeting, p.Greeting) })
	return p
}

func first(all []Provider, is func(Provider) bool) (Provider, bool) {
	for _, p := range all {
		if is(p) {
			return p, true
		}
	}
	return Provider{}, false
}
