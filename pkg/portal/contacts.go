package portal

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

const (
	maxBound = 5 // contacts bound to one task
)

// contact is a row of crm.contact.list.
type contact struct {
	ID         bitrix.ID       `json:"ID"`
	Name       bitrix.Text     `json:"NAME"`
	SecondName bitrix.Text     `json:"SECOND_NAME"`
	LastName   bitrix.Text     `json:"LAST_NAME"`
	Email      json.RawMessage `json:"EMAIL"`
}

// greeting returns what the contact is called by: name and patronymic, else the name, else the surname.
func (t contact) greeting() string {
	switch {
	case t.Name != "" && t.SecondName != "":
		return string(t.Name + " " + t.SecondName)
	case t.Name != "":
		return string(t.Name)
	}
	return string(t.LastName)
}

// lookups gathers the contacts of the addresses.
type lookups struct {
	asked     bool
	addresses []string
	searches  []*search // not read to the end
	contacts  []contact
	err       error
}

// search is the list of an address, and how far it was read.
type search struct {
	address string
	last    int64
	pages   int
}

// maxContacts bounds how many pages of contacts are read for an address: one that belongs to
// hundreds of them names nobody.
const maxContacts = 10

// lookUp prepares the look-ups, none where the CRM was closed to us within the last day.
func (c *Maker) lookUp(addresses []string) *lookups {
	l := &lookups{addresses: addresses}
	var closed bool
	if c.Recall(savedNoCRM, &closed) && closed {
		return l
	}
	for _, address := range addresses {
		l.asked = true
		l.searches = append(l.searches, &search{address: address})
	}
	return l
}

// ask adds the next page of every list to the plan.
//
// QUIRK: crm.contact.list is marked deprecated, and the only call that gives number, name and address at once
// (crm/contacts/crm-contact-list); crm.duplicate.findbycomm does not say which of its values matched.
// QUIRK: of a list of addresses it looks up the first alone, and what begins like it is found as well, though its page
// calls the match exact (crm, entity_helper.php PrepareMultiFieldFilter): so each address has a command, and the
// answers are compared here.
func (l *lookups) ask(p *bitrix.Plan) {
	searches := l.searches
	l.searches = nil
	if l.err != nil {
		return
	}
	for _, s := range searches {
		filter := bitrix.With("EMAIL", s.address)
		if s.last > 0 {
			filter = filter.With(">ID", s.last)
		}
		p.Add(bitrix.Do("crm.contact.list", bitrix.With("filter", filter).
			With("select", []string{"ID", "NAME", "SECOND_NAME", "LAST_NAME", "EMAIL"}).
			With("order", bitrix.With("ID", "ASC")).With("start", -1)), func(a bitrix.Answer) { l.take(s, a) })
	}
}

func (l *lookups) take(s *search, a bitrix.Answer) {
	if a.Err != nil {
		l.err = a.Err
		return
	}
	page, before := bitrix.Rows[contact](a.Result), s.last
	for _, t := range page {
		twice := slices.ContainsFunc(l.contacts, func(old contact) bool { return old.ID == t.ID })
		if int64(t.ID) > before && !twice {
			l.contacts = append(l.contacts, t)
		}
		s.last = max(s.last, int64(t.ID))
	}
	if s.pages++; len(page) >= pageSize && s.last > before && s.pages < maxContacts {
		l.searches = append(l.searches, s)
	}
}

// into gives the profiles of the addresses. An address of several contacts gets a name only where they agree on it, so
// that nobody is greeted by a colleague's.
func (l *lookups) into(c *Maker, p *desk.Prepared) {
	if l.err != nil {
		l.closed(c)
		return
	}
	p.Asked, p.Profiles = l.asked, map[string]desk.Profile{}
	wanted := map[string]bool{}
	for _, a := range l.addresses {
		wanted[desk.FoldAddress(a)] = true
	}
	for _, t := range l.contacts {
		var mails []struct {
			Value string `json:"VALUE"`
		}
		_ = json.Unmarshal(t.Email, &mails)
		seen := map[string]bool{}
		for _, m := range mails {
			addr := desk.FoldAddress(m.Value)
			if !wanted[addr] || seen[addr] {
				continue
			}
			seen[addr] = true
			p.Profiles[addr] = joined(p.Profiles[addr], t)
		}
	}
}

// closed notes that contacts could not be looked up, and for a day that there is no use in trying. The scope is
// optional and Check tells that it is missing, so that is nothing to warn of.
func (l *lookups) closed(c *Maker) {
	var (
		e     *bitrix.Error
		level = slog.LevelWarn
	)
	if errors.As(l.err, &e) && (fault.ExtentOf(l.err) == fault.Setup ||
		e.Coded("ACCESS_DENIED", "INVALID_CREDENTIALS")) {
		c.Remember(savedNoCRM, true)
		if e.Coded("insufficient_scope") {
			level = slog.LevelInfo
		}
	}
	c.log.Log(context.Background(), level, "portal: contacts not looked up", "err", l.err)
}

func joined(p desk.Profile, t contact) desk.Profile {
	name := t.greeting()
	if len(p.CRM) == 0 {
		p = desk.Profile{Name: name, Source: "bitrix24"}
	} else if p.Name != name {
		p.Name = ""
	}
	if len(p.CRM) < maxBound {
		p.CRM = append(p.CRM, "C_"+strconv.FormatInt(int64(t.ID), 10))
	}
	return p
}
