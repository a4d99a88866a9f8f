package cmd

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

var (
	killRounds = flag.Int("kill.rounds", 24, "how many passes TestKill kills")
	killSeed   = flag.Uint64("kill.seed", 0, "what it kills when; 0 = another each time")
	killEngine = flag.String("kill.engine", "bolt", "what keeps the state of TestKill: bolt or postgres")
)

// killing is a helpdesk whose passes are real processes that are killed at any instant.
type killing struct {
	t       *testing.T
	rnd     *rand.Rand
	binary  string
	config  string
	portal  *sandbox.Portal
	imap    *mail.IMAP
	smtp    *mail.SMTP
	letters int       // that arrived
	firsts  []string  // Message-IDs of first letters
	said    int       // comments of specialists
	saidAt  time.Time // when the last comment was made
	killed  int
	takes   time.Duration // a pass that is left alone
}

// TestKill kills passes with SIGKILL at random instants and looks whether each letter has made one task or one comment,
// each new request at most one auto-reply, and each comment a letter under one Message-ID. It prints the seed it goes
// by; -kill.seed repeats its dice, though not the machine's timing.
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
			t.Logf("%d letters, %d comments, %d passes killed, %d letters sent", k.letters, k.said, k.killed, len(k.smtp.Letters()))
		})
	}
}

func newKilling(t *testing.T, rnd *rand.Rand, o sandbox.PortalOptions, state string) *killing {
	k := &killing{t: t, rnd: rnd, binary: "helpdesk", config: filepath.Join(t.TempDir(), "helpdesk.yaml")}
	o.NoLimit = true
	o.Latency = func(string) time.Duration { return 2 * time.Millisecond }
	k.portal = sandbox.NewPortal(o)
	webhook, err := k.portal.Start()
	if err != nil {
		t.Fatal(err)
	}
	if k.imap, err = mail.NewIMAP(mail.IMAPOptions{}); err != nil {
		t.Fatal(err)
	}
	if k.smtp, err = mail.NewSMTP(mail.SMTPOptions{}); err != nil {
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
	t.Cleanup(func() { _, _, _ = k.portal.Close(), k.imap.Close(), k.smtp.Close() })
	text := fmt.Sprintf(`state: "%s"
bitrix24: {webhook: "%s", timeout: 1s, rate: {burst: 1000, per_second: 1000}, task: {responsible: 7}}
mailboxes:
  - name: support
    from: "Support <support@helpdesk.example>"
    imap: {host: 127.0.0.1, port: %s, tls: none, user: user, password: password}
    smtp: {host: 127.0.0.1, port: %s, tls: none, auth: none}
letters: {received: {limit: {per_address: 100000, per_domain: 100000}}}
`, state, webhook, slow(k.imap.Addr()), slow(k.smtp.Addr()))
	if err := os.WriteFile(k.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return k
}

// measure runs a pass to its end, to know how long one takes on this machine.
func (k *killing) measure() {
	k.happen()
	began := time.Now()
	k.run("poll")
	k.takes = time.Since(began)
}

// soon is a time within which a pass may or may not end.
func (k *killing) soon() time.Duration {
	return 5*time.Millisecond + time.Duration(k.rnd.Int64N(int64(max(2*k.takes, 140*time.Millisecond))))
}

// round lets something happen, runs a pass on it, and kills that.
func (k *killing) round() {
	for range 1 + k.rnd.IntN(3) {
		k.happen()
	}
	kind := []string{"poll", "notify"}[k.rnd.IntN(2)]
	ctx, cancel := context.WithTimeout(context.Background(), k.soon())
	defer cancel()
	c := exec.CommandContext(ctx, k.binary, "--config", k.config, kind) // killed by SIGKILL when the time is up
	_ = c.Run()
	if ctx.Err() != nil {
		k.killed++
	}
	if k.rnd.IntN(5) == 0 { // what waits is due again
		k.run("outbox", "retry", "--all")
	}
}

func (k *killing) happen() {
	tasks := k.portal.Tasks()
	if len(tasks) > 0 && k.rnd.IntN(3) == 0 {
		k.said, k.saidAt = k.said+1, time.Now()
		k.portal.Say(tasks[k.rnd.IntN(len(tasks))].ID, 7, fmt.Sprintf("answer C%dC", k.said))
		return
	}
	k.letters++
	id := fmt.Sprintf("letter-%d@customer.example", k.letters)
	var (
		header   string
		customer int
	)
	if len(k.firsts) > 0 && k.rnd.IntN(3) == 0 {
		customer = 1 + k.rnd.IntN(len(k.firsts))
		header = fmt.Sprintf("In-Reply-To: <%s>\r\n", k.firsts[customer-1])
	} else {
		k.firsts = append(k.firsts, id)
		customer = len(k.firsts)
	}
	raw := fmt.Sprintf("From: someone@customer%d.example\r\nTo: support@helpdesk.example\r\nSubject: Request of customer %d\r\nMessage-ID: <%s>\r\n"+
		"Date: %s\r\n%sContent-Type: text/plain\r\n\r\nBody L%dL\r\n", customer, customer, id, time.Now().Format(time.RFC1123Z), header, k.letters)
	if _, err := k.imap.Append("INBOX", []byte(raw), time.Now()); err != nil {
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

// settle runs whole passes until there is nothing left to do.
func (k *killing) settle() {
	for start := time.Now(); time.Since(start) < 2*time.Minute; time.Sleep(200 * time.Millisecond) {
		k.run("outbox", "retry", "--all")
		a, b := k.run("poll"), k.run("notify")
		if time.Since(k.saidAt) < 2*sandbox.Lateness {
			continue // the portal does not show yet that something has happened to the task
		}
		if a == exit.Done && b == exit.Done && k.run("verify", "--days", "1") == exit.Done && k.unseen() == 0 {
			k.run("notify") // a comment is read again until ten seconds have passed
			return
		}
	}
	out, _ := exec.Command(k.binary, "--config", k.config, "outbox", "list").CombinedOutput()
	k.t.Fatalf("it never gets quiet:\n%s", out)
}

func (k *killing) unseen() (n int) {
	for _, m := range k.imap.Messages("INBOX") {
		if !m.Seen {
			n++
		}
	}
	return n
}

var markedLetter, markedAnswer = regexp.MustCompile(`L(\d+)L`), regexp.MustCompile(`C(\d+)C`)

// verify compares what is there with what happened.
func (k *killing) verify() {
	made := map[string]int{}
	for _, task := range k.portal.Tasks() {
		texts := []string{task.Description}
		for _, c := range task.Comments {
			if c.Author == 17 {
				texts = append(texts, c.Text)
			}
		}
		for _, m := range markedLetter.FindAllString(strings.Join(texts, "\n"), -1) {
			made[m]++
		}
	}
	for i := 1; i <= k.letters; i++ {
		if n := made[fmt.Sprintf("L%dL", i)]; n != 1 {
			k.t.Errorf("letter %d has made %d tasks and comments", i, n)
		}
	}
	if n := len(k.portal.Tasks()); n != len(k.firsts) {
		k.t.Errorf("%d tasks of %d requests", n, len(k.firsts))
	}
	answers, replies := k.mailed()
	for i := 1; i <= k.said; i++ {
		if n := len(answers[fmt.Sprintf("C%dC", i)]); n != 1 {
			k.t.Errorf("comment %d of %d went out under %d Message-IDs", i, k.said, n)
		}
	}
	for to, n := range replies {
		if n > 1 {
			k.t.Errorf("%s got %d auto-replies", to, n)
		}
	}
}

// mailed returns the Message-IDs each comment went out under, and how many auto-replies each address got.
func (k *killing) mailed() (answers map[string]map[string]bool, replies map[string]int) {
	answers, replies = map[string]map[string]bool{}, map[string]int{}
	for _, l := range k.smtp.Letters() {
		m, err := eml.Parse(bytes.NewReader(l.Raw), desk.Listing{})
		if err != nil {
			k.t.Fatal(err)
		}
		if m.Header.Has("Auto-Submitted") {
			replies[l.To[0]]++
			continue
		}
		for _, c := range markedAnswer.FindAllString(m.Plain, -1) {
			if answers[c] == nil {
				answers[c] = map[string]bool{}
			}
			answers[c][m.ID] = true
		}
	}
	return answers, replies
}
