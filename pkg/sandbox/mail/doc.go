// Package mail contains an IMAP server, an SMTP relay and a proxy that breaks connections, for tests and the
// demonstration. They are not products: they run in the process and keep everything in memory.
package mail
