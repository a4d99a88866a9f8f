package config

import "time"

const (
	day = 24 * time.Hour
	mb  = 1_000_000
)

// defaulter is a struct that sets its own defaults before it is decoded.
type defaulter interface{ defaults() }

// Default returns the settings of an empty file; they have no portal and no mailbox.
func Default() *Config {
	c := &Config{}
	c.defaults()
	return c
}

func (c *Config) defaults() {
	c.State = "helpdesk.db"
	c.Bitrix24 = Bitrix24{
		Timeout: time.Minute,
		Rate:    Rate{Burst: 50, PerSecond: 2},
		Task:    Task{Tags: []string{"helpdesk"}, Priority: "average", BindCRM: true, Title: "{{.Subject}}"},
	}
	c.Calendar = Calendar{Hours: "09:00-18:00", Days: []string{"mon", "tue", "wed", "thu", "fri"}}
	c.Mail = Mail{Automatic: "task", Bulk: "task", Spam: "quiet", Flood: Flood{Letters: 100, Within: time.Hour},
		StaffForward: "ignore"}
	c.Tickets = Tickets{Reopen: true, ReopenWithin: 30 * day, SameSubjectWithin: 14 * day}
	c.Letters = Letters{
		Locale: "ru", DefaultLocale: "ru", Timezone: "Local", Quote: 1000,
		Received: Received{
			Enabled: true, MaxAge: 3 * day, Limit: Limit{PerAddress: 5, PerDomain: 50, PerDay: 2000, Within: day},
		},
		Comment: Letter{Enabled: true},
	}
	c.Notify = Notify{
		Send: "all", InternalPrefix: "//", PublicPrefix: "!", MentionInside: true, Delay: time.Minute, Confirm: "none",
		Combine: true, Attachments: true, MaxAttachments: 20 * mb,
	}
	c.Contacts.Sources = []string{"directory", "bitrix24"}
	c.Poll = Poll{QuarantineAfter: 3, MessageBudget: time.Minute}
	c.Monitor = Monitor{FailedPasses: 10, Overdue: 15 * time.Minute}
	c.Keep.Records = 365 * day
	c.Log = Log{Level: "warn", Format: "auto"}
}

func (m *Mailbox) defaults() {
	m.IMAP = IMAP{TLS: "implicit", Auth: "password", Folder: "INBOX", MaxMessage: 50 * mb, MaxAge: 30 * day}
	m.SMTP = SMTP{TLS: "implicit", Auth: "password", EnvelopeFrom: "account"}
	m.OAuth.Tenant, m.Copy = "common", "none"
}

func (e *Exclusion) defaults() { e.Scope = "autoreply" }

func (o *OneC) defaults() { o.Email, o.Name = "Email", "Description" }

// fillPorts gives each server the usual port if none is set.
func (c *Config) fillPorts() {
	imap := map[string]int{"implicit": 993, "starttls": 143, "none": 143}
	smtp := map[string]int{"implicit": 465, "starttls": 587, "none": 25}
	for i := range c.Mailboxes {
		m := &c.Mailboxes[i]
		if m.IMAP.Port == 0 {
			m.IMAP.Port = imap[m.IMAP.TLS]
		}
		if m.SMTP.Port == 0 {
			m.SMTP.Port = smtp[m.SMTP.TLS]
		}
	}
}
