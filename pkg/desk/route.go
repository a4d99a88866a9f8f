package desk

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Route gives new tasks other settings than their mailbox does. Every condition that is set must hold; of a list, one
// entry is enough.
type Route struct {
	Name    string            // name in reasons; "" = its place in the list
	Mailbox string            // "" = any
	To      []string          // patterns of the recipients, such as the alias that a letter was written to
	From    []string          // patterns of the sender
	Subject []string          // words, or beginnings of words
	Fields  map[string]Fields // settings by mailbox, as in Policy
}

// route is a Route with compiled patterns.
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

// routingRule chooses the settings of a new task. It is asked only if there are routes.
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

// fits reports whether the route matches the message, and which conditions did.
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

// recipients returns all addresses that a message was written or delivered to. An alias may occur only in the fields
// that the server adds on delivery.
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

// firstWord returns the first of the words that begins a word of the subject. Only beginnings are compared, since words
// are inflected at the end.
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

// foldWords returns s in the form in which words are compared: lower case, with single blanks.
func foldWords(s string) string {
	s = strings.ToLower(strings.Join(strings.Fields(s), " "))
	return strings.ReplaceAll(s, "\u0451", "\u0435") // Cyrillic io is often written as ie
}

// FieldsFor returns the settings of a new task for the message: those of the first route that matches, else those of
// its mailbox. The deadline is computed from now and kept, so that every attempt makes the same task.
func (r *Rules) FieldsFor(m *Message, now time.Time) Fields {
	for i := range r.routes {
		if _, hit := r.routes[i].fits(m); hit {
			return r.dated(r.routes[i].fields[m.Mailbox], now)
		}
	}
	return r.dated(r.policy.Fields[m.Mailbox], now)
}

// Renew returns the current settings for a task that the portal refused, since the cause may have been fixed there. The
// deadline is kept if the settings still give the same one. The result is false if the mailbox has no settings.
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

// fields returns the settings of the route with that name, or those of the mailbox if there is no such route.
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
