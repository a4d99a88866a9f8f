// Package version identifies this build of the program. It does not look for newer ones.
package version

import (
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
)

// Values set by the linker for a release (-ldflags "-X helpdesk/pkg/version.number=1.2.0 …"); empty in a build from
// sources.
var number, commit, date string

// Build describes one build of the program.
type Build struct {
	Version string `json:"version"` // 1.2.0, or devel for a build from sources without a version
	Commit  string `json:"commit"`  // full hash, with "-dirty" appended if files were modified; "" = unknown
	Date    string `json:"date"`    // date of the commit, RFC 3339; "" = unknown
	Go      string `json:"go"`      // go1.26.0
}

// Get returns the description of this build.
func Get() Build { return get() }

var get = sync.OnceValue(func() Build {
	b := Build{Version: number, Commit: commit, Date: date, Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok || number != "" {
		return b.named()
	}
	if v := strings.TrimPrefix(info.Main.Version, "v"); v != "(devel)" {
		b.Version = v
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.Commit = s.Value + b.Commit
		case s.Key == "vcs.time":
			b.Date = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			b.Commit += "-dirty"
		}
	}
	return b.named()
})

func (b Build) named() Build {
	if b.Version == "" {
		b.Version = "devel"
	}
	return b
}

// String returns the build in a form for people.
func (b Build) String() string {
	text := "helpdesk " + b.Version
	if b.Commit != "" {
		text += " (" + b.Commit[:min(12, len(b.Commit))]
		if b.Date != "" {
			text += ", " + b.Date
		}
		text += ")"
	}
	return text + " " + b.Go
}

// Agent returns the program's name for servers, as in User-Agent.
func (b Build) Agent() string { return "helpdesk/" + b.Version }
