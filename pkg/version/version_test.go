package version

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestBuildsSayWhatTheyAre(t *testing.T) {
	for _, c := range []struct {
		b           Build
		text, agent string
	}{
		{Build{Version: "1.2.0", Go: "go1.26.0"}, "helpdesk 1.2.0 go1.26.0", "helpdesk/1.2.0"},
		{
			Build{Version: "1.2.0", Commit: "0123456789abcdef", Go: "go1.26.0"},
			"helpdesk 1.2.0 (0123456789ab) go1.26.0",
			"helpdesk/1.2.0",
		},
		{Build{Version: "devel", Commit: "ab", Date: "2026-03-12T09:00:00Z", Go: "go1.26.0"},
			"helpdesk devel (ab, 2026-03-12T09:00:00Z) go1.26.0", "helpdesk/devel"},
	} {
		if got := c.b.String(); got != c.text {
			t.Errorf("%q, want %q", got, c.text)
		}
		if got := c.b.Agent(); got != c.agent {
			t.Errorf("%q, want %q", got, c.agent)
		}
	}
	if b := Get(); b.Version == "" || b.Go != runtime.Version() {
		t.Errorf("this build: %+v", b)
	}
}

// The names in the linker's flags must be those of this package: the linker silently ignores a wrong one.
func TestTheLinkerFindsTheNames(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "helpdesk.exe")
	const at = "-X helpdesk/pkg/version."
	c := exec.Command("go", "build", "-o", binary, "-ldflags",
		at+"number=9.8.7 "+at+"commit=abc "+at+"date=2026-01-02T03:04:05Z", "helpdesk")
	if out, err := c.CombinedOutput(); err != nil {
		t.Skipf("the go command does not build the program here: %v\n%s", err, out)
	}
	out, err := exec.Command(binary, "version").Output()
	if want := "helpdesk 9.8.7 (abc, 2026-01-02T03:04:05Z) " + runtime.Version() + "\n"; err != nil ||
		string(out) != want {
		t.Errorf("%q, %v; want %q", out, err, want)
	}
	if !strings.Contains(Get().String(), "helpdesk ") {
		t.Error(Get())
	}
}
