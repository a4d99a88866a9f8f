// Package render makes letters and the portal's texts from templates.
//
// It decides nothing and converts no markup: a comment is passed in as HTML and as text, a letter's body as BBCode.
// Other text from customers is escaped here. The templates are files; this package contains no texts of its own.
package render

import (
	htmltemplate "html/template"
	"time"

	"helpdesk/pkg/desk"
)

// Settings are the settings of letters.
type Settings struct {
	Locale      string // ru or en: a folder of the templates
	Logo        []byte // picture in the signature; nil = none
	LogoType    string // image/png, image/jpeg or image/gif; "" = detect it from the content
	Signature   string // HTML fragment; "" = the built-in one
	Received    LetterText
	OffHours    LetterText // used instead of Received outside working hours
	Comment     LetterText
	Closed      LetterText
	PortalLinks bool // letters may contain links to the portal
	Position    bool // letters include the specialist's position
	QuoteLimit  int  // characters of the customer's letter quoted below; 0 = no quote

	Answering Answering // what a new task says about answering

	Escape func(string) string // converts plain text to BBCode; required
	Text   func(string) string // converts HTML to plain text; required with a Signature or Body

	// Tried says that New need not try the built-in templates, because the program's tests do. Texts in the settings
	// are tried all the same.
	Tried bool

	// Sample converts a comment in BBCode to a letter's HTML and text, for the samples; nil = samples are plain text.
	Sample func(bbcode string) (html, text string)
}

// Answering says which comments go to the customer.
type Answering struct {
	Send     string // all, marked or results
	Internal string // with all: prefix of a comment that stays internal
	Half     string // with all: half of Internal, which keeps a comment internal, too; set here
	Public   string // with marked: prefix of a comment that goes out
	Mention  bool   // with all: a comment that begins with a mention of a colleague stays internal
}

// LetterText replaces the built-in text of a kind of letter; "" keeps it.
type LetterText struct {
	Subject string // text/template
	Body    string // HTML fragment, html/template
}

// Vars are the variables of letters. docs/letters.md documents each of them.
type Vars struct {
	Contact     string // the name to greet by; "" = not known
	Nameless    bool   // the name is known but not used for a greeting: a company's, initials
	Greeted     bool   // the first comment begins with a greeting
	Address     string
	Ticket      uint64
	Task        int64
	Token       string // [#3711-4821]
	Subject     string // the customer's subject
	Specialist  string
	Position    string
	Mailbox     string // the mailbox's name
	MailboxFrom string // the mailbox's address
	Link        string // address of the task on the portal
	Date        string // when the letter arrived or the comment was written
	OpensAt     string // when work begins, in words; "" = it is working time
	Comments    []Comment
	Quote       []string // lines of the customer's latest letter
	QuoteDate   string

	Locale     string           // set here, as are the following
	Logo       htmltemplate.URL // cid: address; "" = no logo
	LogoWidth  int
	LogoHeight int
}

// Comment is a specialist's comment in a letter.
type Comment struct {
	Name     string
	Position string
	Date     string
	HTML     htmltemplate.HTML // trusted: it is inserted unescaped
	Text     string
	Files    []string // names of attached files
	Left     []string // names of files that stay on the portal
}

// Rendered is a letter's subject and bodies.
type Rendered struct {
	Subject string // one line
	HTML    string
	Text    string
	Inline  []desk.Part
}

// PostVars are the unescaped variables of the portal's texts. Names, addresses and causes are escaped here.
type PostVars struct {
	Subject string       // of the message, shown above the body; "" = none
	Body    string       // BBCode
	From    desk.Address // zero = use the post's
	To, Cc  []desk.Address
	At      time.Time   // in the zone to be shown; zero = use the post's
	Notes   []desk.Note // in addition to the post's
	Cause   string      // for bounce, refused and trouble: what the server said
}
