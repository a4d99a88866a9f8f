package cmd

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os/exec"
	"testing"
	"time"

	"helpdesk/internal/servers"
	sandbox "helpdesk/pkg/sandbox/portal"
)

var failOvers = flag.Int("failover.rounds", 1, "how often TestFailOver lets a standby take over, for each kind of it")

// TestFailOver lets a standby take over from the database server of the state. With asynchronous replication the state
// loses what the standby has not received, though letters are marked, tasks made and answers sent. The passes must find
// all of that again and do nothing twice.
func TestFailOver(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts servers")
	}
	for round := range *failOvers {
		for _, synchronous := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d, synchronous %t", round, synchronous), func(t *testing.T) {
				t.Parallel()
				failOver(t, round, synchronous)
			})
		}
	}
}

func failOver(t *testing.T, round int, synchronous bool) {
	var settings []string
	if synchronous {
		// switched on when the standby runs
		settings = []string{"synchronous_standby_names = 'standby'", "synchronous_commit = local"}
	}
	primary := database(t, settings...)
	standby, err := primary.Standby()
	servers.Want(t, err)
	t.Cleanup(standby.Stop)
	if synchronous {
		sql(t, primary, "alter system set synchronous_commit = on")
		sql(t, primary, "select pg_reload_conf()")
	}
	state := url.URL{Scheme: "postgres", User: url.UserPassword("helpdesk", dbSecret), Path: "/helpdesk",
		Host: fmt.Sprintf("127.0.0.1:%d,127.0.0.1:%d", primary.Port, standby.Port)}
	k := newKilling(t, rand.New(rand.NewPCG(uint64(round), 1)),
		sandbox.PortalOptions{NewCard: (round%2 == 0) != synchronous}, state.String())
	for range 3 {
		k.measure()
	}
	k.run("notify")
	follow(t, primary, standby)
	if !synchronous {
		sql(t, standby, "alter system set primary_conninfo = ''")
		sql(t, standby, "select pg_reload_conf()")
		for sql(t, primary, "select count(*) from pg_stat_replication") != "0" {
			time.Sleep(20 * time.Millisecond)
		}
	}
	for range 6 { // a synchronous standby receives this, an asynchronous one does not
		k.happen() // one comment at a time, because the state also forgets which comments shared a letter
		k.run("poll")
		k.run("notify")
	}
	k.happen()
	last := exec.Command(k.binary, "--config", k.config, "poll")
	if err := last.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Duration(k.Rnd.Int64N(int64(k.takes))))
	primary.Kill()
	_ = last.Wait()
	if n := k.run("poll"); n != 75 {
		t.Errorf("with the standby alone a pass ends with %d", n)
	}
	if err := standby.Promote(); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(k.binary, "--config", k.config, "poll").CombinedOutput()
	t.Logf("the first pass after it: %v\n%s", err, out)
	k.happen()
	k.settle()
	k.verify()
	t.Logf("%d letters, %d comments, %d letters sent", k.Letters, k.Said, len(k.SMTP.Letters()))
}

func sql(t *testing.T, p *servers.Postgres, statement string) string {
	t.Helper()
	out, err := p.SQL("postgres", statement)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// follow waits until the standby has received everything.
func follow(t *testing.T, primary, standby *servers.Postgres) {
	t.Helper()
	want := sql(t, primary, "select pg_current_wal_lsn()")
	for range 3000 {
		if sql(t, standby, "select pg_last_wal_replay_lsn() >= '"+want+"'") == "t" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the standby does not follow")
}
