// Package desk is the vocabulary of the mail channel and all of its decisions.
//
// A decision is a pure function: Decide of a Message and Facts, Announce of a Change and Facts. Nothing here reads a
// clock, a file or a network, logs, or draws a random number; whatever a decision may depend on is among its arguments,
// and whatever follows from it is in the Decision it returns.
package desk
