package config

import "time"

// Mail says whose mail is treated how.
type Mail struct {
	Own              []string    `yaml:"own" is:"address"`
	Staff            []string    `yaml:"staff" is:"pattern"` // addresses or @domains; their mail makes no task
	Exclude          []Exclusion `yaml:"exclude"`
	TrustAuthResults string      `yaml:"trust_auth_results" is:"word"` // authserv-id of our own MX; "" = believe none
	Automatic        string      `yaml:"automatic" enum:"task|ignore"`
	Bulk             string      `yaml:"bulk" enum:"task|ignore"`
	Flood            Flood       `yaml:"flood"`
	Spam             string      `yaml:"spam" enum:"quiet|ignore|task"` // what the receiving filter has marked
	// customer: what a specialist forwards to us is a request of whoever wrote it
	StaffForward string `yaml:"staff_forward" enum:"ignore|customer"`
}

// Flood is how many letters of one address, or of one domain that is not public, make tasks within a time.
type Flood struct {
	Letters int           `yaml:"letters" min:"0" max:"2000"` // 0 = no limit
	Within  time.Duration `yaml:"within" min:"1m" max:"24h"`
}

// Exclusion takes an address or a domain out, as far as its scope says.
type Exclusion struct {
	Match string `yaml:"match" need:"yes" is:"pattern"`
	Scope string `yaml:"scope" enum:"autoreply|letters|mail"`
	Note  string `yaml:"note"`
}

// Tickets says when a letter belongs to an older one.
type Tickets struct {
	Reopen            bool          `yaml:"reopen"`
	ReopenWithin      time.Duration `yaml:"reopen_within" min:"0s"`
	SameSubjectWithin time.Duration `yaml:"same_subject_within" min:"0s"` // 0 = off
}

// Letters is what our letters look like.
type Letters struct {
	Locale string `yaml:"locale" need:"yes" is:"locale"` // a folder of the templates; auto = that of the customer
	// with auto: of what specialists read, and of letters to whose language can't be told
	DefaultLocale string `yaml:"default_locale" need:"yes" is:"locale"`

	Timezone  string `yaml:"timezone" is:"zone"` // IANA name; Local = the machine's
	Logo      string `yaml:"logo" file:"yes" is:"picture"`
	Signature string `yaml:"signature"` // HTML fragment, html/template; "" = built-in
	// characters of the customer's letter quoted below; 0 = none
	Quote      int      `yaml:"quote" min:"0" max:"100000"`
	Position   bool     `yaml:"position"`    // name the specialist's position beside the name
	PortalLink bool     `yaml:"portal_link"` // a link to the task, for customers who may open it
	Received   Received `yaml:"received"`
	Comment    Letter   `yaml:"comment"`
	Closed     Letter   `yaml:"closed"`
}

// Letter is one kind of letter.
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

	OffHours Letter `yaml:"off_hours"` // what goes in its place outside of the calendar's hours
}

// Limit is how many auto-replies go to one address and one domain within a time.
type Limit struct {
	PerAddress int           `yaml:"per_address" min:"1"`
	PerDomain  int           `yaml:"per_domain" min:"1"`
	PerDay     int           `yaml:"per_day" min:"1"` // to anybody within a day
	Within     time.Duration `yaml:"within" min:"1m"`
}

// Notify says which comments go to the customer, and how.
type Notify struct {
	Send           string `yaml:"send" enum:"all|marked|results"`
	InternalPrefix string `yaml:"internal_prefix"` // with all: a comment that begins so stays inside
	PublicPrefix   string `yaml:"public_prefix"`   // with marked: only comments that begin so go out
	// with all: a comment that begins with a mention of a colleague stays inside
	MentionInside bool `yaml:"mention_inside"`
	// a comment goes out when it is that old, as it then stands
	Delay          time.Duration `yaml:"delay" min:"0s" max:"24h"`
	Combine        bool          `yaml:"combine"`                          // comments between two passes make one letter
	Confirm        string        `yaml:"confirm" enum:"none|like|comment"` // how the task shows that an answer went out
	Attachments    bool          `yaml:"attachments"`
	MaxAttachments int64         `yaml:"max_attachments" unit:"bytes" min:"0B"` // of one letter
}

// Contacts says where names for the greeting come from.
type Contacts struct {
	Sources []string `yaml:"sources" enum:"directory|bitrix24|onec"` // in this order
	OneC    *OneC    `yaml:"onec"`                                   // nil = not used
}

// OneC is a catalogue of contacts in 1C, read by OData.
type OneC struct {
	URL      string `yaml:"url" need:"yes" is:"url"`
	CA       string `yaml:"ca" file:"yes" is:"file"` // extra root certificate, PEM
	Catalog  string `yaml:"catalog" need:"yes"`
	Email    string `yaml:"email" need:"yes"`
	Name     string `yaml:"name" need:"yes"`
	User     string `yaml:"user"`
	Password string `yaml:"password" secret:"yes"`
}

// Poll bounds what one message may cost.
type Poll struct {
	QuarantineAfter int           `yaml:"quarantine_after" min:"1" max:"100"` // failed passes
	MessageBudget   time.Duration `yaml:"message_budget" min:"1s"`
}

// Monitor says who is told what needs a person, and when.
type Monitor struct {
	// users of the portal, in the chat; none = the responsible for new tasks
	Tell         []int64       `yaml:"tell" min:"1"`
	Mail         []string      `yaml:"mail" is:"address"` // by e-mail, through the first relay that works
	FailedPasses int           `yaml:"failed_passes" min:"1"`
	Overdue      time.Duration `yaml:"overdue" min:"1m"`
}

// Keep says how long records stay.
type Keep struct {
	Records time.Duration `yaml:"records" min:"30d"`
	Tickets time.Duration `yaml:"tickets" min:"0s"` // since they were closed; 0 = as long as there are tickets
}

// Operator is who processes personal data, as the record of their destruction names them.
type Operator struct {
	Name    string `yaml:"name"`
	Address string `yaml:"address"`
	System  string `yaml:"system"` // name of the information system; "" = helpdesk
}

// Log is how diagnoses are written.
type Log struct {
	Level  string `yaml:"level" enum:"debug|info|warn|error"`
	Format string `yaml:"format" enum:"auto|text|json"`
}
