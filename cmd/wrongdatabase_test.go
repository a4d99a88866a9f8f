package cmd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdesk/internal/servers"
	sandbox "helpdesk/pkg/sandbox/portal"
)

var stateLine = regexp.MustCompile(`(?m)^state: .*$`)

// keep moves the state to an address.
func (d *drive) keep(address string) {
	d.t.Helper()
	file := filepath.Join(d.dir, "helpdesk.yaml")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, stateLine.ReplaceAll(text, []byte(`state: "`+address+`"`)), 0o600)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

// refused runs a pass that must end with the status, and with one line that contains the advice.
func (d *drive) refused(status int, says string) {
	d.t.Helper()
	got, out, errs := d.run("poll")
	if got != status || out != "" || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, says) {
		d.t.Errorf("status %d, want %d; want %q in\n%s%s", got, status, says, out, errs)
	}
}

// whole runs passes on a repaired database, and checks that the letter has made one task and at most one reply.
func (d *drive) whole() {
	d.t.Helper()
	d.clock.Advance(5 * time.Minute) // after that an attempt can't succeed late any more, so passes look for its result
	for range 3 {
		d.minute("poll")
	}
	if tasks, letters, left := len(d.portal.Tasks()), len(d.mailed()), d.unseen(); tasks != 1 || letters > 1 ||
		len(left) != 0 {
		d.t.Errorf("%d tasks, %d letters, unseen %v", tasks, letters, left)
	}
}

// For every fault of the database a pass ends with the right status and one line of advice without the password.
// Nothing is lost: after the repair the letter makes its task.
func TestWrongDatabases(t *testing.T) {
	t.Parallel()
	p, err := sharedServer()
	servers.Want(t, err)
	for _, statement := range []string{"create role guest login password '" + dbSecret + "'",
		"create database readonly owner helpdesk",
		"alter database readonly set default_transaction_read_only = on", "create database newer owner helpdesk"} {
		sql(t, p, statement)
	}
	good := p.Address("helpdesk", dbSecret, "helpdesk")
	pooler, err := p.StartPooler("transaction", "helpdesk", dbSecret)
	servers.Want(t, err)
	t.Cleanup(pooler.Stop)
	free, err := servers.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, address string
		status        int
		says          string
	}{
		{"wrong password", strings.Replace(good, dbSecret, dbSecret+"x", 1), 2, "check the user and the password"},
		{"no such user", strings.Replace(good, "//helpdesk:", "//nobody:", 1), 2, "check the user and the password"},
		{"missing rights", strings.Replace(good, "//helpdesk:", "//guest:", 1), 2, "GRANT CREATE ON DATABASE"},
		{"missing database", strings.TrimSuffix(good, "helpdesk") + "absent", 2, "CREATE DATABASE"},
		{"no TLS on the server", good + "?sslmode=require", 2, "turn ssl on there"},
		{"pooler in transaction mode", pooler.Address("helpdesk", dbSecret, "helpdesk"), 2, "name the server itself"},
		{"not reachable", strings.Replace(good, fmt.Sprint(":", p.Port), fmt.Sprint(":", free), 1), 75, "refused"},
		{"only reads", strings.TrimSuffix(good, "helpdesk") + "readonly", 75, "none of them the primary?"},
		{"an address with a mistake", strings.Replace(good, dbSecret, dbSecret+"%", 1), 2, "written as %XX"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDrive(t, sandbox.PortalOptions{}, "")
			d.letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print.")
			d.keep(c.address)
			d.refused(c.status, c.says)
			d.keep(good + "?search_path=" + strings.ReplaceAll(strings.ReplaceAll(c.name, " ", "_"), "%", ""))
			d.whole()
		})
	}
	t.Run("a newer program's", func(t *testing.T) {
		d := newDrive(t, sandbox.PortalOptions{}, "")
		d.keep(strings.TrimSuffix(good, "helpdesk") + "newer")
		d.must(0, "poll")
		was, err := p.SQL(
			"newer",
			`update helpdesk.entries set value = '\x0000000000000099' where bucket = 'meta' and key = 'schema' returning 1`)
		if err != nil || was != "1" {
			t.Fatal(was, err)
		}
		d.letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print.")
		d.refused(2, "use that version")
		if _, err := p.SQL(
			"newer", fmt.Sprintf(
				`update helpdesk.entries set value = '\x%016x' where bucket = 'meta' and key = 'schema'`,
				3)); err != nil {
			t.Fatal(err)
		}
		d.whole()
	})
}

// A standby can't keep the state until it is promoted.
func TestTheStateOnAStandby(t *testing.T) {
	t.Parallel()
	db := sharedDatabase(t)
	s, err := db.Standby()
	servers.Want(t, err)
	t.Cleanup(s.Stop)
	d := newDrive(t, sandbox.PortalOptions{}, "")
	d.letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print.")
	follow(t, db.Postgres, s)
	d.keep(s.Address("helpdesk", dbSecret, db.name))
	d.refused(75, "every server of it only reads")
	if err := s.Promote(); err != nil {
		t.Fatal(err)
	}
	d.whole()
}

// The server stops while the portal makes the task: the pass ends with 75, and the next one finds the task.
func TestTheDatabaseStopsInTheMiddle(t *testing.T) {
	t.Parallel()
	p := database(t)
	for _, c := range []struct {
		name string
		end  func(*servers.Postgres)
		says string
	}{{
		"halted",
		(*servers.Postgres).Halt,
		"the server is being stopped",
	}, {"killed", (*servers.Postgres).Kill, "the connection broke"}} {
		t.Run(c.name, func(t *testing.T) {
			stopped := false
			d := newDrive(t, sandbox.PortalOptions{Latency: func(method string) time.Duration {
				if method == "tasks.task.add" && !stopped {
					stopped = true
					c.end(p)
				}
				return 0
			}}, "")
			d.letter("1@romashka.example", "ivan@romashka.example", "Printer", "It does not print.")
			d.keep(p.Address("helpdesk", dbSecret, "helpdesk") + "?search_path=" + c.name)
			d.refused(75, c.says)
			if !stopped {
				t.Fatal("it was never stopped")
			}
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			d.whole()
		})
	}
}

// The server's disk is full: the pass ends with 75, and goes on when there is room.
func TestTheDatabasesDiskIsFull(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can make a small disk")
	}
	p := database(t)
	disk := filepath.Join(p.Dir, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk).CombinedOutput(); err != nil {
		servers.Want(t, servers.Lacking(fmt.Sprintf("no small disk can be mounted: %v: %s", err, out)))
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", disk).Run() })
	if out, err := exec.Command("chown", "--reference", p.Dir, disk).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	sql(t, p, "create tablespace small location '"+disk+"'")
	sql(t, p, "create database full_disk owner helpdesk tablespace small")
	d := newDrive(t, sandbox.PortalOptions{}, "")
	d.keep(strings.TrimSuffix(p.Address("helpdesk", dbSecret, "helpdesk"), "helpdesk") + "full_disk")
	d.must(0, "poll")
	filler := filepath.Join(disk, "filler")
	room, _ := os.Create(filler)
	for block := make([]byte, 4096); ; {
		if _, err := room.Write(block); err != nil {
			break
		}
	}
	_ = room.Close()
	// A large letter needs new pages in the tables.
	d.letter("1@romashka.example", "ivan@romashka.example", "Printer", noise(60_000))
	d.refused(75, "the server's disk is full: make room there")
	if n := len(d.portal.Tasks()); n != 0 {
		t.Errorf("%d tasks are made, of which nothing is recorded", n)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	d.whole()
}

// noise returns text that does not compress.
func noise(n int) string {
	var b strings.Builder
	for x := uint64(1); b.Len() < n; {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		fmt.Fprintf(&b, "%x\n", x)
	}
	return b.String()
}
