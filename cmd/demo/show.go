package demo

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"helpdesk/cmd/wiring"
	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/pass"
)

// read parses a letter as a customer's mail program would.
func (d *Stage) read(raw []byte) (desk.Message, error) {
	cfg, err := config.LoadOffline(d.config, func(name string) (string, bool) { v, ok := d.env[name]; return v, ok })
	if err != nil {
		return desk.Message{}, err
	}
	_, cutter, err := wiring.Rules(cfg)
	if err != nil {
		return desk.Message{}, err
	}
	return pass.Read(bytes.NewReader(raw), desk.Listing{}, pass.Reading{Cutter: cutter})
}

// showLetters prints the letters that went out since the last time, and keeps each as a page.
func (d *Stage) showLetters() error {
	all := d.smtp.Letters()
	for _, l := range all[d.shown:] {
		d.shown++
		m, err := d.read(l.Raw)
		if err != nil {
			return err
		}
		path := filepath.Join(d.dir, fmt.Sprintf("letter-%d.html", d.shown))
		if err := os.WriteFile(path, []byte(withPictures(m, l.Raw)), 0o600); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		d.files = append(d.files, path)
		d.Terminal.Printf("\n  letter %d to %s\n  %s\n", d.shown, strings.Join(l.To, ", "), glyph.Line(m.Subject))
		for _, line := range strings.Split(strings.TrimSpace(m.Plain), "\n") {
			d.Terminal.Printf("  | %s\n", line)
		}
	}
	return nil
}

// withPictures returns the letter's page with its embedded pictures in it.
func withPictures(m desk.Message, raw []byte) string {
	page := m.HTML
	for _, at := range m.Attachments {
		var content bytes.Buffer
		if at.ContentID == "" || eml.Extract(bytes.NewReader(raw), at.Part, &content) != nil {
			continue
		}
		page = strings.ReplaceAll(page, "cid:"+at.ContentID, "data:"+at.Type+";base64,"+base64.StdEncoding.EncodeToString(content.Bytes()))
	}
	return page
}

func (d *Stage) showTasks() {
	for _, t := range d.portal.Tasks() {
		d.Terminal.Printf("  task %d  %s\n", t.ID, glyph.Line(t.Title))
		for _, line := range strings.Split(strings.TrimSpace(t.Description), "\n") {
			d.Terminal.Printf("    | %s\n", line)
		}
		for _, f := range t.Files {
			d.Terminal.Printf("    file: %s (%d bytes)\n", f.Name, len(f.Content))
		}
		for _, c := range t.Comments {
			if c.System {
				continue
			}
			d.Terminal.Printf("    comment by user %d: %s\n", c.Author, glyph.Cut(glyph.Line(c.Text), 160))
		}
	}
}

var shownPage = template.Must(template.New("demo").Parse(`<!DOCTYPE html><html><head><meta charset="utf-8"><title>helpdesk demo</title>
<style>body{font:15px/1.4 sans-serif;margin:2em;max-width:70em}pre{white-space:pre-wrap;background:#f4f4f4;padding:1em}
iframe{width:100%;height:34em;border:1px solid #bbb}</style></head><body><h1>helpdesk demo</h1>
<h2>Letters</h2>{{range .Letters}}<h3>{{.To}}: {{.Subject}}</h3><iframe sandbox srcdoc="{{.Page}}"></iframe>{{end}}
<h2>Tasks</h2>{{range .Tasks}}<h3>{{.ID}} {{.Title}}</h3><pre>{{.Description}}</pre>
{{range .Comments}}{{if not .System}}<p>User {{.Author}}:</p><pre>{{.Text}}</pre>{{end}}{{end}}{{end}}</body></html>`))

// Handler shows letters and tasks as they stand.
func (d *Stage) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		type letter struct{ To, Subject, Page string }
		var page struct {
			Letters []letter
			Tasks   any
		}
		for _, l := range d.smtp.Letters() {
			m, err := d.read(l.Raw)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			page.Letters = append(page.Letters, letter{strings.Join(l.To, ", "), m.Subject, withPictures(m, l.Raw)})
		}
		page.Tasks = d.portal.Tasks()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = shownPage.Execute(w, page)
	})
}
