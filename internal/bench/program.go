package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// figures are the measurements of one run of a program.
type figures struct {
	Wall   time.Duration `json:"wall"`
	CPU    time.Duration `json:"cpu"`
	RSS    int64         `json:"rss"`
	Status int           `json:"status"`
}

// programs are the programs that are run, each in its own process.
type programs struct {
	dir      string // folder of the binaries
	helpdesk string
	floor    string
	entries  string
	mbsync   string // "" = not installed
	cpu, mem string // folders for profiles; "" = none
	loud     bool   // print everything that helpdesk prints
	profiles int
	database string // address for the states of new installations; "" = use files
}

// building says how programs are built.
type building struct{ flags, env []string }

// released is how README.md builds helpdesk.
var released = building{[]string{"-trimpath"}, []string{"CGO_ENABLED=0"}}

// build builds the programs, with the flags and variables of "go build" in how.
func build(root string, how building) (*programs, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	p := &programs{
		dir:      dir,
		helpdesk: filepath.Join(dir, "helpdesk"),
		floor:    filepath.Join(dir, "floor"),
		entries:  filepath.Join(dir, "entries"),
	}
	args := append([]string{"build", "-o", dir + string(filepath.Separator)}, how.flags...)
	cmd := exec.Command("go", append(args, ".", "./internal/bench/floor", "./internal/bench/entries")...)
	cmd.Env = append(os.Environ(), how.env...)
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		p.remove()
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(cmd.Args[1:], " "), err, text)
	}
	p.mbsync, _ = exec.LookPath("mbsync") // "" if not installed
	return p, nil
}

func (p *programs) remove() { _ = os.RemoveAll(p.dir) }

// run runs a program and measures it. An unexpected exit status is an error that contains the program's output.
func (p *programs) run(dir string, env []string, args ...string) (figures, error) {
	cmd := exec.Command(p.floor, append([]string{"weigh"}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	var f figures
	err := cmd.Run()
	if p.loud {
		_, _ = os.Stderr.Write(said.Bytes())
	}
	if err == nil {
		err = json.Unmarshal(out.Bytes(), &f)
	}
	if err == nil && f.Status != 0 {
		err = fmt.Errorf("status %d", f.Status)
	}
	if err != nil {
		return f, fmt.Errorf("run %s: %w: %s", strings.Join(args, " "), err, said.Bytes())
	}
	return f, nil
}

// profiling returns the environment variables that make helpdesk write profiles.
func (p *programs) profiling() []string {
	p.profiles++
	var env []string
	if p.cpu != "" {
		env = append(env, fmt.Sprintf("HELPDESK_CPUPROFILE=%s",
			filepath.Join(p.cpu, fmt.Sprintf("cpu-%04d.pprof", p.profiles))))
	}
	if p.mem != "" {
		env = append(env, fmt.Sprintf("HELPDESK_MEMPROFILE=%s",
			filepath.Join(p.mem, fmt.Sprintf("mem-%04d.pprof", p.profiles))))
	}
	return env
}

// installation is a folder with a configuration and a state.
type installation struct {
	p        *programs
	dir      string
	database string // address of the state; "" = in a file
	env      []string
}

// install writes a configuration for the user's mailbox on these servers.
func (p *programs) install(w *world, user, imap, smtp string) (*installation, error) {
	dir, err := os.MkdirTemp(p.dir, "run")
	if err != nil {
		return nil, err
	}
	i := &installation{p: p, dir: dir, database: p.database}
	return i, i.configure(w, imap, smtp, user)
}

// configure writes a configuration for the mailboxes of the users.
func (i *installation) configure(w *world, imap, smtp string, users ...string) error {
	_, imapPort, err := net.SplitHostPort(imap)
	if err != nil {
		return err
	}
	_, smtpPort, err := net.SplitHostPort(smtp)
	if err != nil {
		return err
	}
	var boxes strings.Builder
	for n, user := range users {
		address := deskAddress
		if n > 0 {
			address = fmt.Sprintf("%d.%s", n, deskAddress)
		}
		fmt.Fprintf(&boxes, box, n, address, imapPort, user, password, smtpPort)
	}
	text := fmt.Sprintf(configuration, cmp.Or(i.database, "helpdesk.db"), w.portal.base, boxes.String())
	return os.WriteFile(filepath.Join(i.dir, "helpdesk.yaml"), []byte(text), 0o600)
}

// The limits of the portal and of auto-replies are lifted: otherwise they would be measured instead of the program.
const configuration = `state: "%s"
bitrix24:
  webhook: %s
  rate: {burst: 10000, per_second: 1000}
  task: {responsible: 7}
letters:
  received:
    limit: {per_address: 1000000, per_domain: 1000000, per_day: 1000000}
mailboxes:
%s`

const box = `  - name: support%d
    from: "Support <%s>"
    imap: {host: 127.0.0.1, port: %s, tls: none, user: %s, password: %s}
    smtp: {host: 127.0.0.1, port: %s, tls: none, auth: none}
`

func (i *installation) state() string { return filepath.Join(i.dir, "helpdesk.db") }

func (i *installation) remove() { _ = os.RemoveAll(i.dir) }

// run runs helpdesk.
func (i *installation) run(args ...string) (figures, error) {
	if i.p.loud {
		args = append(args, "-vv")
	}
	return i.p.run(i.dir, append(i.p.profiling(), i.env...), append([]string{i.p.helpdesk}, args...)...)
}

// writes returns the number of transactions that have written to the state, and the size of its file; 0 for a database.
func (i *installation) writes() (transactions int, size int64, err error) {
	if i.database != "" {
		return 0, 0, nil
	}
	info, err := os.Stat(i.state())
	if err != nil {
		return 0, 0, err
	}
	db, err := bolt.Open(i.state(), 0o600, &bolt.Options{ReadOnly: true, Timeout: time.Second})
	if err != nil {
		return 0, 0, err
	}
	err = db.View(func(tx *bolt.Tx) error { transactions = tx.ID(); return nil })
	if cerr := db.Close(); err == nil {
		err = cerr
	}
	return transactions, info.Size(), err
}

// sync fetches a mailbox with mbsync into a new Maildir, or again into the one in the given folder.
func (p *programs) sync(dir, imap, user string) (figures, error) {
	_, port, err := net.SplitHostPort(imap)
	if err != nil {
		return figures{}, err
	}
	inbox := filepath.Join(dir, "inbox")
	text := fmt.Sprintf(mbsyncrc, port, user, password, dir, inbox, dir)
	if err := os.WriteFile(filepath.Join(dir, "mbsyncrc"), []byte(text), 0o600); err != nil {
		return figures{}, err
	}
	return p.run(dir, nil, p.mbsync, "-q", "-c", filepath.Join(dir, "mbsyncrc"), "bench")
}

const mbsyncrc = `IMAPAccount bench
Host 127.0.0.1
Port %s
User %s
Pass %s
SSLType None
AuthMechs LOGIN

IMAPStore far
Account bench

MaildirStore near
Path %s/
Inbox %s

Channel bench
Far :far:
Near :near:
Patterns INBOX
Create Near
Sync Pull New
SyncState %s/
`
