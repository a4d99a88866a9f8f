package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"helpdesk/cmd/tui"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/sandbox/auth"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// The secrets of the tests' servers: no output may contain one of them.
const (
	portalSecret = "wh00k-c0de-4711"
	imapSecret   = "imap-pa55word-4712"
	smtpSecret   = "smtp-pa55word-4713"
	dbSecret     = "base-pa55word-4714"
)

// rig is the environment of a command: servers in the process, and a folder with a configuration for them.
type rig struct {
	dir     string
	portal  *sandbox.Portal
	imap    *mail.IMAP
	smtp    *mail.SMTP
	webhook string

	provider atomic.Pointer[auth.Server] // issues tokens; nil = not started
}

// newRig starts the servers and writes dir/helpdesk.yaml for them, with extra appended.
func newRig(dir string, o sandbox.PortalOptions, extra string) (*rig, error) {
	r := &rig{dir: dir}
	o.Code, o.NoLimit = portalSecret, true
	r.portal = sandbox.NewPortal(o)
	var err error
	if r.webhook, err = r.portal.Start(); err != nil {
		return nil, err
	}
	if r.imap, err = mail.NewIMAP(mail.IMAPOptions{User: "support", Password: imapSecret, Token: r.token}); err != nil {
		return nil, err
	}
	if r.smtp, err = mail.NewSMTP(mail.SMTPOptions{User: "support", Password: smtpSecret, Token: r.token}); err != nil {
		return nil, err
	}
	return r, r.configure(r.imap.Addr(), r.smtp.Addr(), extra)
}

// token reports whether a token of the provider opens the mailbox.
func (r *rig) token(user, token string) bool {
	p := r.provider.Load()
	return p != nil && p.Valid(user, token)
}

func (r *rig) close() {
	if p := r.provider.Load(); p != nil {
		_ = p.Close()
	}
	_, _, _ = r.portal.Close(), r.imap.Close(), r.smtp.Close()
}

// newRigFor starts the servers with one account for both mail servers. It writes no configuration.
func newRigFor(dir, account string, o sandbox.PortalOptions) (*rig, error) {
	r := &rig{dir: dir}
	o.Code, o.NoLimit = portalSecret, true
	r.portal = sandbox.NewPortal(o)
	var err, err2, err3 error
	r.webhook, err = r.portal.Start()
	r.imap, err2 = mail.NewIMAP(mail.IMAPOptions{User: account, Password: imapSecret, Token: r.token})
	r.smtp, err3 = mail.NewSMTP(mail.SMTPOptions{User: account, Password: imapSecret, Token: r.token})
	return r, errors.Join(err, err2, err3)
}

// configuration is a typical configuration with one mailbox; the secrets are in the environment.
const configuration = `state: helpdesk.db
bitrix24:
  webhook: ${HELPDESK_WEBHOOK}
  rate: {burst: 1000, per_second: 1000}
  task: {responsible: 7, tags: [helpdesk], bind_crm: %t}
mailboxes:
  - name: support
    from: "Support <support@helpdesk.example>"
    imap: {host: 127.0.0.1, port: %s, tls: none, user: support, password: "${HELPDESK_IMAP_PASSWORD}"}
    smtp: {host: 127.0.0.1, port: %s, tls: none, auth: %s, user: support, password: "${HELPDESK_SMTP_PASSWORD}"}
`

// withoutCRM as extra text turns the CRM off.
const withoutCRM = "contacts: {sources: [directory]}\n"

func (r *rig) configure(imap, smtp, extra string) error {
	_, imapPort, err := net.SplitHostPort(imap)
	_, smtpPort, err2 := net.SplitHostPort(smtp)
	auth := "password"
	if smtp != r.smtp.Addr() { // another server, without a login
		auth = "none"
	}
	if !strings.Contains(extra, "notify:") { // send comments at once, not after a minute
		extra += "notify: {delay: 0s}\n"
	}
	text := fmt.Sprintf(configuration, !strings.Contains(extra, withoutCRM), imapPort, smtpPort, auth) + extra
	return errors.Join(err, err2, os.WriteFile(filepath.Join(r.dir, "helpdesk.yaml"), []byte(text), 0o600))
}

// environment returns the variables of the configuration.
func (r *rig) environment() map[string]string {
	return map[string]string{
		"HELPDESK_WEBHOOK":       r.webhook,
		"HELPDESK_IMAP_PASSWORD": imapSecret,
		"HELPDESK_SMTP_PASSWORD": smtpSecret,
	}
}

// leaks returns the secrets that a text contains, in any form.
func leaks(text string) []string {
	var found []string
	for _, s := range []string{portalSecret, imapSecret, smtpSecret, dbSecret} {
		if strings.Contains(text, s) {
			found = append(found, s)
		}
	}
	return found
}

// reading matches the methods that change nothing in the portal.
var reading = regexp.MustCompile(
	`(^|\.)(get|getlist|list|profile|scope|batch|search|getchildren|findbycomm|getforapp|access|time|getfields|download)$`)

// creating matches the methods that helpdesk may use to create tasks, comments and files.
var creating = regexp.MustCompile(
	`^(tasks\.task\.(add|update|renew|disapprove|file\.attach|files\.attach|chat\.message\.send)|task\.commentitem\.add|im\.message\.add|im\.disk\.file\.commit|disk\.(folder|storage)\.uploadfile)$`)

// writingCalls returns the calls so far that change something.
func (r *rig) writingCalls() []string {
	var found []string
	for _, c := range r.portal.Calls() {
		if !reading.MatchString(c.Method) {
			found = append(found, c.Method)
		}
	}
	return found
}

// arrive delivers a letter into INBOX; @DATE@ in it becomes at.
func (r *rig) arrive(raw []byte, at time.Time) (uint32, error) {
	text := strings.ReplaceAll(string(raw), "\r\n", "\n")
	text = strings.ReplaceAll(text, "@DATE@", at.Format(time.RFC1123Z))
	return r.imap.Append("INBOX", []byte(strings.ReplaceAll(text, "\n", "\r\n")), at)
}

// tasks describes the tasks, with a line for each of their files and comments.
func (r *rig) tasks() string {
	var b strings.Builder
	for _, t := range r.portal.Tasks() {
		fmt.Fprintf(&b, "task %d status %d to %d: %s\n", t.ID, t.Status, t.Responsible, t.Title)
		for _, line := range strings.Split(strings.TrimSpace(t.Description), "\n") {
			fmt.Fprintf(&b, "  | %s\n", line)
		}
		for _, f := range t.Files {
			fmt.Fprintf(&b, "  file %s: %q\n", f.Name, f.Content)
		}
		for _, c := range t.Comments {
			if !c.System {
				fmt.Fprintf(&b, "  comment by %d: %s\n", c.Author, strings.ReplaceAll(c.Text, "\n", " / "))
			}
		}
	}
	return b.String()
}

// posted is a letter that the relay accepted, parsed as by the customer's mail program.
type posted struct {
	mail.Letter
	Message desk.Message
}

func (p posted) automatic() bool { return p.Message.Header.Has("Auto-Submitted") }

func (r *rig) letters() ([]posted, error) {
	var all []posted
	for _, l := range r.smtp.Letters() {
		m, err := eml.Parse(bytes.NewReader(l.Raw), desk.Listing{})
		if err != nil {
			return nil, err
		}
		all = append(all, posted{l, m})
	}
	return all, nil
}

// describeLetters describes the letters sent.
func (r *rig) describeLetters() (string, error) {
	all, err := r.letters()
	return described(all), err
}

func described(all []posted) string {
	var b strings.Builder
	for _, l := range all {
		kind := "letter"
		switch {
		case l.Message.Header.Get("Auto-Submitted") == string(desk.AutoGenerated):
			kind = "notice"
		case l.automatic():
			kind = "auto-reply"
		}
		fmt.Fprintf(&b, "%s from <%s> to %s: %s\n", kind, l.From, strings.Join(l.To, ","), l.Message.Subject)
		for _, line := range strings.Split(strings.TrimSpace(l.Message.Plain), "\n") {
			fmt.Fprintf(&b, "  | %s\n", strings.TrimSpace(line))
		}
		for _, f := range l.Message.Attachments {
			fmt.Fprintf(&b, "  file %s (%s)\n", f.Name, f.Type)
		}
	}
	return b.String()
}

// unseen returns the UIDs of unmarked messages in INBOX.
func (r *rig) unseen() []string {
	var uids []string
	for _, m := range r.imap.Messages("INBOX") {
		if !m.Seen {
			uids = append(uids, strconv.Itoa(int(m.UID)))
		}
	}
	return uids
}

// drive is a rig whose commands run in this process, with a clock of its own.
type drive struct {
	*rig
	t     testing.TB
	clock *sandbox.Clock
	now   func() time.Time // clock of the commands
}

func newDrive(t testing.TB, o sandbox.PortalOptions, extra string) *drive {
	t.Helper()
	d := &drive{t: t, clock: sandbox.NewClock(time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC))}
	d.now, o.Now = d.clock.Now, d.clock.Now
	var err error
	if d.rig, err = newRig(t.TempDir(), o, extra); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	return d
}

// app returns the state of a command.
func (d *drive) app() *app {
	env := d.environment()
	a := newApp(tui.Terminal{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard})
	a.now, a.env = d.now, func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	a.sleep = func(_ context.Context, by time.Duration) error { d.clock.Advance(by); return nil }
	return a
}

// args puts the configuration before the arguments.
func (d *drive) args(typed ...string) []string {
	return append([]string{"--config", filepath.Join(d.dir, "helpdesk.yaml")}, typed...)
}

// run runs a command and returns its exit status and output. A secret in the output fails the test.
func (d *drive) run(args ...string) (status int, stdout, stderr string) {
	d.t.Helper()
	var out, errw bytes.Buffer
	a := d.app()
	a.Out, a.Err = &out, &errw
	// not main, which limits the memory: the servers run in this process
	status = a.run(context.Background(), d.args(args...))
	if found := leaks(out.String() + errw.String()); len(found) > 0 {
		d.t.Errorf("helpdesk %s prints secrets %v", strings.Join(args, " "), found)
	}
	return status, out.String(), errw.String()
}

// must runs a command that must end with the status, and returns its stdout.
func (d *drive) must(want int, args ...string) string {
	d.t.Helper()
	status, out, errs := d.run(args...)
	if status != want {
		d.t.Fatalf("helpdesk %s: status %d, want %d\n%s%s", strings.Join(args, " "), status, want, out, errs)
	}
	return out
}

// minute runs a command and advances the clock by a minute.
func (d *drive) minute(args ...string) {
	d.t.Helper()
	d.must(0, args...)
	d.clock.Advance(time.Minute)
}

// letter delivers a plain letter, with additional header fields.
func (d *drive) letter(id, from, subject, body string, header ...string) uint32 {
	d.t.Helper()
	fields := append([]string{"From: " + from, "Subject: " + subject, "Message-ID: <" + id + ">", "Date: @DATE@",
		"MIME-Version: 1.0"}, header...)
	all := strings.Join(fields, "\n")
	if !strings.Contains(all, "\nTo: ") {
		all += "\nTo: support@helpdesk.example"
	}
	if !strings.Contains(all, "Content-Type:") {
		all += "\nContent-Type: text/plain; charset=utf-8"
	}
	uid, err := d.arrive([]byte(all+"\n\n"+body+"\n"), d.clock.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	return uid
}

// mailed returns the letters that the relay accepted.
func (d *drive) mailed() []posted {
	d.t.Helper()
	all, err := d.letters()
	if err != nil {
		d.t.Fatal(err)
	}
	return all
}

// stateBytes returns the state file, or nil if there is none.
func (d *drive) stateBytes() []byte {
	d.t.Helper()
	raw, err := os.ReadFile(filepath.Join(d.dir, "helpdesk.db"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		d.t.Fatal(err)
	}
	return raw
}
