package config

import (
	"cmp"
	"net/mail"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Mailbox returns the mailbox with that name.
func (c *Config) Mailbox(name string) (Mailbox, bool) {
	i := slices.IndexFunc(c.Mailboxes, func(m Mailbox) bool { return m.Name == name })
	if i < 0 {
		return Mailbox{}, false
	}
	return c.Mailboxes[i], true
}

// TaskFor returns the settings of new tasks of a mailbox: the defaults with the mailbox's own changes.
func (c *Config) TaskFor(mailbox string) Task {
	m, _ := c.Mailbox(mailbox)
	return m.Task.Apply(c.Bitrix24.Task)
}

// Apply returns the task with the given keys changed.
func (o Override) Apply(t Task) Task {
	put(&t.Responsible, o.Responsible)
	put(&t.Group, o.Group)
	put(&t.Auditors, o.Auditors)
	put(&t.Accomplices, o.Accomplices)
	put(&t.Tags, o.Tags)
	put(&t.Priority, o.Priority)
	put(&t.Deadline, o.Deadline)
	put(&t.Working, o.Working)
	put(&t.BindCRM, o.BindCRM)
	put(&t.Title, o.Title)
	put(&t.Fields, o.Fields)
	put(&t.Fallback, o.Fallback)
	return t
}

func put[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// Location returns the time zone of a mailbox's letters.
func (c *Config) Location(mailbox string) *time.Location {
	m, _ := c.Mailbox(mailbox)
	l, err := time.LoadLocation(cmp.Or(m.Timezone, m.Letters.Timezone, c.Letters.Timezone, "Local"))
	if err != nil {
		return time.Local // Load has refused bad names
	}
	return l
}

// LettersFor returns the letters of a mailbox.
func (c *Config) LettersFor(mailbox string) Letters {
	if m, ok := c.Mailbox(mailbox); ok {
		return m.Letters
	}
	return c.Letters
}

// Sender returns the name and the address of From.
func (m Mailbox) Sender() (name, address string) {
	a, err := mail.ParseAddress(m.From)
	if err != nil {
		return "", m.From // Load has refused bad addresses
	}
	return a.Name, a.Address
}

// SignsIn reports whether the mailbox needs the token that helpdesk login gets.
func (m Mailbox) SignsIn() bool { return m.IMAP.Auth == "oauth2" || m.SMTP.Auth == "oauth2" }

// Secrets returns the values that must never be printed, longest first: they are masked in that order.
func (c *Config) Secrets() []string {
	found := secrets(reflect.ValueOf(c).Elem())
	if u, err := url.Parse(c.Bitrix24.Webhook); err == nil && u.Path != "" {
		found = append(found, path.Base(u.Path), path.Base(u.EscapedPath()))
	}
	found = slices.DeleteFunc(found, func(s string) bool { return s == "" || s == "/" || s == "." })
	slices.SortFunc(found, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	return slices.Compact(found)
}

func secrets(v reflect.Value) []string {
	var found []string
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			found = secrets(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			found = append(found, secrets(v.Index(i))...)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("secret") == "yes" {
				found = append(found, v.Field(i).String())
				continue
			}
			found = append(found, secrets(v.Field(i))...)
		}
	}
	return found
}
