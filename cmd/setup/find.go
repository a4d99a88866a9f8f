package setup

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"helpdesk/cmd/wiring"
	"helpdesk/pkg/desk"
)

// Net is the network that Find uses: DNS, and a probe of mail servers. *net.Resolver has the first two methods.
type Net interface {
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	Probe(ctx context.Context, host string, port int) (greeting string, s Server, err error)
}

// ErrNotFound reports that a domain has no known mail servers.
var ErrNotFound = errors.New("no mail servers found")

// answers bounds all DNS queries and probes.
const answers = 8 * time.Second

// Find returns the mail servers for an address. It tries in this order: a provider known by the domain, the domain's
// SRV records (RFC 6186), a provider known by the domain's MX, servers that answer on usual names in the domain, and
// the mail exchanger itself. The questions are asked in parallel.
func Find(ctx context.Context, n Net, all []Provider, address string) (Servers, error) {
	if p, err := desk.ParsePattern(address); err == nil { // the domain in the form for DNS (RFC 5891)
		address = p.String()
	}
	_, domain, _ := strings.Cut(address, "@")
	domain = strings.ToLower(domain)
	if p, ok := byDomain(all, domain); ok {
		return Servers{p.IMAP, p.SMTP, p}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answers)
	defer cancel()
	var (
		srv, guessed Servers
		exchangers   []*net.MX
		asked        sync.WaitGroup
	)
	asked.Go(func() { srv = recorded(ctx, n, domain) })
	asked.Go(func() { exchangers, _ = n.LookupMX(ctx, domain) })
	asked.Go(func() { guessed = guess(ctx, n, "imap."+domain, "mail."+domain, "smtp."+domain) })
	asked.Wait()
	for _, mx := range exchangers {
		if p, ok := byMX(all, mx.Host); ok {
			if srv.IMAP.Host == "" || srv.SMTP.Host == "" {
				srv = Servers{IMAP: p.IMAP, SMTP: p.SMTP}
			}
			srv.Provider = p
			return srv, nil
		}
	}
	if srv.IMAP.Host != "" && srv.SMTP.Host != "" {
		return srv, nil
	}
	// a company's own server often does both
	if len(exchangers) > 0 && (guessed.IMAP.Host == "" || guessed.SMTP.Host == "") {
		more := guess(ctx, n, strings.TrimSuffix(exchangers[0].Host, "."))
		if guessed.IMAP.Host == "" {
			guessed.IMAP, guessed.Provider = more.IMAP, more.Provider
		}
		if guessed.SMTP.Host == "" {
			guessed.SMTP = more.SMTP
		}
	}
	if guessed.IMAP.Host == "" || guessed.SMTP.Host == "" {
		return guessed, fmt.Errorf("%w for %s", ErrNotFound, domain)
	}
	return guessed, nil
}

// recorded returns the servers in a domain's SRV records. A target of "." means that the service does not exist.
func recorded(ctx context.Context, n Net, domain string) (s Servers) {
	var asked sync.WaitGroup
	ask := func(to *Server, services ...[2]string) {
		for _, service := range services {
			_, found, err := n.LookupSRV(ctx, service[0], "tcp", domain)
			if err != nil || len(found) == 0 || found[0].Target == "." {
				continue
			}
			*to = Server{Host: strings.TrimSuffix(found[0].Target, "."), Port: int(found[0].Port), TLS: service[1]}
			return
		}
	}
	asked.Go(func() { ask(&s.IMAP, [2]string{"imaps", "implicit"}, [2]string{"imap", "starttls"}) })
	// RFC 8314 adds submissions
	asked.Go(func() { ask(&s.SMTP, [2]string{"submissions", "implicit"}, [2]string{"submission", "starttls"}) })
	asked.Wait()
	return s
}

// guess returns the first host that answers as an IMAP server, and the first that answers as a relay, on the usual
// ports.
func guess(ctx context.Context, n Net, hosts ...string) (s Servers) {
	all, err := wiring.Providers()
	if err != nil {
		return s
	}
	type try struct {
		server   Server
		greeting string
	}
	ask := func(ports ...int) try {
		found := make([]try, len(hosts)*len(ports))
		var asked sync.WaitGroup
		for i, host := range hosts {
			for j, port := range ports {
				asked.Go(func() {
					if greeting, server, err := n.Probe(ctx, host, port); err == nil {
						found[i*len(ports)+j] = try{server, greeting}
					}
				})
			}
		}
		asked.Wait()
		for _, t := range found {
			if t.server.Host != "" {
				return t
			}
		}
		return try{}
	}
	var imap, smtp try
	var both sync.WaitGroup
	both.Go(func() { imap = ask(993, 143) })
	both.Go(func() { smtp = ask(465, 587) })
	both.Wait()
	return Servers{imap.server, smtp.server, byGreeting(all, imap.greeting)}
}
