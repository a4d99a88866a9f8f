// Package mail is an IMAP server, an SMTP relay and a proxy that breaks connections, all in the process: for the tests
// of every other package and for the demonstration. They keep everything in memory.
package mail
