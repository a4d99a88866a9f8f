package cmd

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"helpdesk/cmd/tui"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

//go:embed demo
var demoFiles embed.FS

const specialist = 7 // a user of the embedded portal

func newDemo(a *app) *cobra.Command {
	var serve string
	c := &cobra.Command{
		Use:   "demo",
		Short: "The whole round trip on embedded IMAP, SMTP and Bitrix24 servers; no configuration needed",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.bounded(c.Context())
			defer cancel()
			var l net.Listener
			if serve != "" { // taken before the play: who can't have it need not wait for the end
				var err error
				if l, err = listen(serve); err != nil {
					return err
				}
				defer l.Close()
			}
			d, err := newStage(a)
			if err != nil {
				return err
			}
			defer d.close()
			if err := d.play(ctx); err != nil || l == nil {
				return err
			}
			return a.serve(ctx, l, d.handler())
		},
	}
	c.Flags().StringVar(&serve, "serve", "", "afterwards show letters and tasks in the browser, at this loopback `ADDR`, until interrupted")
	return c
}

// stage is the demonstration: the servers, a configuration for them, and a folder for what comes out.
type stage struct {
	a      *app // as the user started it
	run    *app // with the demonstration's configuration
	dir    string
	portal *sandbox.Portal
	imap   *mail.IMAP
	smtp   *mail.SMTP
	shown  int // letters shown so far
	files  []string
}

func newStage(a *app) (_ *stage, err error) {
	d := &stage{a: a}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.dir, err = os.MkdirTemp("", "helpdesk-demo-"); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	var people struct {
		Users    []sandbox.User
		Contacts []sandbox.Contact
	}
	if err := wiring.Data(demoFiles, "demo/people.yaml", &people); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
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

func (d *stage) configure(webhook string) error {
	text, err := demoFiles.ReadFile("demo/helpdesk.yaml")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	_, imapPort, _ := net.SplitHostPort(d.imap.Addr())
	_, smtpPort, _ := net.SplitHostPort(d.smtp.Addr())
	config := strings.NewReplacer("@IMAP@", imapPort, "@SMTP@", smtpPort).Replace(string(text))
	path := filepath.Join(d.dir, "helpdesk.yaml")
	if err := errors.Join(os.WriteFile(path, []byte(config), 0o600), drawLogo(filepath.Join(d.dir, "logo.png"))); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	run := *d.a
	run.configFile, run.stateFile, run.Watched, run.Columns = path, "", false, nil
	run.env = func(name string) (string, bool) {
		if name == "DEMO_WEBHOOK" {
			return webhook, true
		}
		return d.a.env(name)
	}
	d.run = &run
	return nil
}

// close stops the servers. The folder stays: the letters in it are there to be looked at.
func (d *stage) close() {
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

// play goes through the round trip step by step, and shows after each what came of it.
func (d *stage) play(ctx context.Context) error {
	steps := []struct {
		title string
		do    func(context.Context) error
	}{
		{"Five letters arrive at support@helpdesk.example", d.arrive("1-request", "2-koi8r", "3-html", "5-out-of-office", "6-excluded")},
		{"helpdesk poll --dry-run: what would be done", d.pass("poll", (*pass.Pass).Preview, true)},
		{"helpdesk poll: tasks and auto-replies", d.pass("poll", (*pass.Pass).Poll, false)},
		{"The first customer writes again; helpdesk poll makes it a comment", d.arrive("4-repeat")},
		{"", d.pass("poll", (*pass.Pass).Poll, false)},
		{"A specialist comments the task, and a colleague remarks something internal", d.comment},
		{"helpdesk notify: the customer gets the answer, and not the remark", d.pass("notify", (*pass.Pass).Announce, false)},
		{"The customer answers the specialist: a comment again, and no auto-reply", d.answer},
		{"", d.pass("poll", (*pass.Pass).Poll, false)},
	}
	n := 0
	for _, s := range steps {
		if s.title != "" {
			n++
			d.a.Printf("\n%d. %s\n\n", n, s.title)
		}
		if err := s.do(ctx); err != nil {
			return err
		}
	}
	d.a.Printf("\nIn the portal now:\n\n")
	d.showTasks()
	d.a.Printf("\nThe letters, to open in a browser:\n\n")
	for _, f := range d.files {
		d.a.Printf("  %s\n", f)
	}
	return nil
}

func (d *stage) arrive(names ...string) func(context.Context) error {
	return func(context.Context) error {
		for _, name := range names {
			if err := d.put(name, ""); err != nil {
				return err
			}
		}
		return nil
	}
}

// put brings a letter of the demonstration into the mailbox.
func (d *stage) put(name, answered string) error {
	raw, err := demoFiles.ReadFile("demo/" + name + ".eml")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	now := d.a.now()
	raw = bytes.ReplaceAll(raw, []byte("@DATE@"), []byte(now.Format(time.RFC1123Z)))
	raw = bytes.ReplaceAll(raw, []byte("@ANSWERED@"), []byte("<"+answered+">"))
	if _, err := d.imap.Append("INBOX", raw, now); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	m, err := d.read(raw)
	if err != nil {
		return err
	}
	d.a.Printf("  from %-55s %s\n", tui.OneLine(m.From.String()), tui.OneLine(m.Subject))
	return nil
}

func (d *stage) pass(kind string, run func(*pass.Pass, context.Context) (*pass.Report, error), dry bool) func(context.Context) error {
	return func(ctx context.Context) error {
		hits := d.portal.Hits()
		err := d.run.pass(ctx, job{kind: kind, run: run, dry: dry, show: d.print(kind)})
		if err != nil {
			return err
		}
		d.a.Printf("  (%d requests to the portal)\n", d.portal.Hits()-hits)
		return d.showLetters()
	}
}

func (d *stage) print(kind string) func(pass.Line) {
	lines := *d.a
	if kind == "notify" {
		return func(l pass.Line) { lines.Printf("  "); lines.printChange(l) }
	}
	return func(l pass.Line) { lines.Printf("  "); lines.printMessage(l) }
}

// comment lets specialists write into the first task.
func (d *stage) comment(context.Context) error {
	raw, err := demoFiles.ReadFile("demo/comments.txt")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	tasks := d.portal.Tasks()
	if len(tasks) == 0 {
		return errors.New("demo: there is no task to comment")
	}
	for _, text := range strings.Split(strings.TrimSpace(string(raw)), "\n---\n") {
		d.portal.Say(tasks[0].ID, specialist, text)
		d.a.Printf("  in task %d: %s\n", tasks[0].ID, tui.Short(tui.OneLine(text), 100))
	}
	return nil
}

// answer lets the customer answer the last letter he got.
func (d *stage) answer(context.Context) error {
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

// drawLogo makes a picture for the signature.
func drawLogo(path string) error {
	const size = 48
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			c := color.NRGBA{R: 0x1f, G: 0x6f, B: 0xb2, A: 0xff}
			if dx, dy := x-size/2, y-size/2; dx*dx+dy*dy > size*size/4 {
				c = color.NRGBA{}
			} else if y > 14 && y < 34 && x > 10 && x < 38 && (y < 17 || y > 31 || x < 13 || x > 35 || y-14 == (x-10)*2/3 || y-14 == (38-x)*2/3) {
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
