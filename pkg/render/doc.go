// Package render makes letters and the portal's texts from templates.
//
// It decides nothing and converts nothing: what it is given is already the right dialect (a comment as HTML and as
// text, a letter's body as BBCode), and whatever else comes from a customer it escapes. The templates are files; the
// texts in them are not known here.
package render

import (
	htmltemplate "html/template"
	"time"

	"helpdesk/pkg/desk"
)

// Settings are the letters as the configuration wants them.
type Settings struct {
	Locale      string // ru or en: a folder of the templates
	Logo        []byte // picture in the signature; nil = none
	LogoType    string // image/png, image/jpeg or image/gif; "" = what its content says
	Signature   string // HTML fragment; "" = the built-in one
	Received    LetterText
	OffHours    LetterText // in the place of Received while nobody works
	Comment     LetterText
	Closed      LetterText
	PortalLinks bool // letters may hold links to the portal
	Position    bool // letters name the specialist's position
	QuoteLimit  int  // characters of the customer's letter quoted below; 0 = no quote

	Answering Answering // what a new task says of it

	Escape func(string) string // plain text to BBCode, required
	Text   func(string) string // HTML to plain text, required where Signature or a Body is set

	// Tried says that the templates need no trial here: those that come with the program are tried by its tests. Texts
	// of these settings are tried all the same.
	Tried bool

	// Sample turns a comment as the portal has it into a letter's HTML and text, for the samples; nil = it is plain
	// text.
	Sample func(bbcode string) (html, text string)
}

// Answering is which comments go to the customer, as the configuration has it.
type Answering struct {
	Send     string // all, marked or results
	Internal string // with all: what a comment begins with that stays inside
	Half     string // with all: half of Internal keeps a comment inside, too; filled in here
	Public   string // with marked: what a comment begins with that goes out
	Mention  bool   // with all: a comment that begins with a mention of a colleague stays inside
}

// LetterText replaces the built-in text of a kind of letter; "" keeps it.
type LetterText struct {
	Subject string // text/template
	Body    string // HTML fragment, html/template
}

// Vars are the variables of letters. docs/letters.md documents each of them.
type Vars struct {
	Contact     string // the name to greet by; "" = not known
	Nameless    bool   // there is a name, and nobody is greeted by it: a company's, initials
	Greeted     bool   // the first comment begins with a greeting
	Address     string
	Ticket      uint64
	Task        int64
	Token       string // [#3711-4821]
	Subject     string // the customer's
	Specialist  string
	Position    string
	Mailbox     string // its name
	MailboxFrom string // its address
	Link        string // to the task on the portal
	Date        string // of the cause: when the letter arrived, when the comment was written
	OpensAt     string // when work begins, in words; "" = it goes on
	Comments    []Comment
	Quote       []string // lines of the customer's latest letter
	QuoteDate   string

	Locale     string           // filled in here, as are the following
	Logo       htmltemplate.URL // cid: address; "" = no logo
	LogoWidth  int
	LogoHeight int
}

// Comment is a specialist's comment, as a letter shows it.
type Comment struct {
	Name     string
	Position string
	Date     string
	HTML     htmltemplate.HTML // safe: it goes into the letter as it is
	Text     string
	Files    []string // names of the files attached
	Left     []string // names of the files left in the portal
}

// Rendered is a letter's subject and bodies.
type Rendered struct {
	Subject string // one line
	HTML    string
	Text    string
	Inline  []desk.Part
}

// PostVars are the variables of the portal's texts, as they came: names, addresses and causes are escaped here.
type PostVars struct {
	Subject string       // of the message, to stand above the body; "" = none
	Body    string       // BBCode
	From    desk.Address // zero = the post's
	To, Cc  []desk.Address
	At      time.Time   // in the zone to be shown; zero = the post's
	Notes   []desk.Note // besides the post's
	Cause   string      // with bounce, refused and trouble: what the server said
}
