package config

import (
	"fmt"
	"slices"
	"strings"

	"helpdesk/pkg/wire"
)

// check reports contradictions between keys. A key that has a mistake already gets no second one.
func (d *decoder) check(c *Config) {
	names, places := map[string]int{}, map[string]int{}
	for i, m := range c.Mailboxes {
		key := fmt.Sprintf("mailboxes[%d]", i)
		if first, twice := names[strings.ToLower(m.Name)]; twice && m.Name != "" {
			d.once(key+".name", "is the name of mailboxes[%d] as well", first)
		} else {
			names[strings.ToLower(m.Name)] = i
		}
		d.imap(key+".imap", m.IMAP)
		d.smtp(key+".smtp", m.SMTP)
		d.oauth(key+".oauth", m)
		folder := strings.ToLower(fmt.Sprintf("%s\x00%s\x00%s", m.IMAP.Host, m.IMAP.User, m.IMAP.Folder))
		if first, twice := places[folder]; twice && !d.faulty(key+".imap") && m.IMAP.Host != "" {
			d.once(key+".imap", "reads the same folder as mailboxes[%d]", first)
		} else {
			places[folder] = i
		}
	}
	d.routing(c)
	d.calendar(c)
	d.languages("letters", c.Letters)
	for i, m := range c.Mailboxes {
		d.languages(fmt.Sprintf("mailboxes[%d].letters", i), m.Letters)
	}
	d.contacts(c.Contacts)
	d.notify(c.Notify)
	if within := c.Tickets.ReopenWithin; c.Keep.Tickets > 0 && c.Tickets.Reopen && c.Keep.Tickets < within {
		d.once("keep.tickets", "must be 0s, or at least tickets.reopen_within (%s): until then a letter opens the "+
			"ticket again", within)
	}
}

// once records a mistake unless the key has one.
func (d *decoder) once(key, format string, args ...any) {
	if !d.faulty(key) {
		d.bad(key, format, args...)
	}
}

func (d *decoder) imap(key string, m IMAP) {
	if m.TLS == "none" && !wire.Loopback(m.Host) && m.Host != "" {
		d.once(key+".tls", "none is for a loopback address only: use implicit or starttls")
	}
	if m.Auth != "oauth2" && !d.faulty(key+".auth") {
		d.login(key+".password", m.Password)
	}
	if m.MoveTo != "" && strings.EqualFold(m.MoveTo, m.Folder) {
		d.once(key+".move_to", "must be another folder than the one that is read")
	}
}

func (d *decoder) smtp(key string, m SMTP) {
	if m.TLS == "none" && !wire.Loopback(m.Host) && m.Host != "" {
		d.once(key+".tls", "none is for a loopback address only: use implicit or starttls")
	}
	if m.Auth == "none" || d.faulty(key+".auth") {
		return
	}
	d.login(key+".user", m.User)
	if m.Auth != "oauth2" {
		d.login(key+".password", m.Password)
	}
}

// oauth checks how a mailbox signs in with OAuth.
func (d *decoder) oauth(key string, m Mailbox) {
	o := m.OAuth
	addresses := []struct {
		name, value string
		needed      bool
	}{
		{"token_url", o.TokenURL, true},
		{"auth_url", o.AuthURL, o.DeviceURL == ""},
		{"device_url", o.DeviceURL, false},
		{"scopes", strings.Join(o.Scopes, " "), true},
	}
	if m.SignsIn() {
		d.login(key+".provider", o.Provider)
		d.login(key+".client_id", o.ClientID)
	}
	for _, a := range addresses {
		switch {
		case o.Provider == "custom" && a.needed:
			d.login(key+"."+a.name, a.value)
		case o.Provider != "custom" && a.value != "" && !d.faulty(key+".provider"):
			d.once(key+"."+a.name, "is for oauth.provider: custom; the other providers have their own")
		}
	}
}

// login records that a part of the credentials is missing.
func (d *decoder) login(key, value string) {
	if value == "" && !d.faulty(key) {
		_, given := d.places[key]
		d.missing(key, given)
	}
}

func (d *decoder) contacts(c Contacts) {
	for i, s := range c.Sources {
		if slices.Index(c.Sources, s) < i {
			d.once(fmt.Sprintf("contacts.sources[%d]", i), "is in the list already")
		}
		if s == "onec" && c.OneC == nil {
			d.once(fmt.Sprintf("contacts.sources[%d]", i), "needs contacts.onec, which is not given")
		}
	}
}

// notify refuses prefixes that would send every comment to the customer, or none.
func (d *decoder) notify(n Notify) {
	switch {
	case n.Send == "marked" && n.PublicPrefix == "":
		d.once("notify.public_prefix", "must not be empty where notify.send is marked")
	case n.Send == "all" && n.InternalPrefix == "":
		d.once("notify.internal_prefix", "must not be empty where notify.send is all")
	}
}
