// Package demo plays the whole round trip on embedded servers. It contacts no other server and needs no configuration.
package demo

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"helpdesk/cmd/tui"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/quote"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

//go:embed *.eml *.yaml *.txt
var files embed.FS

const specialist = 7 // a user of the embedded portal

// Host is what the demonstration needs from the command.
type Host struct {
	Terminal *tui.Terminal
	Now      func() time.Time
	Pass     func(context.Context, Pass) error // runs one pass
	Person   Person                            // turns the pages; nil = nobody, and the play does not pause
}

// Person presses Enter when a page has been read.
type Person interface {
	Line(ctx context.Context, prompt string) (string, error)
}

// Pass is a pass to run.
type Pass struct {
	File string            // path of the settings
	Env  map[string]string // variables that the settings use
	Kind string            // poll or notify
	Dry  bool
	Show func(pass.Line) // gets each line
}

// Stage is the demonstration: the servers, their configuration, and a folder for the letters sent.
type Stage struct {
	Host
	config string            // path of the settings
	env    map[string]string // variables that the settings use
	dir    string
	users  map[int64]sandbox.User
	portal *sandbox.Portal
	imap   *mail.IMAP
	smtp   *mail.SMTP
	shown  int // letters shown so far
	files  []string
	cutter func() (*quote.Cutter, error)

	mu   sync.Mutex // the pages serve one visitor at a time
	said []string   // lines of the last passes that visitors started
}

// New starts the servers and writes their settings.
func New(h Host) (_ *Stage, err error) {
	d := &Stage{Host: h}
	d.cutter = sync.OnceValues(d.rules)
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if d.dir, err = os.MkdirTemp("", "helpdesk-demo-"); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	var people struct {
		Users    []sandbox.User
		Contacts []sandbox.Contact
	}
	if err := wiring.Data(files, "people.yaml", &people); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	d.users = map[int64]sandbox.User{}
	for _, u := range people.Users {
		d.users[u.ID] = u
	}
	d.portal = sandbox.NewPortal(sandbox.PortalOptions{NewCard: true, Users: people.Users, Contacts: people.Contacts})
	webhook, err := d.portal.Start()
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	if d.imap, err = mail.NewIMAP(mail.IMAPOptions{}); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	if d.smtp, err = mail.NewSMTP(mail.SMTPOptions{}); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	return d, d.configure(webhook)
}

func (d *Stage) configure(webhook string) error {
	text, err := files.ReadFile("helpdesk.yaml")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	_, imapPort, _ := net.SplitHostPort(d.imap.Addr())
	_, smtpPort, _ := net.SplitHostPort(d.smtp.Addr())
	config := strings.NewReplacer("@IMAP@", imapPort, "@SMTP@", smtpPort).Replace(string(text))
	path := filepath.Join(d.dir, "helpdesk.yaml")
	if err := errors.Join(os.WriteFile(path, []byte(config), 0o600),
		drawLogo(filepath.Join(d.dir, "logo.png"))); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	d.config, d.env = path, map[string]string{"DEMO_WEBHOOK": webhook}
	return nil
}

// Close stops the servers. It keeps the folder, so that people can look at the letters in it.
func (d *Stage) Close() {
	if d.portal != nil {
		_ = d.portal.Close()
	}
	if d.imap != nil {
		_ = d.imap.Close()
	}
	if d.smtp != nil {
		_ = d.smtp.Close()
	}
}

// Play runs the round trip step by step, and shows the result of each step.
func (d *Stage) Play(ctx context.Context) error {
	steps := []step{
		{
			"Five letters arrive at support@helpdesk.example",
			d.arrive("1-request", "2-koi8r", "3-html", "5-out-of-office", "6-excluded"),
		},
		{"helpdesk poll --dry-run: what would be done", d.pass("poll", true)},
		{"helpdesk poll: tasks and auto-replies", d.pass("poll", false)},
		{
			"The first customer writes again; helpdesk poll makes it a comment",
			d.both(d.arrive("4-repeat"), d.pass("poll", false)),
		},
		{"A specialist comments the task, and a colleague remarks something internal", d.comment},
		{"helpdesk notify: the customer gets the answer, and not the remark", d.pass("notify", false)},
		{
			"The customer answers the specialist: a comment again, and no auto-reply",
			d.both(d.answer, d.pass("poll", false)),
		},
		{"In the portal now", d.showTasks},
		{"The letters, to open in a browser", d.showFiles},
	}
	for i, s := range steps {
		if i > 0 {
			if err := d.turn(ctx); err != nil {
				return err
			}
		}
		d.Terminal.Printf("\n%d/%d. %s\n\n", i+1, len(steps), s.title)
		if err := s.do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// step is one page of the play.
type step struct {
	title string
	do    func(context.Context) error
}

// both joins two actions into one.
func (d *Stage) both(first, then func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := first(ctx); err != nil {
			return err
		}
		return then(ctx)
	}
}

// turn waits until the person has read the page, and clears the screen.
func (d *Stage) turn(ctx context.Context) error {
	const clear = "\x1b[2J\x1b[3J\x1b[H" // ECMA-48: clear the screen and what scrolled off, move the cursor home
	if d.Person == nil {
		return nil
	}
	if _, err := d.Person.Line(ctx, "\nEnter: next  "); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	d.Terminal.Printf(clear)
	return nil
}

func (d *Stage) arrive(names ...string) func(context.Context) error {
	return func(context.Context) error {
		for _, name := range names {
			if err := d.put(name, ""); err != nil {
				return err
			}
		}
		return nil
	}
}

// put adds a letter of the demonstration to the mailbox.
func (d *Stage) put(name, answered string) error {
	raw, err := files.ReadFile(name + ".eml")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	now := d.Now()
	raw = bytes.ReplaceAll(raw, []byte("@DATE@"), []byte(now.Format(time.RFC1123Z)))
	raw = bytes.ReplaceAll(raw, []byte("@ANSWERED@"), []byte("<"+answered+">"))
	if _, err := d.imap.Append("INBOX", raw, now); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	m, err := d.read(raw)
	if err != nil {
		return err
	}
	d.Terminal.Printf("  from %-55s %s\n", glyph.Line(m.From.String()), glyph.Line(m.Subject))
	return nil
}

func (d *Stage) pass(kind string, dry bool) func(context.Context) error {
	return func(ctx context.Context) error {
		hits := d.portal.Hits()
		err := d.Pass(ctx, Pass{File: d.config, Env: d.env, Kind: kind, Dry: dry, Show: d.print(kind)})
		if err != nil {
			return err
		}
		d.Terminal.Printf("  (%s to the portal)\n", tui.Count(d.portal.Hits()-hits, "request", "requests"))
		return d.showLetters()
	}
}

// lineOf returns the function that formats a line of a pass of that kind.
func lineOf(kind string) func(pass.Line) string {
	if kind == "notify" {
		return tui.Change
	}
	return tui.Message
}

func (d *Stage) print(kind string) func(pass.Line) {
	line := lineOf(kind)
	return func(l pass.Line) { d.Terminal.Printf("  %s\n", line(l)) }
}

// comment adds comments of specialists to the first task.
func (d *Stage) comment(context.Context) error {
	raw, err := files.ReadFile("comments.txt")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	tasks := d.portal.Tasks()
	if len(tasks) == 0 {
		return errors.New("demo: there is no task to comment")
	}
	for _, text := range strings.Split(strings.TrimSpace(string(raw)), "\n---\n") {
		d.portal.Say(tasks[0].ID, specialist, text)
		d.Terminal.Printf("  %s, in task %d:\n", d.name(specialist), tasks[0].ID)
		d.indent("  | ", markup.Plain(text))
	}
	return nil
}

// answer makes the customer answer the last letter they got.
func (d *Stage) answer(context.Context) error {
	all := d.smtp.Letters()
	if len(all) == 0 {
		return errors.New("demo: there is no letter to answer")
	}
	m, err := d.read(all[len(all)-1].Raw)
	if err != nil {
		return err
	}
	return d.put("7-answer", m.ID)
}

// drawLogo writes a picture for the signature.
func drawLogo(path string) error {
	const size = 48
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			c := color.NRGBA{R: 0x1f, G: 0x6f, B: 0xb2, A: 0xff}
			if dx, dy := x-size/2, y-size/2; dx*dx+dy*dy > size*size/4 {
				c = color.NRGBA{}
			} else if y > 14 && y < 34 && x > 10 && x < 38 &&
				(y < 17 || y > 31 || x < 13 || x > 35 || y-14 == (x-10)*2/3 || y-14 == (38-x)*2/3) {
				c = color.NRGBA{R: 0xff, G: 0xff, B: 0xff, A: 0xff}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o600)
}
