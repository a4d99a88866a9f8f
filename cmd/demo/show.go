package demo

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"helpdesk/cmd/wiring"
	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/quote"
	"helpdesk/pkg/sandbox/mail"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// read parses a letter as a customer's mail program would.
func (d *Stage) read(raw []byte) (desk.Message, error) {
	cutter, err := d.cutter()
	if err != nil {
		return desk.Message{}, err
	}
	return pass.Read(bytes.NewReader(raw), desk.Listing{}, pass.Reading{Cutter: cutter})
}

// rules compiles the rules that cut quotes.
func (d *Stage) rules() (*quote.Cutter, error) {
	cfg, err := config.LoadOffline(d.config, func(name string) (string, bool) { v, ok := d.env[name]; return v, ok })
	if err != nil {
		return nil, err
	}
	return wiring.Cutter(cfg)
}

// newLetters returns the letters sent since the last call, sorted by recipient, because their order within a pass
// varies.
func (d *Stage) newLetters() []mail.Letter {
	all := slices.Clone(d.smtp.Letters()[d.shown:])
	d.shown += len(all)
	slices.SortStableFunc(all, func(a, b mail.Letter) int { return slices.Compare(a.To, b.To) })
	return all
}

// showLetters prints the letters sent since the last call, and writes each as an HTML file.
func (d *Stage) showLetters() error {
	for _, l := range d.newLetters() {
		m, err := d.read(l.Raw)
		if err != nil {
			return err
		}
		path := filepath.Join(d.dir, fmt.Sprintf("letter-%d.html", len(d.files)+1))
		if err := os.WriteFile(path, []byte(withPictures(m, l.Raw)), 0o600); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		d.files = append(d.files, path)
		d.Terminal.Printf("\n  letter %d to %s\n  %s\n", len(d.files), strings.Join(l.To, ", "), glyph.Line(m.Subject))
		d.indent("  | ", m.Plain)
	}
	return nil
}

// indent prints each line of a text after a prefix.
func (d *Stage) indent(prefix, text string) {
	for line := range strings.Lines(strings.TrimSpace(text)) {
		d.Terminal.Printf("%s\n", strings.TrimRight(prefix+glyph.Line(strings.TrimRight(line, "\r\n")), " "))
	}
}

// name returns the name of a user as the portal shows it.
func (d *Stage) name(user int64) string {
	if u, ok := d.users[user]; ok {
		return u.Name + " " + u.LastName
	}
	return fmt.Sprintf("user %d", user)
}

// withPictures returns the HTML of a letter with its embedded pictures as data URLs.
func withPictures(m desk.Message, raw []byte) string {
	page := m.HTML
	for _, at := range m.Attachments {
		var content bytes.Buffer
		if at.ContentID == "" || eml.Extract(bytes.NewReader(raw), at.Part, &content) != nil {
			continue
		}
		page = strings.ReplaceAll(page, "cid:"+at.ContentID,
			"data:"+at.Type+";base64,"+base64.StdEncoding.EncodeToString(content.Bytes()))
	}
	return page
}

func (d *Stage) showTasks(context.Context) error {
	for _, t := range d.portal.Tasks() {
		d.Terminal.Printf("  task %d  %s\n", t.ID, glyph.Line(t.Title))
		d.indent("    | ", markup.Plain(t.Description))
		d.showAttached(t.Files)
		for _, c := range t.Comments {
			if c.System {
				continue
			}
			d.Terminal.Printf("    comment by %s:\n", d.name(c.Author))
			d.indent("    | ", markup.Plain(c.Text))
			d.showAttached(c.Files)
		}
		d.Terminal.Printf("\n")
	}
	return nil
}

func (d *Stage) showAttached(files []sandbox.File) {
	for _, f := range files {
		d.Terminal.Printf("    file: %s (%d bytes)\n", glyph.Line(f.Name), len(f.Content))
	}
}

func (d *Stage) showFiles(context.Context) error {
	for _, f := range d.files {
		d.Terminal.Printf("  %s\n", f)
	}
	return nil
}
