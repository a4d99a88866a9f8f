package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/internal/servers"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// freeWithin is the time within which the server must release the lock of a host that is cut off.
const freeWithin = 15 * time.Second

// TestCutOff cuts the link between a host and the database while the portal makes a task: packets vanish without an
// error. The server releases the lock, and the other host goes on. The first host can't record its work and ends with
// status 75. In the end the letter has made one task.
func TestCutOff(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts servers")
	}
	link, err := newLink()
	servers.Want(t, err)
	t.Cleanup(link.remove)
	p := database(t, "listen_addresses = '127.0.0.1, "+link.here+"'")
	admit(t, p, link.there)
	c := &cutting{asked: make(chan bool), answer: make(chan bool)}
	var r *rig
	if err := link.inside(func() (err error) {
		r, err = newRig(t.TempDir(), sandbox.PortalOptions{Latency: c.delay}, withoutCRM)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.close)
	far := r.hostWith(t, "far.yaml", "postgres://helpdesk:"+dbSecret+"@"+
		net.JoinHostPort(link.here, fmt.Sprint(p.Port))+"/helpdesk")
	near := r.hostWith(t, "near.yaml", p.Address("helpdesk", "", "helpdesk"))
	host := func(config string, args ...string) (*exec.Cmd, *bytes.Buffer) {
		cmd, out := link.command("helpdesk", append([]string{"--config", config}, args...)...), &bytes.Buffer{}
		cmd.Stdout, cmd.Stderr = out, out
		for name, value := range r.environment() {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		cmd.Env = append(cmd.Env, os.Environ()...)
		return cmd, out
	}
	letter := []byte("From: ivan@romashka.example\nTo: support@helpdesk.example\nSubject: Printer\nMessage-ID: " +
		"<1@romashka.example>\nDate: @DATE@\n\nIt does not print.\n")
	if _, err := r.arrive(letter, time.Now()); err != nil {
		t.Fatal(err)
	}
	first, said := host(far, "poll")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.Process.Kill() })
	select {
	case <-c.asked:
	case <-time.After(time.Minute):
		t.Fatalf("the portal is never asked: %s", said)
	}
	if err := link.cut(); err != nil {
		t.Fatal(err)
	}
	cut := time.Now()
	for sql(t, p, "select count(*) from pg_locks where locktype = 'advisory'") != "0" {
		if time.Since(cut) > freeWithin {
			t.Fatalf("the lock is not free after %v", freeWithin)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("the lock was free after %v", time.Since(cut).Round(time.Second/10))
	second, out := host(near, "poll")
	if err := second.Run(); err != nil && second.ProcessState.ExitCode() != exit.Temporary {
		t.Errorf("the other host: %v\n%s", err, out)
	}
	close(c.answer)
	err = first.Wait()
	if first.ProcessState.ExitCode() != exit.Temporary || !strings.Contains(said.String(), "the connection broke") {
		t.Errorf("the host that was cut off ends with %v:\n%s", err, said)
	}
	if found := leaks(said.String() + out.String()); len(found) > 0 {
		t.Errorf("it prints %v", found)
	}
	for start := time.Now(); len(r.unseen()) > 0 && time.Since(start) < time.Minute; time.Sleep(time.Second) {
		for _, args := range [][]string{{"outbox", "retry", "--all"}, {"poll"}} { // retry makes all entries due
			second, _ = host(near, args...)
			_ = second.Run()
		}
	}
	if letters, err := r.letters(); len(r.portal.Tasks()) != 1 || len(letters) > 1 || len(r.unseen()) > 0 ||
		err != nil {
		t.Errorf("%d tasks, %d letters, unseen %v, %v", len(r.portal.Tasks()), len(letters), r.unseen(), err)
	}
}

// admit lets users log in with passwords from an address.
func admit(t *testing.T, p *servers.Postgres, from string) {
	t.Helper()
	f, err := os.OpenFile(sql(t, p, "show hba_file"), os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		_, err = f.WriteString("host all all " + from + "/32 scram-sha-256\n")
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	sql(t, p, "select pg_reload_conf()")
}

// cutting is a portal that answers the first task slowly.
type cutting struct {
	once          sync.Once
	asked, answer chan bool
}

func (c *cutting) delay(method string) time.Duration {
	if method == "tasks.task.add" {
		c.once.Do(func() {
			close(c.asked)
			<-c.answer
		})
	}
	return 0
}

// hostWith writes the configuration of another host with the state at the address, and returns its path.
func (r *rig) hostWith(t *testing.T, name, address string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "helpdesk.yaml"))
	file := filepath.Join(r.dir, name)
	changed := strings.Replace(string(stateLine.ReplaceAll(text, []byte(`state: "`+address+`"`))), "bitrix24:\n",
		"bitrix24:\n  timeout: 5s\n", 1)
	if err := errors.Join(err, os.WriteFile(file, []byte(changed), 0o600)); err != nil {
		t.Fatal(err)
	}
	return file
}
