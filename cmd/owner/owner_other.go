//go:build !unix

// Package owner makes root act as the owner of a folder or file, so that this user can use all the files that root
// makes. For other users it changes nothing.
package owner

// Act does nothing: these systems have no root user.
func Act(string) (string, error) { return "", nil }

// Give does nothing here.
func Give(string, ...string) error { return nil }
