// Package eml turns the bytes of a mail into a desk.Message, and cuts quotes and signatures from its text.
//
// It refuses nothing: what can't be read as it should is kept as an attachment and named in Message.Degraded. It is a
// layer above go-message's header parser, which is strict. It is not a mail composer, does no input or output of its
// own, and decides nothing about a message; HTML is turned into text elsewhere.
package eml

// What Message.Degraded may say.
const (
	DegradedHeader    = "header"    // longer than allowed, the rest was dropped
	DegradedCharset   = "charset"   // some letters of the text could not be told
	DegradedTruncated = "truncated" // the end of the message is missing
	DegradedDepth     = "depth"     // parts nested too deep were left unopened
	DegradedParts     = "parts"     // too many parts, the rest is one attachment
	DegradedText      = "text"      // the text is longer than allowed, the rest was dropped
	DegradedPGP       = "pgp"       // encrypted or signed with PGP inside the text
	DegradedEncrypted = "encrypted" // encrypted as a whole
	DegradedTNEF      = "tnef"      // a winmail.dat that could not be opened
	DegradedPicture   = "picture"   // a picture in the HTML itself that could not be taken out of it
	DegradedSMIME     = "smime"     // a signed container that could not be opened
)

// The limits that keep one message from taking all memory or time.
const (
	maxHeader = 1 << 20 // bytes of one header block
	maxDepth  = 50      // nested multiparts
	maxParts  = 1000
	maxText   = 1 << 20  // bytes of one text part
	maxTexts  = 1 << 20  // bytes of all text parts together, beyond which no further one is opened
	maxOpened = 16 << 20 // bytes of a signed container that is opened
	maxNotice = 256 << 10
)
