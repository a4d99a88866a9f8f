package desk

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Route says which settings a new task gets instead of its mailbox's. Each condition that is given must hold; of a
// list, one entry must.
type Route struct {
	Name    string            // what reasons call it; "" = its place in the list
	Mailbox string            // "" = any
	To      []string          // patterns of recipients: the alias a letter was written to
	From    []string          // patterns of the sender
	Subject []string          // words, or what they begin with
	Fields  map[string]Fields // by mailbox, as in the policy
}

// route is a Route whose patterns are compiled.
type route struct {
	name     string
	mailbox  string
	to, from []Pattern
	subject  []string
	fields   map[string]Fields
}

func compileRoutes(list []Route) (out []route, errs []error) {
	for i, r := range list {
		c := route{name: r.Name, mailbox: r.Mailbox, fields: r.Fields}
		if c.name == "" {
			c.name = fmt.Sprintf("rule %d", i+1)
		}
		for _, p := range []struct {
			from []string
			to   *[]Pattern
		}{{r.To, &c.to}, {r.From, &c.from}} {
			for _, s := range p.from {
				pattern, err := ParsePattern(s)
				if err != nil {
					errs = append(errs, fmt.Errorf("routing, %s: %w", c.name, err))
					continue
				}
				*p.to = append(*p.to, pattern)
			}
		}
		for _, s := range r.Subject {
			c.subject = append(c.subject, foldWords(s))
		}
		out = append(out, c)
	}
	return out, errs
}

// routingRule chooses the settings of a new task. It is asked only where there are routes.
func routingRule() rule {
	return rule{"routing", "", "there is a new task, and one of the routes of the settings fits the message; the " +
		"first does",
		"the task gets that route's settings instead of the mailbox's", askRouting}
}

func askRouting(w *weighing) (string, bool) {
	for i := range w.r.routes {
		if why, hit := w.r.routes[i].fits(w.m); hit {
			w.route = &w.r.routes[i]
			return w.route.name + ": " + why, true
		}
	}
	return "", false
}

// fits reports whether the route is for the message, and by what.
func (r *route) fits(m *Message) (string, bool) {
	var why []string
	if r.mailbox != "" {
		if !strings.EqualFold(r.mailbox, m.Mailbox) {
			return "", false
		}
		why = append(why, "mailbox "+m.Mailbox)
	}
	if len(r.to) > 0 {
		hit, ok := firstMatch(r.to, recipients(m))
		if !ok {
			return "", false
		}
		why = append(why, "to "+hit)
	}
	if len(r.from) > 0 {
		hit, ok := firstMatch(r.from, []string{m.From.Addr})
		if !ok {
			return "", false
		}
		why = append(why, "from "+hit)
	}
	if len(r.subject) > 0 {
		hit, ok := firstWord(r.subject, m.Subject)
		if !ok {
			return "", false
		}
		why = append(why, fmt.Sprintf("subject has %q", hit))
	}
	if len(why) == 0 {
		return "every message", true
	}
	return strings.Join(why, ", "), true
}

// recipients are all addresses a message says it was written to, those its server noted on delivery included: an alias
// may stand in no other place.
func recipients(m *Message) []string {
	var all []string
	for _, list := range [][]Address{m.To, m.Cc} {
		for _, a := range list {
			all = append(all, a.Addr)
		}
	}
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To"} {
		for _, v := range m.Header.Values(name) {
			for one := range strings.SplitSeq(v, ",") {
				all = append(all, bareAddress(one))
			}
		}
	}
	return all
}

func firstMatch(patterns []Pattern, addresses []string) (string, bool) {
	for _, p := range patterns {
		for _, a := range addresses {
			if p.Match(a) {
				return FoldAddress(a), true
			}
		}
	}
	return "", false
}

// firstWord finds the first of the words that a word of the subject begins with: endings change, beginnings do not.
func firstWord(words []string, subject string) (string, bool) {
	subject = foldWords(subject)
	for _, word := range words {
		for at := 0; word != ""; {
			i := strings.Index(subject[at:], word)
			if i < 0 {
				break
			}
			before, _ := utf8.DecodeLastRuneInString(subject[:at+i])
			if at+i == 0 || !unicode.IsLetter(before) && !unicode.IsDigit(before) {
				return word, true
			}
			at += i + len(word)
		}
	}
	return "", false
}

// foldWords returns s as words are compared: lower case, one blank between them.
func foldWords(s string) string {
	s = strings.ToLower(strings.Join(strings.Fields(s), " "))
	return strings.ReplaceAll(s, "\u0451", "\u0435") // Cyrillic io is written as ie as often as not
}

// FieldsFor returns the settings of a new task of the message: those of the first route that fits, else those of its
// mailbox. Its deadline is counted from now, so that the task is the same at every attempt to make it.
func (r *Rules) FieldsFor(m *Message, now time.Time) Fields {
	for i := range r.routes {
		if _, hit := r.routes[i].fits(m); hit {
			return r.dated(r.routes[i].fields[m.Mailbox], now)
		}
	}
	return r.dated(r.policy.Fields[m.Mailbox], now)
}

// Renew gives a task that was refused the settings as they are now: the cause may be mended there. A deadline that they
// leave as it was stays where it was. It says whether there are such settings.
func (r *Rules) Renew(p *Post, now time.Time) (Fields, bool) {
	if _, ok := r.policy.Fields[p.Mailbox]; !ok || p.Fields == nil {
		return Fields{}, false
	}
	f := r.fields(p.Route, p.Mailbox)
	if f.Deadline == p.Fields.Deadline && f.Working == p.Fields.Working {
		f.Due = p.Fields.Due
	} else {
		f = r.dated(f, now)
	}
	f.CRM = p.Fields.CRM
	return f, true
}

// fields returns the settings of the route of that name, those of the mailbox where there is none.
func (r *Rules) fields(route, mailbox string) Fields {
	for i := range r.routes {
		if r.routes[i].name == route {
			return r.routes[i].fields[mailbox]
		}
	}
	return r.policy.Fields[mailbox]
}

func (r *Rules) dated(f Fields, now time.Time) Fields {
	switch {
	case f.Deadline > 0 && f.Working:
		f.Due = r.policy.Calendar.After(now, f.Deadline)
	case f.Deadline > 0:
		f.Due = now.Add(f.Deadline)
	}
	f.Due = f.Due.Truncate(time.Second)
	return f
}
