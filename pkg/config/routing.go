package config

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Route changes what new tasks get. Every condition that is given must hold; of a list, one entry must. The first route
// that fits wins.
type Route struct {
	Name    string   `yaml:"name" is:"line"`              // what explain calls it; "" = its place in the list
	Mailbox string   `yaml:"mailbox" is:"word"`           // "" = any
	To      []string `yaml:"to" is:"pattern" one:"yes"`   // recipients: the alias written to
	From    []string `yaml:"from" is:"pattern" one:"yes"` // senders
	Subject []string `yaml:"subject" is:"line" one:"yes"` // words, or what they begin with
	Set     Override `yaml:"set" need:"yes"`              // on top of what the mailbox gives
}

// Calendar says when people work: for deadlines in working time, and for what the auto-reply promises.
type Calendar struct {
	Hours string   `yaml:"hours" need:"yes" is:"hours"`                                  // of a working day
	Days  []string `yaml:"days" need:"yes" enum:"mon|tue|wed|thu|fri|sat|sun" one:"yes"` // of the week
	// days off, and names of lists
	Holidays []string `yaml:"holidays" is:"holiday" one:"yes"`
	Workdays []string `yaml:"workdays" is:"date"` // days worked all the same
	Timezone string   `yaml:"timezone" is:"zone"` // "" = that of letters
}

// unconditional reports whether the route fits every message.
func (r Route) unconditional() bool {
	return r.Mailbox == "" && len(r.To)+len(r.From)+len(r.Subject) == 0
}

// TaskFor returns what new tasks of a mailbox get by this route.
func (r Route) TaskFor(c *Config, mailbox string) Task { return r.Set.Apply(c.TaskFor(mailbox)) }

// Open returns when a working day begins and ends, since its midnight.
func (c Calendar) Open() (from, to time.Duration) {
	from, to, _ = parseHours(c.Hours) // Load has refused others
	return from, to
}

// CalendarLocation returns the time zone of the calendar.
func (c *Config) CalendarLocation() *time.Location {
	l, err := time.LoadLocation(cmp.Or(c.Calendar.Timezone, c.Letters.Timezone, "Local"))
	if err != nil {
		return time.Local // a name that Load would have refused
	}
	return l
}

// brokenIn reports whether a key that begins so has a mistake.
func (d *decoder) brokenIn(prefix string) bool {
	for key := range d.broken {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// routing refuses routes that can never be reached, and those that change nothing.
func (d *decoder) routing(c *Config) {
	names := map[string]int{}
	for i, r := range c.Routing {
		key := fmt.Sprintf("routing[%d]", i)
		if first, twice := names[r.Name]; twice && r.Name != "" {
			d.once(key+".name", "is the name of routing[%d] as well", first)
		}
		names[r.Name] = i
		if _, ok := c.Mailbox(r.Mailbox); r.Mailbox != "" && !ok {
			d.once(key+".mailbox", "is not the name of a mailbox")
		}
		if r.unconditional() && i < len(c.Routing)-1 && !d.brokenIn(key+".") {
			d.once(key, "has no condition, so the rules behind it are never asked: put it last")
		}
		if reflect.ValueOf(r.Set).IsZero() {
			d.once(key+".set", "changes nothing")
		}
	}
}
