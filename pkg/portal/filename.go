package portal

import (
	"cmp"

	"helpdesk/pkg/glyph"
)

// driveName returns a name that Drive accepts.
func driveName(name string) string { return cmp.Or(glyph.FileName(name), "file") }
