package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"helpdesk/cmd/status"
	"helpdesk/cmd/tui"
	"helpdesk/internal/servers"
	"helpdesk/pkg/render"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
	"helpdesk/pkg/store"
	"helpdesk/templates"
)

// TestMain lets the test binary run as helpdesk when a script calls it by that name.
func TestMain(m *testing.M) {
	// with the race detector each of the many processes would otherwise sleep for a second at its end
	if os.Getenv("GORACE") == "" {
		os.Setenv("GORACE", "atexit_sleep_ms=10")
	}
	// Most tests wait rather than compute: for servers, processes and time limits. The flag -parallel has precedence.
	if err := flag.Set("test.parallel", strconv.Itoa(max(6, runtime.GOMAXPROCS(0)))); err != nil {
		panic(err)
	}
	testscript.Main(untilEnd{m}, map[string]func(){
		"helpdesk": func() { os.Exit(haste(newApp(tui.New(os.Stdin, os.Stdout, os.Stderr))).main(os.Args[1:])) },
		// helpdesk as main.go runs it, with profiles
		"helpdesk-profiled": func() { os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
		// helpdesk with another clock: AHEAD is how far ahead it is.
		"helpdesk-later": func() {
			ahead, err := time.ParseDuration(os.Getenv("AHEAD"))
			if err != nil {
				panic(err)
			}
			a := haste(newApp(tui.New(os.Stdin, os.Stdout, os.Stderr)))
			a.now = func() time.Time { return time.Now().Add(ahead) }
			os.Exit(a.main(os.Args[1:]))
		},
		// helpdesk at the time in AT, whenever the test runs.
		"helpdesk-at": func() {
			at, err := time.Parse(time.RFC3339, os.Getenv("AT"))
			if err != nil {
				panic(err)
			}
			a, begun := haste(newApp(tui.New(os.Stdin, os.Stdout, os.Stderr))), time.Now()
			a.now = func() time.Time { return at.Add(time.Since(begun)) }
			os.Exit(a.main(os.Args[1:]))
		},
		// helpdesk with other built-in files, from the folder in BUILT.
		"helpdesk-built": func() {
			templates.FS = render.Overlay(templates.FS, os.DirFS(os.Getenv("BUILT")))
			os.Exit(haste(newApp(tui.New(os.Stdin, os.Stdout, os.Stderr))).main(os.Args[1:]))
		},
	})
}

// haste divides the waits for the portal and for another run by HASTE, if that variable is set. PATIENCE is how long a
// person's command waits for another run.
func haste(a *app) *app {
	if d, err := time.ParseDuration(os.Getenv("PATIENCE")); err == nil {
		a.personWaits = d
	}
	times, err := strconv.Atoi(os.Getenv("HASTE"))
	if err != nil {
		return a
	}
	a.passWaits /= time.Duration(times)
	a.sleep = func(ctx context.Context, by time.Duration) error {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(by / time.Duration(times)):
			return nil
		}
	}
	return a
}

// TestScripts runs testdata/*.txtar, the specification of the command line. The commands of scripts, in addition to
// those of testscript:
//
//	servers [new] [nocrm] [unset] [FILE]  start an IMAP server, a relay and a portal (new: with the new task card),
//	                              and write helpdesk.yaml for them, with the text of FILE appended; unset: do not
//	                              set the variables that it names
//	exits STATUS helpdesk ARG...  run helpdesk; it must exit with STATUS and print no secret
//	mail FILE [AGE]               deliver a letter into INBOX that arrived AGE ago; @DATE@ in it becomes that time
//	inbox, tasks, letters         print the messages in INBOX, the tasks in the portal, the letters at the relay
//	portal say TASK USER TEXT, close TASK USER, delete TASK, scopes NAME..., code NEW, fail METHOD, deny METHOD,
//	       gone, well             change the portal
//	imap gone|well|full, smtp gone|well|later|never  change the mail servers
//	provider [rotate] [week] [quirks]  start an authorization server, and let the mailbox sign in there
//	provider revoke, provider ahead DURATION, provider gone|well  revoke its tokens, advance its clock, answer with
//	                              503 or normally
//	person allow|refuse [ACCOUNT] what a person signed in to an account does when they enter a code
//	still                         remember all data; "untouched" checks that nothing has been written since
//	hold AGE, release             let another process that began AGE ago open the state, and close it
//	held                          set $HELD to the number of the first held entry of the outbox
//	grow STATE                    make a gap of a megabyte in the state file
//	islink FILE                   FILE must be a symbolic link
//	database [own]                make a database in PostgreSQL, and let helpdesk.yaml put the state there; $DATABASE is
//	                              its address through the socket, without a password; own: on a server of its own
//	database sql STATEMENT        run a statement in the database
//	database stop|start           stop and start the server of its own
//	damage FILE FROM COUNT        overwrite pages of 4096 bytes with zeros
//	secretless FILE               FILE must contain no secret
//	variables FILE                write the variables into FILE
//	owned UID FILE..., belongs UID FILE...  give files to a user, who can reach them; check that they belong to a user
//	jsonhas PATH...               standard output must be JSON with these keys; [] is every entry of a list
//	jsonlines                     standard error must be one or more lines of JSON
//	interrupted STATUS helpdesk ARG...  run helpdesk, and interrupt it while it waits for the mailbox
func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("starts hundreds of processes")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Values[stageKey{}] = &scene{}
			e.Setenv("TZ", "UTC")
			e.Setenv("USER", "tester")
			e.Setenv("HASTE", "20")
			builtin, err := filepath.Abs("../templates")
			e.Setenv("BUILTIN", builtin)
			return err
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "root":
				return os.Getuid() == 0, nil
			case "postgres":
				_, err := servers.FindPostgres()
				if servers.Missing(err) {
					return false, nil
				}
				return err == nil, err
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"servers": cmdServers, "exits": cmdExits, "mail": cmdMail, "inbox": cmdInbox, "tasks": cmdTasks,
			"letters": cmdLetters,
			"portal":  cmdPortal, "imap": cmdIMAP, "smtp": cmdSMTP, "still": cmdStill, "untouched": cmdUntouched,
			"hold":    cmdHold,
			"release": cmdRelease, "interrupted": cmdInterrupted, "jsonhas": cmdJSONHas, "jsonlines": cmdJSONLines,
			"held": cmdHeld, "secretless": cmdSecretless,
			"variables": cmdVariables, "owned": cmdOwned, "belongs": cmdBelongs,
			"database": cmdDatabase, "damage": cmdDamage, "grow": cmdGrow, "islink": cmdIsLink,
			"provider": cmdProvider, "person": cmdPerson,
		},
	})
}

type stageKey struct{}

// scene is the state that the commands of one script share.
type scene struct {
	*rig
	still struct{ writes, calls, letters int }
	held  *store.Store
	db    base

	ahead  atomic.Int64             // the provider's clock, in nanoseconds
	person atomic.Pointer[somebody] // the person who enters codes
}

func sceneOf(ts *testscript.TestScript) *scene { return ts.Value(stageKey{}).(*scene) }

func plain(ts *testscript.TestScript, neg bool, args []string, least int) {
	if neg {
		ts.Fatalf("this command can't be negated")
	}
	if len(args) < least {
		ts.Fatalf("too few arguments")
	}
}

func cmdServers(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0)
	var (
		o     sandbox.PortalOptions
		extra string
		unset bool
	)
	for _, arg := range args {
		switch arg {
		case "new":
			o.NewCard = true
		case "nocrm":
			extra += withoutCRM
		case "unset":
			unset = true
		default:
			extra += ts.ReadFile(arg)
		}
	}
	r, err := newRig(ts.MkAbs("."), o, extra)
	ts.Check(err)
	ts.Defer(r.close)
	for name, value := range r.environment() {
		if !unset {
			ts.Setenv(name, value)
		}
	}
	sceneOf(ts).rig = r
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2)
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		ts.Fatalf("%v", err)
	}
	got := 0
	if ended != nil {
		got = ended.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
	noSecrets(ts)
}

func noSecrets(ts *testscript.TestScript) {
	printed := ts.ReadFile("stdout") + ts.ReadFile("stderr")
	found := leaks(printed)
	if s := sceneOf(ts); s.rig != nil && s.provider.Load() != nil {
		for _, secret := range s.provider.Load().Secrets() {
			if strings.Contains(printed, secret) {
				found = append(found, secret)
			}
		}
	}
	if len(found) > 0 {
		ts.Fatalf("secrets are printed: %v", found)
	}
}

func cmdMail(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1)
	at := time.Now()
	if len(args) > 1 {
		age, err := time.ParseDuration(args[1])
		ts.Check(err)
		at = at.Add(-age)
	}
	_, err := sceneOf(ts).arrive([]byte(ts.ReadFile(args[0])), at)
	ts.Check(err)
}

func cmdInbox(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0)
	for _, m := range sceneOf(ts).imap.Messages("INBOX") {
		seen := "unseen"
		if m.Seen {
			seen = "seen"
		}
		fmt.Fprintf(ts.Stdout(), "%d %s\n", m.UID, seen)
	}
}

func cmdTasks(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0)
	fmt.Fprint(ts.Stdout(), sceneOf(ts).tasks())
}

func cmdLetters(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0)
	text, err := sceneOf(ts).describeLetters()
	ts.Check(err)
	fmt.Fprint(ts.Stdout(), text)
}

func cmdPortal(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1)
	p := sceneOf(ts).portal
	number := func(i int) int64 {
		n, err := strconv.ParseInt(args[i], 10, 64)
		ts.Check(err)
		return n
	}
	switch args[0] {
	case "say":
		if p.Say(number(1), number(2), strings.Join(args[3:], " ")) == 0 {
			ts.Fatalf("there is no task %s", args[1])
		}
	case "close":
		p.CloseTask(number(1), number(2))
	case "delete":
		p.DeleteTask(number(1))
	case "scopes":
		p.SetScopes(args[1:]...)
	case "code":
		p.SetCode(args[1])
	case "fail":
		p.Inject(func(c *sandbox.Call) sandbox.Fault {
			if c.Method == args[1] {
				return sandbox.Fault{Kind: sandbox.ErrorAnswer, Code: "ERROR_CORE", Text: "no rights: " + portalSecret}
			}
			return sandbox.Fault{}
		})
	case "deny":
		p.Inject(func(c *sandbox.Call) sandbox.Fault {
			if c.Method == args[1] {
				return sandbox.Fault{Kind: sandbox.ErrorAnswer, Code: "ACCESS_DENIED", Text: "Access denied"}
			}
			return sandbox.Fault{}
		})
	case "gone":
		p.Inject(func(*sandbox.Call) sandbox.Fault { return sandbox.Fault{Kind: sandbox.BadGateway} })
	case "well":
		p.Inject(nil)
	default:
		ts.Fatalf("unknown: portal %s", args[0])
	}
}

func cmdIMAP(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1)
	s := sceneOf(ts).imap
	switch args[0] {
	case "gone":
		s.Inject(func(string, string) error { return mail.ErrDrop })
	case "full":
		s.Inject(func(command, _ string) error {
			if command == "STORE" {
				return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "quota exceeded"}
			}
			return nil
		})
	case "well":
		s.Inject(nil)
	default:
		ts.Fatalf("unknown: imap %s", args[0])
	}
}

func cmdSMTP(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1)
	s := sceneOf(ts).smtp
	refuse := func(at string, err error) {
		s.Inject(func(stage, _ string) error {
			if stage == at {
				return err
			}
			return nil
		})
	}
	switch args[0] {
	case "gone":
		refuse("connect", mail.ErrDrop)
	case "later":
		refuse("rcpt", &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"})
	case "never":
		refuse("rcpt", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"})
	case "well":
		s.Inject(nil)
	default:
		ts.Fatalf("unknown: smtp %s", args[0])
	}
}

func cmdStill(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0)
	s := sceneOf(ts)
	s.still.writes, s.still.calls, s.still.letters = s.imap.Writes(), len(s.writingCalls()), len(s.smtp.Letters())
}

func cmdUntouched(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0)
	s := sceneOf(ts)
	if n := s.imap.Writes() - s.still.writes; n != 0 {
		ts.Fatalf("the mailbox was written to %d times", n)
	}
	if calls := s.writingCalls()[s.still.calls:]; len(calls) != 0 {
		ts.Fatalf("the portal was written to: %v", calls)
	}
	if n := len(s.smtp.Letters()) - s.still.letters; n != 0 {
		ts.Fatalf("%d letters were sent", n)
	}
}

// inherited is how long a script waits for a state that nobody uses: a process that another script is just starting has
// inherited its lock for a moment.
const inherited = time.Minute

func cmdHold(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1)
	age, err := time.ParseDuration(args[0])
	ts.Check(err)
	state := ts.MkAbs("helpdesk.db")
	if sceneOf(ts).db.Postgres != nil {
		state = ts.Getenv("HELPDESK_STATE")
	}
	s, err := store.Open(state, store.Options{Command: "poll", Wait: inherited})
	ts.Check(err)
	release := status.Claim(state, "helpdesk poll", time.Now().Add(-age))
	sceneOf(ts).held = s
	ts.Defer(func() { release(); s.Close() })
}

func cmdRelease(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0)
	ts.Check(sceneOf(ts).held.Close())
	if sceneOf(ts).db.Postgres == nil {
		ts.Check(os.Remove(status.RunFile(ts.MkAbs("helpdesk.db"))))
	}
}

func cmdHeld(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0)
	s, err := store.Open(ts.MkAbs("helpdesk.db"), store.Options{Overlay: true, Wait: inherited})
	ts.Check(err)
	defer s.Close()
	all, err := s.Outbox.Pendings()
	ts.Check(err)
	for _, p := range all {
		if p.Held {
			ts.Setenv("HELD", fmt.Sprint(p.Seq))
			return
		}
	}
	ts.Fatalf("nothing is held")
}

func cmdSecretless(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1)
	if found := leaks(ts.ReadFile(args[0])); len(found) > 0 {
		ts.Fatalf("%s holds secrets: %v", args[0], found)
	}
}

func cmdGrow(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1)
	s, err := store.Open(ts.MkAbs(args[0]), store.Options{Wait: inherited})
	ts.Check(err)
	err = s.Cache(time.Now(), map[string][]byte{"gap": make([]byte, 1<<20)})
	ts.Check(errors.Join(err, s.Cache(time.Now(), map[string][]byte{"gap": nil}), s.Close()))
}

func cmdIsLink(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1)
	info, err := os.Lstat(ts.MkAbs(args[0]))
	ts.Check(err)
	if info.Mode()&os.ModeSymlink == 0 {
		ts.Fatalf("%s is no link", args[0])
	}
}

func cmdDamage(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 3)
	from, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	count, err := strconv.Atoi(args[2])
	ts.Check(err)
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY, 0)
	ts.Check(err)
	_, err = f.WriteAt(make([]byte, 4096*count), 4096*from)
	ts.Check(errors.Join(err, f.Close()))
}

// cmdInterrupted sends the signal at the first command to the mailbox after the pass has claimed the state. The answer
// is delayed until the process has had time to end.
func cmdInterrupted(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 2)
	over := make(chan struct{})
	sceneOf(ts).imap.Inject(func(string, string) error {
		r, ok := status.ReadRunning(ts.MkAbs("helpdesk.db"))
		if !ok {
			return nil
		}
		if process, err := os.FindProcess(r.PID); err == nil {
			_ = process.Signal(os.Interrupt)
		}
		select {
		case <-over:
		case <-time.After(time.Minute):
		}
		return nil
	})
	defer close(over)
	cmdExits(ts, neg, args)
}

// cmdJSONHas checks that standard output is JSON with the keys, given as paths: a.b, or [].a for every entry of a list.
func cmdJSONHas(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1)
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, path := range args {
		if err := has(v, strings.Split(path, ".")); err != nil {
			ts.Fatalf("%s: %v", path, err)
		}
	}
}

func cmdJSONLines(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 0)
	for line := range strings.Lines(ts.ReadFile("stderr") + "\n") {
		if line = strings.TrimSpace(line); line == "" && ts.ReadFile("stderr") != "" {
			continue
		}
		if !json.Valid([]byte(line)) {
			ts.Fatalf("not JSON: %q", line)
		}
	}
}

func has(v any, path []string) error {
	if len(path) == 0 {
		return nil
	}
	if path[0] == "[]" {
		list, ok := v.([]any)
		if !ok || len(list) == 0 {
			return fmt.Errorf("not a list with entries: %v", v)
		}
		for _, entry := range list {
			if err := has(entry, path[1:]); err != nil {
				return err
			}
		}
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("not an object: %v", v)
	}
	inner, ok := m[path[0]]
	if !ok {
		return fmt.Errorf("there is no %q", path[0])
	}
	return has(inner, path[1:])
}

// TestScriptsCoverCommands checks that each command appears in a script.
func TestScriptsCoverCommands(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	var all strings.Builder
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(raw)
	}
	for _, path := range commandPaths(newRoot(&app{})) {
		if !strings.Contains(all.String(), path) {
			t.Errorf("no script calls %q", path)
		}
	}
}

// commandPaths returns the commands that do something, by their full names.
func commandPaths(c *cobra.Command) []string {
	if !c.HasSubCommands() {
		return []string{c.CommandPath()}
	}
	var all []string
	for _, sub := range c.Commands() {
		all = append(all, commandPaths(sub)...)
	}
	return all
}
