// Package setup finds out what a configuration needs, from a mail address on: the servers, whether they take the
// password, who the webhook is. It asks a person, and writes the answers into the commented example.
package setup

import (
	"strings"

	"helpdesk/cmd/wiring"
)

// What the data file knows.
type (
	Server   = wiring.MailServer
	Provider = wiring.Provider
)

// Servers is what was found for an address.
type Servers struct {
	IMAP, SMTP Server
	Provider   Provider // without a name where it is not known
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
