package config

import (
	"cmp"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Route changes the defaults for new tasks. Every given condition must match; a list matches if one entry does. The
// first matching route wins.
type Route struct {
	Name    string   `yaml:"name" is:"line"`              // shown by explain; "" = its place in the list
	Mailbox string   `yaml:"mailbox" is:"word"`           // "" = any
	To      []string `yaml:"to" is:"pattern" one:"yes"`   // recipients: the alias the customer wrote to
	From    []string `yaml:"from" is:"pattern" one:"yes"` // senders
	Subject []string `yaml:"subject" is:"line" one:"yes"` // words, or beginnings of words
	Set     Override `yaml:"set" need:"yes"`              // on top of the mailbox's own changes
}

// Calendar is when people work: for deadlines in working time, and for the time that the auto-reply promises.
type Calendar struct {
	Hours string   `yaml:"hours" need:"yes" is:"hours"`                                  // of a working day
	Days  []string `yaml:"days" need:"yes" enum:"mon|tue|wed|thu|fri|sat|sun" one:"yes"` // of the week
	// dates, and names of lists of days off
	Holidays []string `yaml:"holidays" is:"holiday" one:"yes"`
	Workdays []string `yaml:"workdays" is:"date"` // worked even if they are days off otherwise
	Timezone string   `yaml:"timezone" is:"zone"` // "" = that of letters
}

// unconditional reports whether the route fits every message.
func (r Route) unconditional() bool {
	return r.Mailbox == "" && len(r.To)+len(r.From)+len(r.Subject) == 0
}

// TaskFor returns the settings of new tasks that come from a mailbox by this route.
func (r Route) TaskFor(c *Config, mailbox string) Task { return r.Set.Apply(c.TaskFor(mailbox)) }

// Open returns when a working day begins and ends, as durations since midnight.
func (c Calendar) Open() (from, to time.Duration) {
	from, to, _ = parseHours(c.Hours) // Load has refused bad values
	return from, to
}

// CalendarLocation returns the time zone of the calendar.
func (c *Config) CalendarLocation() *time.Location {
	l, err := time.LoadLocation(cmp.Or(c.Calendar.Timezone, c.Letters.Timezone, "Local"))
	if err != nil {
		return time.Local // Load has refused bad names
	}
	return l
}

// brokenIn reports whether a key that begins with the prefix has a mistake.
func (d *decoder) brokenIn(prefix string) bool {
	for key := range d.broken {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// routing refuses routes that can never match, and routes that change nothing.
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
