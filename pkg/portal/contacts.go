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

// greeting returns the name to greet the contact by: given name and patronymic, else the given name, else the surname.
func (t contact) greeting() string {
	switch {
	case t.Name != "" && t.SecondName != "":
		return string(t.Name + " " + t.SecondName)
	case t.Name != "":
		return string(t.Name)
	}
	return string(t.LastName)
}

// lookups collects the contacts of the addresses.
type lookups struct {
	asked     bool
	addresses []string
	searches  []*search // not read to the end yet
	contacts  []contact
	err       error
}

// search is the list of contacts of one address, and how far it has been read.
type search struct {
	address string
	last    int64
	pages   int
}

// maxContacts bounds the pages of contacts read for one address: an address of hundreds of contacts identifies nobody.
const maxContacts = 10

// lookUp prepares the look-ups. There are none if access to the CRM was refused within the last day.
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
// QUIRK: crm.contact.list is marked deprecated, but no other call returns number, name and address at once
// (crm/contacts/crm-contact-list); crm.duplicate.findbycomm does not say which of its values matched.
// QUIRK: of a list of addresses the method looks up only the first, and it also finds addresses that merely begin with
// the given one, though its page calls the match exact (crm, entity_helper.php PrepareMultiFieldFilter). So each
// address has a command, and the answers are compared here.
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

// into fills in the profiles of the addresses. If several contacts share an address, it gets a name only if they all
// agree on the name, so that nobody is greeted by a colleague's name.
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

// closed records that contacts could not be looked up, and stops look-ups for a day. The scope is optional and Check
// reports that it is missing, so closed does not warn.
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
