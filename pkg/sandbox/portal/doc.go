// Package portal is a Bitrix24 portal that lives in the process: for the tests of every other package and for the
// demonstration.
//
// The portal is strict. It is written from the published contract, not from what our client happens to send, and
// refuses what the real one refuses. It is no product: it keeps everything in memory, knows one webhook, and leaves out
// what a mail channel never asks for.
package portal
