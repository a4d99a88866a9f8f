package schedule

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the examples anew")

// packaged is the plan of an installed package.
func packaged() Plan {
	return Plan{User: "helpdesk", File: "/etc/helpdesk/helpdesk.yaml", Env: "/etc/helpdesk/helpdesk.env",
		Folder: "/var/lib/helpdesk",
		Copy:   "/var/lib/helpdesk/helpdesk.db.backup", Program: []string{"/usr/bin/helpdesk"}, MailTo: "root"}
}

// The examples are the printed schedules of an installed package. The packages contain the same units.
func TestExamples(t *testing.T) {
	units, err := Units(packaged())
	if err != nil {
		t.Fatal(err)
	}
	p := packaged()
	p.Foreign = true
	for _, kind := range []string{"cron", "windows"} {
		var b bytes.Buffer
		if kind == "windows" {
			p.Env, p.Folder = `C:\ProgramData\helpdesk\helpdesk.env`, `C:\ProgramData\helpdesk`
			p.Program, p.Copy = []string{`C:\Program Files\helpdesk\helpdesk.exe`}, `C:\ProgramData\helpdesk\helpdesk.db.backup`
		}
		if err := Print(&b, kind, p); err != nil {
			t.Fatal(err)
		}
		units = append(units, Unit{map[string]string{
			"cron":    "../crontab",
			"windows": "../windows-task.cmd",
		}[kind], b.String()})
	}
	wanted := map[string]bool{}
	for _, u := range units {
		path := filepath.Join("../../examples/systemd", u.Name)
		wanted[u.Name] = true
		if *update {
			if err := os.WriteFile(path, []byte(u.Text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if have, err := os.ReadFile(path); err != nil || string(have) != u.Text {
			t.Errorf("%s is not what is printed; go test ./cmd/schedule -update writes it: %v", path, err)
		}
	}
	entries, err := os.ReadDir("../../examples/systemd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !wanted[e.Name()] {
			t.Errorf("examples/systemd/%s is not printed by anything", e.Name())
		}
	}
}

// Every schedule runs the four commands, and explains how to remove it.
func TestEverySchedule(t *testing.T) {
	for _, kind := range Kinds {
		var b bytes.Buffer
		if err := Print(&b, kind, packaged()); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`helpdesk(\\")? poll\b`, `helpdesk(\\")? notify\b`,
			`helpdesk(\\")? verify --days 3\b`, `helpdesk(\\")? state backup \S`, `(?i)to remove it all`} {
			if !regexp.MustCompile(want).MatchString(b.String()) {
				t.Errorf("%s has no %s", kind, want)
			}
		}
	}
}

// Each unit of a pass reports its failure and treats status 75 as success, and its timer has a random delay.
func TestUnits(t *testing.T) {
	p := packaged()
	p.User, p.File, p.Folder = "desk", "/home/desk/a b.yaml", "/home/desk/state"
	p.Program = []string{"/home/desk/helpdesk", "--config", "/home/desk/a b.yaml"}
	units, err := Units(p)
	if err != nil {
		t.Fatal(err)
	}
	text := map[string]string{}
	for _, u := range units {
		text[u.Name] = u.Text
	}
	for _, name := range []string{"poll", "notify", "verify", "backup"} {
		for _, want := range []string{"OnFailure=helpdesk-failed@%n.service", "SuccessExitStatus=75", "User=desk",
			"ReadWritePaths=/home/desk/state",
			"ProtectHome=read-only", `ExecStart=/home/desk/helpdesk --config "/home/desk/a b.yaml" `} {
			if !strings.Contains(text["helpdesk-"+name+".service"], "\n"+want) {
				t.Errorf("%s has no %s", name, want)
			}
		}
		if !strings.Contains(text["helpdesk-"+name+".timer"], "\nRandomizedDelaySec=") {
			t.Errorf("the timer of %s is not spread", name)
		}
	}
}

// systemd-analyze finds nothing wrong with the units.
func TestSystemdTakesTheUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze")
	}
	dir := t.TempDir()
	p := packaged()
	p.User, p.Program = "root", []string{"/bin/sh"} // must exist on this machine
	units, err := Units(p)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"verify", "--man=no"}
	for _, u := range units {
		path := filepath.Join(dir, u.Name)
		if err := os.WriteFile(path, []byte(u.Text), 0o644); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(u.Name, "@") {
			args = append(args, path)
		}
	}
	out, err := exec.Command(analyze, args...).CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, dir) || strings.Contains(line, "helpdesk-") {
			t.Errorf("%s", line)
		}
	}
	if err != nil && t.Failed() {
		t.Error(err)
	}
}
