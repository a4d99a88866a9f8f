// Package setup finds the values for a configuration, beginning with a mail address: it finds the servers, asks a
// person for the rest, tries the answers, and writes them into the commented example. It does not create files.
package setup

import (
	"strings"

	"helpdesk/cmd/wiring"
)

// Types of the data file of providers.
type (
	Server   = wiring.MailServer
	Provider = wiring.Provider
)

// Servers are the servers found for an address.
type Servers struct {
	IMAP, SMTP Server
	Provider   Provider // without a name if unknown
}

// byDomain returns the provider with mailboxes in this domain.
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

// byMX returns the provider that runs the mail exchanger host.
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
