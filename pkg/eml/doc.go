// Package eml turns the bytes of a mail into a desk.Message.
//
// It refuses nothing: what can't be read as it should is kept as an attachment and named in Message.Degraded. It is a
// layer above go-message's header parser, which is strict. It is not a mail composer, does no input or output of its
// own, and decides nothing about a message; HTML is turned into text, and quotes are cut, elsewhere.
package eml

// The limits that keep one message from taking all memory or time.
const (
	maxHeader  = 1 << 20 // bytes of one header block
	maxSubject = 4000    // characters
	maxDepth   = 50      // nested multiparts
	maxParts   = 1000
	maxText    = 1 << 20  // bytes of one text part
	maxTexts   = 1 << 20  // bytes of all text parts together, beyond which no further one is opened
	maxOpened  = 16 << 20 // bytes of a signed container that is opened
	maxNotice  = 256 << 10
	maxOrigins = 5 // attached messages whose senders are named
)
