// Package config reads the configuration file: YAML, strict, every mistake reported at once with its file, line and
// key.
//
// It does not use the settings: it opens no connection and imports only leaf packages of this program. The structs
// below are the schema; the decoder derives everything from their types and tags:
//
//	yaml:"name"    the key
//	need:"yes"     must be given, and not empty
//	enum:"a|b"     the words allowed
//	min:"1"        the least value, max:"9" the greatest; of a list, for each entry
//	is:"address"   a form of texts (the table of forms.go)
//	file:"yes"     a path, relative to the folder of the configuration file
//	unit:"bytes"   a size such as 20MB
//	secret:"yes"   never printed
//	one:"yes"      of a list: a single value stands for a list of one
//	null:"text"    the bare word null is a text here, not "not given"
package config

import "time"

// Config is the whole configuration with defaults filled in.
type Config struct {
	State     string    `yaml:"state" need:"yes"` // bbolt file, or the address of a database
	Templates string    `yaml:"templates" file:"yes" is:"folder"`
	Bitrix24  Bitrix24  `yaml:"bitrix24" need:"yes"`
	Letters   Letters   `yaml:"letters"` // decoded before the mailboxes, which start from it
	Mailboxes []Mailbox `yaml:"mailboxes" need:"yes"`
	Routing   []Route   `yaml:"routing"`
	Calendar  Calendar  `yaml:"calendar"`
	Mail      Mail      `yaml:"mail"`
	Tickets   Tickets   `yaml:"tickets"`
	Notify    Notify    `yaml:"notify"`
	Contacts  Contacts  `yaml:"contacts"`
	Poll      Poll      `yaml:"poll"`
	Monitor   Monitor   `yaml:"monitor"`
	Keep      Keep      `yaml:"keep"`
	Operator  Operator  `yaml:"operator"`
	Log       Log       `yaml:"log"`
}

// Bitrix24 is the portal and the settings of new tasks.
type Bitrix24 struct {
	Webhook string        `yaml:"webhook" need:"yes" is:"webhook" secret:"yes"` // ends with a slash
	CA      string        `yaml:"ca" file:"yes" is:"file"`                      // extra root certificate, PEM
	Timeout time.Duration `yaml:"timeout" min:"1s"`
	Rate    Rate          `yaml:"rate"`
	Task    Task          `yaml:"task" need:"yes"`
}

// Rate is the portal's limit of requests.
type Rate struct {
	Burst     int     `yaml:"burst" min:"1" max:"10000"`
	PerSecond float64 `yaml:"per_second" min:"0.1" max:"1000"`
}

// Task is the settings of a new task; ids are the portal's.
type Task struct {
	Responsible int64         `yaml:"responsible" need:"yes" min:"1"`
	Group       int64         `yaml:"group" min:"0"` // 0 = none
	Auditors    []int64       `yaml:"auditors" min:"1"`
	Accomplices []int64       `yaml:"accomplices" min:"1"`
	Tags        []string      `yaml:"tags" is:"line"`
	Priority    string        `yaml:"priority" enum:"low|average|high"`
	Deadline    time.Duration `yaml:"deadline" min:"0s"` // after creation; 0 = none
	Working     bool          `yaml:"working"`           // the deadline counts working time by the calendar
	BindCRM     bool          `yaml:"bind_crm"`

	Title string `yaml:"title" is:"title"` // text/template; "" = the subject
	// custom fields the portal asks for, by their names: UF_AUTO_123
	Fields map[string]string `yaml:"fields" keys:"UF_"`
	// responsible if the configured one is unknown or dismissed; 0 = the webhook's user
	Fallback int64 `yaml:"fallback" min:"0"`
}

// Override lists the defaults for new tasks that a mailbox or a route changes; nil = not changed.
type Override struct {
	Responsible *int64         `yaml:"responsible" min:"1"`
	Group       *int64         `yaml:"group" min:"0"`
	Auditors    *[]int64       `yaml:"auditors" min:"1"`
	Accomplices *[]int64       `yaml:"accomplices" min:"1"`
	Tags        *[]string      `yaml:"tags" is:"line"`
	Priority    *string        `yaml:"priority" enum:"low|average|high"`
	Deadline    *time.Duration `yaml:"deadline" min:"0s"`
	Working     *bool          `yaml:"working"`
	BindCRM     *bool          `yaml:"bind_crm"`

	Title    *string            `yaml:"title" is:"title"`
	Fields   *map[string]string `yaml:"fields" keys:"UF_"`
	Fallback *int64             `yaml:"fallback" min:"0"`
}

// Mailbox is one IMAP folder to read, and the SMTP relay that sends its letters.
type Mailbox struct {
	Name     string `yaml:"name" need:"yes" is:"word"`
	From     string `yaml:"from" need:"yes" is:"sender"`
	Timezone string `yaml:"timezone" is:"zone"` // "" = that of letters
	IMAP     IMAP   `yaml:"imap" need:"yes"`
	SMTP     SMTP   `yaml:"smtp" need:"yes"`
	OAuth    OAuth  `yaml:"oauth"` // for auth oauth2
	// participants: answers also go to the people in copy of the customer's letters
	Copy    string   `yaml:"copy" enum:"none|participants"`
	Task    Override `yaml:"task"`
	Letters Letters  `yaml:"letters"` // those of Config, changed by the mailbox
}

// IMAP is the server and the folder that mail is read from.
type IMAP struct {
	Host       string        `yaml:"host" need:"yes" is:"host"`
	Port       int           `yaml:"port" min:"1" max:"65535"` // default by TLS
	TLS        string        `yaml:"tls" enum:"implicit|starttls|none"`
	CA         string        `yaml:"ca" file:"yes" is:"file"` // extra root certificate, PEM
	Auth       string        `yaml:"auth" enum:"password|xoauth2|oauth2"`
	User       string        `yaml:"user" need:"yes"`
	Password   string        `yaml:"password" secret:"yes"` // for xoauth2 the access token; oauth2 needs none
	Folder     string        `yaml:"folder" need:"yes"`
	MoveTo     string        `yaml:"move_to"` // "" = the letter stays and is marked \Seen
	MaxMessage int64         `yaml:"max_message" unit:"bytes" min:"10kB"`
	MaxAge     time.Duration `yaml:"max_age" min:"1h"`
}

// SMTP is the relay that sends letters.
type SMTP struct {
	Host     string `yaml:"host" need:"yes" is:"host"`
	Port     int    `yaml:"port" min:"1" max:"65535"` // default by TLS
	TLS      string `yaml:"tls" enum:"implicit|starttls|none"`
	CA       string `yaml:"ca" file:"yes" is:"file"`
	Auth     string `yaml:"auth" enum:"password|xoauth2|oauth2|none"`
	User     string `yaml:"user"`
	Password string `yaml:"password" secret:"yes"`
	// the name given to the server; "" = this machine's, or the sender's domain
	HELO         string `yaml:"helo" is:"host"`
	EnvelopeFrom string `yaml:"envelope_from" is:"envelope" null:"text"` // account | null | an address
	// IMAP folder; "auto" = the \Sent one; "" = none
	SaveSent string `yaml:"save_sent"`
}

// OAuth is how a mailbox signs in without a password (OAuth 2.0): the application and the addresses of the provider.
type OAuth struct {
	Provider     string   `yaml:"provider" enum:"|microsoft|google|yandex|mailru|custom"`
	ClientID     string   `yaml:"client_id" is:"word"`
	ClientSecret string   `yaml:"client_secret" secret:"yes"` // "" = the application has none
	Tenant       string   `yaml:"tenant" is:"word"`           // for Microsoft: the tenant's id or domain, or common
	RedirectURL  string   `yaml:"redirect_url" is:"uri"`      // as registered; "" = a free port of this machine
	AuthURL      string   `yaml:"auth_url" is:"url"`          // this and the next ones are for the provider custom
	TokenURL     string   `yaml:"token_url" is:"url"`
	DeviceURL    string   `yaml:"device_url" is:"url"`
	Scopes       []string `yaml:"scopes" is:"scope"`
}
