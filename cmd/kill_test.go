package cmd

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/internal/crowd"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

var (
	killRounds = flag.Int("kill.rounds", 8, "how many passes TestKill kills")
	killSeed   = flag.Uint64("kill.seed", 0, "what it kills when; 0 = another each time")
	killEngine = flag.String("kill.engine", "bolt", "what keeps the state of TestKill: bolt or postgres")
)

// killing is a helpdesk whose passes are real processes that are killed at random moments.
type killing struct {
	*crowd.Crowd
	t      *testing.T
	binary string
	config string
	killed int
	takes  time.Duration // approximate duration of an undisturbed pass
}

// TestKill kills passes with SIGKILL at random moments. In the end each letter has made one task or one comment, each
// new request has at most one auto-reply, and all letters of a comment have the same Message-ID. The test prints its
// seed; -kill.seed repeats the random numbers, but not the timing of the machine.
func TestKill(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("kills processes for a while")
	}
	seed := *killSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("go test ./cmd -run TestKill$ -kill.engine %s -kill.rounds %d -kill.seed %d", *killEngine, *killRounds, seed)
	for i, card := range []string{"old card", "new card"} {
		t.Run(card, func(t *testing.T) {
			state := "helpdesk.db"
			if *killEngine == "postgres" {
				state = database(t).Address("helpdesk", dbSecret, "helpdesk")
			}
			k := newKilling(t, rand.New(rand.NewPCG(seed, uint64(i))), sandbox.PortalOptions{NewCard: i == 1}, state)
			k.measure()
			for done := 0; done < *killRounds/2; done += 25 {
				for range min(25, *killRounds/2-done) {
					k.round()
				}
				k.settle()
				k.verify()
				if t.Failed() {
					return
				}
			}
			t.Logf("%d letters, %d comments, %d of %d passes killed, %d letters sent", k.Letters, k.Said, k.killed,
				*killRounds/2, len(k.SMTP.Letters()))
		})
	}
}

func newKilling(t *testing.T, rnd *rand.Rand, o sandbox.PortalOptions, state string) *killing {
	k := &killing{
		Crowd:  &crowd.Crowd{Rnd: rnd, Now: time.Now},
		t:      t,
		binary: "helpdesk",
		config: filepath.Join(t.TempDir(), "helpdesk.yaml"),
	}
	o.NoLimit = true
	o.Latency = func(string) time.Duration { return 2 * time.Millisecond }
	k.Portal = sandbox.NewPortal(o)
	webhook, err := k.Portal.Start()
	if err != nil {
		t.Fatal(err)
	}
	if k.IMAP, err = mail.NewIMAP(mail.IMAPOptions{}); err != nil {
		t.Fatal(err)
	}
	if k.SMTP, err = mail.NewSMTP(mail.SMTPOptions{}); err != nil {
		t.Fatal(err)
	}
	slow := func(addr string) string {
		p, err := mail.NewProxy(addr)
		if err != nil {
			t.Fatal(err)
		}
		p.Delay(time.Millisecond)
		t.Cleanup(func() { _ = p.Close() })
		_, port, _ := net.SplitHostPort(p.Addr())
		return port
	}
	t.Cleanup(func() { _, _, _ = k.Portal.Close(), k.IMAP.Close(), k.SMTP.Close() })
	text := fmt.Sprintf(`state: "%s"
bitrix24: {webhook: "%s", timeout: 3s, rate: {burst: 1000, per_second: 1000}, task: {responsible: %d}}
mailboxes:
  - name: support
    from: "Support <support@helpdesk.example>"
    imap: {host: 127.0.0.1, port: %s, tls: none, user: user, password: password}
    smtp: {host: 127.0.0.1, port: %s, tls: none, auth: none}
letters: {received: {limit: {per_address: 100000, per_domain: 100000}}}
notify: {delay: 0s}
`, state, webhook, crowd.Specialist, slow(k.IMAP.Addr()), slow(k.SMTP.Addr()))
	if err := os.WriteFile(k.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return k
}

// measure runs a pass to its end, to measure how long a pass takes on this machine.
func (k *killing) measure() {
	k.happen()
	began := time.Now()
	k.run("poll")
	k.takes = time.Since(began)
}

// soon returns a time in which a pass may or may not end.
func (k *killing) soon() time.Duration {
	return 5*time.Millisecond + time.Duration(k.Rnd.Int64N(int64(max(k.takes*3/2, 50*time.Millisecond))))
}

// learn adjusts takes after a pass was killed or has ended, because the duration of passes varies.
func (k *killing) learn(killed bool, took time.Duration) {
	if killed {
		k.killed++
		k.takes += k.takes / 20
	} else {
		k.takes = (k.takes + took) / 2
	}
}

// round lets something happen, runs a pass, and kills it.
func (k *killing) round() {
	for range 1 + k.Rnd.IntN(3) {
		k.happen()
	}
	kind := []string{"poll", "notify"}[k.Rnd.IntN(2)]
	ctx, cancel := context.WithTimeout(context.Background(), k.soon())
	defer cancel()
	c := exec.CommandContext(ctx, k.binary, "--config", k.config, kind) // sends SIGKILL at the end of the context
	began := time.Now()
	_ = c.Run()
	k.learn(ctx.Err() != nil, time.Since(began))
	if k.Rnd.IntN(5) == 0 { // makes all entries due
		k.run("outbox", "retry", "--all")
	}
}

func (k *killing) happen() {
	if _, err := k.Happen(); err != nil {
		k.t.Fatal(err)
	}
}

// run runs a command to its end and returns its exit status.
func (k *killing) run(args ...string) int {
	out, err := exec.Command(k.binary, append([]string{"--config", k.config}, args...)...).CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		k.t.Fatal(err)
	}
	if ended != nil && ended.ExitCode() != exit.Temporary && ended.ExitCode() != exit.Held {
		k.t.Fatalf("helpdesk %v: %v\n%s", args, err, out)
	}
	if ended != nil {
		return ended.ExitCode()
	}
	return exit.Done
}

// settle runs whole passes until nothing is left to do.
func (k *killing) settle() {
	for start := time.Now(); time.Since(start) < 2*time.Minute; time.Sleep(200 * time.Millisecond) {
		k.run("outbox", "retry", "--all")
		a, b := k.run("poll"), k.run("notify")
		if shown := k.SaidAt.Add(2 * sandbox.Lateness); time.Now().Before(shown) {
			time.Sleep(time.Until(shown)) // the portal may not show the latest change yet
			continue
		}
		if a == exit.Done && b == exit.Done && k.run("verify", "--days", "1") == exit.Done && k.Unseen() == 0 {
			k.run("notify") // a comment is read again until it is ten seconds old
			return
		}
	}
	out, _ := exec.Command(k.binary, "--config", k.config, "outbox", "list").CombinedOutput()
	k.t.Fatalf("it never gets quiet:\n%s", out)
}

// verify compares the results with what happened.
func (k *killing) verify() {
	for _, mistake := range k.Mistakes() {
		k.t.Error(mistake)
	}
}
