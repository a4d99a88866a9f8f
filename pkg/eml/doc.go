// Package eml parses the bytes of a mail into a desk.Message. It does not compose mail, does no input or output of its
// own, does not convert HTML or cut quotes, and decides nothing about a message.
//
// It refuses nothing: what cannot be parsed is kept as an attachment and listed in Message.Degraded. It uses
// go-message's header parser, which is strict, on a cleaned header.
package eml

// Limits on the memory and time for one message.
const (
	maxHeader  = 1 << 20 // size of a header block, in bytes
	maxSubject = 4000    // characters of a subject
	maxDepth   = 50      // nested multiparts
	maxParts   = 1000
	maxText    = 1 << 20  // size of one text part, in bytes
	maxTexts   = 1 << 20  // size of all text parts together, in bytes; further ones are files
	maxOpened  = 16 << 20 // size of a signed container that is opened, in bytes
	maxNotice  = 256 << 10
	maxOrigins = 5 // attached messages whose senders are reported
)
