package desk

import (
	"strings"
	"time"

	"golang.org/x/net/idna"
)

// Address is a mail address with its display name.
type Address struct {
	Name string `json:"name"`
	Addr string `json:"address"`
}

// Key returns the address in the spelling used for comparison: lower case, with the domain in ASCII.
func (a Address) Key() string { return FoldAddress(a.Addr) }

// Domain returns the folded part behind the last @, or "" if there is none.
func (a Address) Domain() string {
	_, domain := splitAddress(a.Key())
	return domain
}

// Local returns the folded part before the last @, or the whole address if there is none.
func (a Address) Local() string {
	local, _ := splitAddress(a.Key())
	return local
}

func (a Address) String() string {
	switch {
	case a.Name == "":
		return a.Addr
	case a.Addr == "":
		return a.Name
	}
	return a.Name + " <" + a.Addr + ">"
}

// FoldAddress returns addr in lower case with its domain in ASCII (RFC 5891), so that all spellings of an address
// compare equal.
func FoldAddress(addr string) string {
	local, domain := splitAddress(strings.ToLower(strings.TrimSpace(addr)))
	if domain == "" {
		return local
	}
	return local + "@" + FoldDomain(domain)
}

// FoldDomain returns the domain in lower case and ASCII. A domain that cannot be converted is only lowercased.
func FoldDomain(domain string) string {
	if ascii, ok := asciiDomain(domain); ok {
		return ascii
	}
	return strings.TrimSuffix(strings.ToLower(domain), ".")
}

// asciiDomain returns the domain in lower case and ASCII, and whether it is a valid domain.
//
// QUIRK: mail comes from hosts with _ in their names and with -- in odd places, which IDNA forbids (RFC 5891, 4.2.3.1).
// So only labels that need conversion are converted.
func asciiDomain(domain string) (string, bool) {
	labels := strings.Split(strings.TrimSuffix(strings.ToLower(domain), "."), ".")
	for i, label := range labels {
		if !strings.HasPrefix(label, "xn--") && !strings.ContainsFunc(label, beyondASCII) {
			continue
		}
		ascii, err := idna.Lookup.ToASCII(label)
		if err != nil {
			return "", false
		}
		labels[i] = ascii
	}
	domain = strings.Join(labels, ".")
	for label := range strings.SplitSeq(domain, ".") {
		if !plainLabel(label) {
			return "", false
		}
	}
	return domain, len(domain) <= 253 // RFC 1035, 2.3.4, without the length octets at both ends
}

func beyondASCII(r rune) bool { return r > 127 }

func plainLabel(s string) bool {
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-' && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

func splitAddress(addr string) (local, domain string) {
	i := strings.LastIndexByte(addr, '@')
	if i < 0 {
		return addr, ""
	}
	return addr[:i], addr[i+1:]
}

// Field is one header field: the name as written, the value unfolded but not decoded.
type Field struct {
	Name  string
	Value string
}

// Header contains the fields of a message's header in their order, including repeated ones.
type Header []Field

// Get returns the first value of the field, or "" if it is absent.
func (h Header) Get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Values returns all values of the field in order.
func (h Header) Values(name string) []string {
	var vs []string
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			vs = append(vs, f.Value)
		}
	}
	return vs
}

// Has reports whether the field is present.
func (h Header) Has(name string) bool {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// Place is the location of a message on its server. It is valid as long as UIDVALIDITY does not change (RFC 9051,
// 2.3.1.1).
type Place struct {
	Mailbox     string `json:"mailbox"`
	UIDValidity uint32 `json:"uidvalidity"`
	UID         uint32 `json:"uid"`
}

// Listing is what the server says about a message before its body is read.
type Listing struct {
	Place
	Size     int64     // bytes, as reported by the server
	Received time.Time // internal date
	Seen     bool

	// Stamp distinguishes the message from another one that may later have the same place. It is derived from the
	// account, the folder, and the size and date in the listing. "" = unknown.
	Stamp string `json:"-"`
}

// Attachment is a part of a message other than its text.
type Attachment struct {
	Part      int    `json:"-"` // number by which the part is extracted, counted from 0 in the order of the message
	Name      string `json:"name"`
	Type      string `json:"type"`
	Size      int64  `json:"size"` // bytes, decoded
	Inline    bool   `json:"inline"`
	ContentID string `json:"-"` // without <>
	Hash      string `json:"-"` // SHA-256 of the content, hex
	Hidden    bool   `json:"-"` // an inline picture that the HTML does not show
	Cut       bool   `json:"-"` // a picture shown only in signatures and quotes, even if these were not cut off
}

// Report is the content of a delivery status or disposition notification (RFC 3464, RFC 8098).
type Report struct {
	Kind       string       `json:"kind"` // "dsn" or "mdn"
	OriginalID []string     `json:"original_id,omitempty"`
	Failed     []Recipients `json:"failed,omitempty"`
}

// Recipients is one recipient named in a report.
type Recipients struct {
	Address    string `json:"address"`
	Action     string `json:"action"` // failed, delayed, delivered, relayed, expanded
	Status     string `json:"status"` // such as 5.1.1
	Diagnostic string `json:"diagnostic,omitempty"`
}

// Message is a parsed incoming mail. All its strings are valid UTF-8.
type Message struct {
	Listing

	ID        string   // Message-ID without <>; derived from the bytes if the message has none
	DerivedID bool     // the message had no usable Message-ID
	Hash      string   // hash of From, Date, Subject and content, hex; tells messages with the same Message-ID apart
	InReplyTo []string // ids without <>, in the order of the field
	Refs      []string // References, oldest first

	From    Address
	Sender  Address
	ReplyTo []Address
	To      []Address
	Cc      []Address
	Header  Header
	Date    time.Time // zero = absent or unreadable
	Subject string    // decoded

	Plain string // the text/plain body, decoded; "" = none
	HTML  string // the text/html body, decoded; "" = none

	Text     string // the writer's own words, without quote and signature
	FullText string // the whole text
	BBCode   string // Text in the portal's markup
	FullCode string // FullText in the portal's markup

	// the quoted letters, beginning with the line above the first, whether Text contains them or not; "" = none
	Quoted    string
	QuoteCut  bool   // Text does not contain the quoted letters
	Signature string // the signature that was cut from Text; "" = none

	Locale string // language of the text; "" = uncertain, or not determined

	Forward     bool // it forwards letters, in its text or as attachments
	Attachments []Attachment
	Forwarded   []Address // writers of the forwarded letters; Addr may be empty
	Calendar    []Event   // calendar entries in the message
	Events      []string  // descriptions of invitations that accompany a text
	Report      *Report
	Degraded    []Degraded // what could not be read properly, for the specialist and the log
}

// Reply returns the address that an answer goes to: Reply-To if it contains exactly one address, else From.
func (m *Message) Reply() Address {
	if len(m.ReplyTo) == 1 && m.ReplyTo[0].Addr != "" {
		return m.ReplyTo[0]
	}
	return m.From
}
