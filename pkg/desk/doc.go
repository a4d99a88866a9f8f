// Package desk defines the data types of the mail channel and makes all of its decisions. It does no I/O: it reads no
// clock, file or network, writes no log, and draws no random number.
//
// A decision is a pure function: Decide of a Message and Facts, Announce of a Change and AnnounceFacts. Everything that
// it depends on is among its arguments, and everything that follows from it is in the Decision that it returns.
package desk
