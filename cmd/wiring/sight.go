package wiring

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"helpdesk/pkg/alarm"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/config"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
)

// Sight returns what a pass saw of the servers: what fails, and what works. It says nothing of servers that the pass
// did not use.
func (p *Parts) Sight(r *pass.Report) alarm.Sight {
	s := alarm.Sight{Pass: r.Kind}
	for _, b := range r.Problems {
		if t, ok := p.trouble(r.Kind, b); ok {
			s.Troubles = append(s.Troubles, t)
		}
	}
	// Of several problems with a server, one that a person must repair comes first.
	slices.SortStableFunc(s.Troubles, func(a, b alarm.Trouble) int {
		switch {
		case a.Person == b.Person:
			return 0
		case a.Person:
			return -1
		}
		return 1
	})
	for _, k := range p.copiers {
		if err := k.err; err != nil && !s.Names(alarm.Mailbox, k.mailbox) {
			s.Troubles = append(s.Troubles, p.of(alarm.Copies, k.mailbox, err))
		}
	}
	s.Troubles = append(s.Troubles, p.certificates.soon(p.Now())...)
	if r.DayFull {
		s.Troubles = append(s.Troubles, alarm.Trouble{Kind: alarm.Replies, Person: true})
	}
	hits := p.Client.Hits() // before alerts, which send requests themselves
	s.Over = func(t alarm.Trouble) bool { return p.over(t, r, hits > 0) }
	return s
}

// trouble converts a problem of a kind of pass; false if the state reports the trouble itself.
func (p *Parts) trouble(during string, b outbox.Problem) (alarm.Trouble, bool) {
	what, name, _ := strings.Cut(b.Where, " ")
	switch {
	case b.Held && what == "outbox":
		return alarm.Trouble{}, false
	case b.Held:
		return alarm.Trouble{Kind: alarm.Notice, Name: b.Where, Note: bitrix.Mask(b.Message), Person: true}, true
	case outbox.Panicked(b.Err): // no server is to blame
		return alarm.Trouble{Kind: alarm.Failure, Name: during, Note: bitrix.Mask(b.Message), Person: true}, true
	}
	kind, ok := map[string]alarm.Kind{"mailbox": alarm.Mailbox, "relay": alarm.Relay, "portal": alarm.Portal,
		"names":     alarm.Names,
		"templates": alarm.Settings}[what]
	if !ok {
		kind, name = alarm.State, ""
	}
	t := p.of(kind, name, b.Err)
	t.Person = b.Setup || kind == alarm.Settings || kind == alarm.State
	return t, true
}

// of returns the trouble for an error.
func (p *Parts) of(kind alarm.Kind, name string, err error) alarm.Trouble {
	return alarm.Trouble{Kind: kind, Name: name, Cause: string(fault.CauseOf(err)), Note: bitrix.Mask(err.Error()),
		Person: fault.ExtentOf(err) == fault.Setup, About: p.Address(name)}
}

// Address returns the address of the mailbox of that name, "" = there is no such mailbox.
func (p *Parts) Address(name string) string {
	if i := p.mailbox(name); i >= 0 {
		return Sender(p.mailboxes[i]).Addr
	}
	return ""
}

func (p *Parts) mailbox(name string) int {
	return slices.IndexFunc(p.mailboxes, func(m config.Mailbox) bool { return m.Name == name })
}

// over reports whether the pass saw the end of a trouble.
func (p *Parts) over(t alarm.Trouble, r *pass.Report, asked bool) bool {
	gone := p.mailbox(t.Name) < 0 // the settings no longer have this mailbox
	switch t.Kind {
	case alarm.Mailbox:
		return gone || p.pauses.reached("imap "+t.Name)
	case alarm.Relay:
		return gone || p.pauses.reached("smtp "+t.Name)
	case alarm.Portal:
		return asked
	case alarm.Copies:
		i := slices.IndexFunc(p.copiers, func(k *copier) bool { return k.mailbox == t.Name })
		return i < 0 || p.copiers[i].saved && p.copiers[i].err == nil
	case alarm.Certificate:
		return p.certificates.has(t.Name) || !slices.Contains(p.hosts, t.Name)
	case alarm.Names:
		return r.Opened+r.Commented+r.Sent > 0
	case alarm.Failure:
		return t.Name == r.Kind
	case alarm.Replies:
		return r.Replying
	case alarm.Notice:
		return false
	}
	return true
}

// hosts returns the names of all servers with certificates.
func hosts(cfg *config.Config) []string {
	var all []string
	for _, m := range cfg.Mailboxes {
		all = append(all, m.IMAP.Host, m.SMTP.Host)
	}
	addresses := []string{cfg.Bitrix24.Webhook}
	if cfg.Contacts.OneC != nil {
		addresses = append(addresses, cfg.Contacts.OneC.URL)
	}
	for _, a := range addresses {
		if u, err := url.Parse(a); err == nil {
			all = append(all, u.Hostname())
		}
	}
	return all
}

// certificates are the validity periods of the servers' certificates that this run has seen.
type certificates struct {
	mu   sync.Mutex
	seen map[string]period
}

type period struct{ from, until time.Time }

func (c *certificates) note(host string, from, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]period{}
	}
	if was, ok := c.seen[host]; !ok || until.Before(was.until) {
		c.seen[host] = period{from, until}
	}
}

func (c *certificates) has(host string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.seen[host]
	return ok
}

// soonest is how long before the end of a certificate people are alerted. For a short-lived certificate, which renews
// itself, it is the last third of its life.
const soonest = 14 * 24 * time.Hour

// soon returns a trouble for each certificate that expires soon.
func (c *certificates) soon(now time.Time) (all []alarm.Trouble) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for host, p := range c.seen {
		if p.until.Sub(now) < min(soonest, p.until.Sub(p.from)/3) {
			all = append(all, alarm.Trouble{Kind: alarm.Certificate, Name: host, Until: p.until, Person: true,
				Note: "the certificate expires on " + p.until.UTC().Format("2006-01-02")})
		}
	}
	return all
}
