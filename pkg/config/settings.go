package config

import "time"

// Mail is how mail is treated, by its sender.
type Mail struct {
	Own              []string    `yaml:"own" is:"address"`
	Staff            []string    `yaml:"staff" is:"pattern"` // addresses or @domains; their mail makes no task
	Exclude          []Exclusion `yaml:"exclude"`
	TrustAuthResults string      `yaml:"trust_auth_results" is:"word"` // authserv-id of our own MX; "" = trust none
	Automatic        string      `yaml:"automatic" enum:"task|ignore"`
	Bulk             string      `yaml:"bulk" enum:"task|ignore"`
	Flood            Flood       `yaml:"flood"`
	// for letters that the receiving filter has marked as spam
	Spam string `yaml:"spam" enum:"quiet|ignore|task"`
	// customer: a letter that a specialist forwards to us is a request from its original sender
	StaffForward string `yaml:"staff_forward" enum:"ignore|customer"`
}

// Flood limits how many letters from one address, or from one domain that is not public, make tasks within a time.
type Flood struct {
	Letters int           `yaml:"letters" min:"0" max:"2000"` // 0 = no limit
	Within  time.Duration `yaml:"within" min:"1m" max:"24h"`
}

// Exclusion excludes an address or a domain from auto-replies, from all letters, or from tasks as well, by its scope.
type Exclusion struct {
	Match string `yaml:"match" need:"yes" is:"pattern"`
	Scope string `yaml:"scope" enum:"autoreply|letters|mail"`
	Note  string `yaml:"note"`
}

// Tickets decides when a letter belongs to an older ticket.
type Tickets struct {
	Reopen            bool          `yaml:"reopen"`
	ReopenWithin      time.Duration `yaml:"reopen_within" min:"0s"`
	SameSubjectWithin time.Duration `yaml:"same_subject_within" min:"0s"` // 0 = off
}

// Letters is how our letters look.
type Letters struct {
	Locale string `yaml:"locale" need:"yes" is:"locale"` // a folder of the templates; auto = the customer's language
	// with auto: for specialists, and for customers whose language is unknown
	DefaultLocale string `yaml:"default_locale" need:"yes" is:"locale"`

	Timezone  string `yaml:"timezone" is:"zone"` // IANA name; Local = the machine's
	Logo      string `yaml:"logo" file:"yes" is:"picture"`
	Signature string `yaml:"signature"` // HTML fragment, html/template; "" = built-in
	// characters of the customer's letter to quote below; 0 = none
	Quote      int      `yaml:"quote" min:"0" max:"100000"`
	Position   bool     `yaml:"position"`    // show the specialist's position after the name
	PortalLink bool     `yaml:"portal_link"` // a link to the task, for customers who may open it
	Received   Received `yaml:"received"`
	Comment    Letter   `yaml:"comment"`
	Closed     Letter   `yaml:"closed"`
}

// Letter is the text of one kind of letter.
type Letter struct {
	Enabled bool   `yaml:"enabled"`
	Subject string `yaml:"subject"` // text/template; "" = built-in
	Body    string `yaml:"body"`    // HTML fragment, html/template; "" = built-in
}

// Received is the auto-reply.
type Received struct {
	Enabled bool          `yaml:"enabled"`
	Subject string        `yaml:"subject"`
	Body    string        `yaml:"body"`
	Limit   Limit         `yaml:"limit"`
	MaxAge  time.Duration `yaml:"max_age" min:"1m"` // no auto-reply to a letter that arrived longer ago

	OffHours Letter `yaml:"off_hours"` // sent instead outside working hours
}

// Limit bounds how many auto-replies go to one address and to one domain within a time.
type Limit struct {
	PerAddress int           `yaml:"per_address" min:"1"`
	PerDomain  int           `yaml:"per_domain" min:"1"`
	PerDay     int           `yaml:"per_day" min:"1"` // to all addresses within a day
	Within     time.Duration `yaml:"within" min:"1m"`
}

// Notify selects the comments that go to the customer, and how they are sent.
type Notify struct {
	Send           string `yaml:"send" enum:"all|marked|results"`
	InternalPrefix string `yaml:"internal_prefix"` // with all: a comment that begins with this stays internal
	PublicPrefix   string `yaml:"public_prefix"`   // with marked: only comments that begin with this are sent
	// with all: a comment that begins with a mention of a colleague stays internal
	MentionInside bool `yaml:"mention_inside"`
	// age from which a comment is sent, in its wording at that time
	Delay          time.Duration `yaml:"delay" min:"0s" max:"24h"`
	Combine        bool          `yaml:"combine"`                          // comments found by one pass make one letter
	Confirm        string        `yaml:"confirm" enum:"none|like|comment"` // how the task shows that an answer was sent
	Attachments    bool          `yaml:"attachments"`
	MaxAttachments int64         `yaml:"max_attachments" unit:"bytes" min:"0B"` // of one letter, in bytes
}

// Contacts selects the sources of names for the greeting.
type Contacts struct {
	Sources []string `yaml:"sources" enum:"directory|bitrix24|onec"` // in this order
	OneC    *OneC    `yaml:"onec"`                                   // nil = not used
}

// OneC is a catalogue of contacts in 1C, read through OData.
type OneC struct {
	URL      string `yaml:"url" need:"yes" is:"url"`
	CA       string `yaml:"ca" file:"yes" is:"file"` // extra root certificate, PEM
	Catalog  string `yaml:"catalog" need:"yes"`
	Email    string `yaml:"email" need:"yes"`
	Name     string `yaml:"name" need:"yes"`
	User     string `yaml:"user"`
	Password string `yaml:"password" secret:"yes"`
}

// Poll bounds the effort for one message.
type Poll struct {
	QuarantineAfter int           `yaml:"quarantine_after" min:"1" max:"100"` // failed passes
	MessageBudget   time.Duration `yaml:"message_budget" min:"1s"`
}

// Monitor selects the people to alert about trouble, and when.
type Monitor struct {
	// users of the portal, by chat; empty = the responsible person for new tasks
	Tell         []int64       `yaml:"tell" min:"1"`
	Mail         []string      `yaml:"mail" is:"address"` // by e-mail, through the first relay that works
	FailedPasses int           `yaml:"failed_passes" min:"1"`
	Overdue      time.Duration `yaml:"overdue" min:"1m"`
}

// Keep is how long records are kept.
type Keep struct {
	Records time.Duration `yaml:"records" min:"30d"`
	Tickets time.Duration `yaml:"tickets" min:"0s"` // since they were closed; 0 = forever
}

// Operator is the operator of personal data, as named in the record of their destruction.
type Operator struct {
	Name    string `yaml:"name"`
	Address string `yaml:"address"`
	System  string `yaml:"system"` // name of the information system; "" = helpdesk
}

// Log is how diagnostics are written.
type Log struct {
	Level  string `yaml:"level" enum:"debug|info|warn|error"`
	Format string `yaml:"format" enum:"auto|text|json"`
}
