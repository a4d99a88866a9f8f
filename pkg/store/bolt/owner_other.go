//go:build !unix

package bolt

// keepOwner does nothing on systems without Unix owners.
func keepOwner(string, string) error { return nil }
