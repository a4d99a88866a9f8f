package cmd

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/relay"
	"helpdesk/pkg/render"
)

var letterKinds = []string{string(desk.Received), string(desk.Answer), string(desk.Closed)}

func newLetter(a *app) *cobra.Command {
	c := &cobra.Command{Use: "letter", Short: "The letters customers get", Args: cobra.NoArgs}
	c.AddCommand(newLetterPreview(a))
	return c
}

func newLetterPreview(a *app) *cobra.Command {
	var out, serve string
	c := &cobra.Command{
		Use:   "preview KIND",
		Short: "Render a letter (received, comment, closed) from the real settings with sample data",
		Example: "  helpdesk letter preview received --out letter.html\n  helpdesk letter preview comment --out letter.eml\n" +
			"  helpdesk letter preview received --serve 127.0.0.1:8025",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: letterKinds,
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := a.settings()
			if err != nil {
				return err
			}
			if serve != "" {
				return a.serve(c.Context(), serve, a.previews(args[0]))
			}
			set, err := letters(cfg)
			if err != nil {
				return usage(err)
			}
			return a.preview(cfg, set, desk.LetterKind(args[0]), out)
		},
	}
	c.Flags().StringVar(&out, "out", "", "`FILE`.html or FILE.eml to write; default: the HTML on stdout")
	c.Flags().StringVar(&serve, "serve", "", "show the letters side by side in the browser at this loopback `ADDR`, live as the templates change")
	return c
}

func (a *app) preview(cfg *config.Config, set *render.Set, kind desk.LetterKind, out string) error {
	v := set.Preview(kind)
	box := sender(cfg.Mailboxes[0])
	v.Mailbox, v.MailboxFrom = box.Name, box.Addr
	r, err := set.Letter(kind, v)
	if err != nil {
		return usage(err)
	}
	content := []byte(inlined(r))
	switch filepath.Ext(out) {
	case "":
		_, err := a.out.Write(content)
		return err
	case ".html":
	case ".eml":
		l := desk.Letter{MessageID: "preview@" + box.Domain(), From: box, To: desk.Address{Addr: v.Address}, Subject: r.Subject, HTML: r.HTML,
			Text: r.Text, Date: a.now(), Automatic: kind == desk.Received, Inline: r.Inline}
		if content, err = relay.Compose(l); err != nil {
			return err
		}
	default:
		return usage(fmt.Errorf("--out %s: a name ending in .html or .eml is wanted", out))
	}
	if err := os.WriteFile(out, content, 0o644); err != nil {
		return fmt.Errorf("preview: %w", err)
	}
	return nil
}

// inlined returns the letter's page with its pictures in it, for a browser.
func inlined(r render.Rendered) string {
	page := r.HTML
	for _, p := range r.Inline {
		page = strings.ReplaceAll(page, "cid:"+p.ContentID, "data:"+p.Type+";base64,"+base64.StdEncoding.EncodeToString(p.Content))
	}
	return page
}

var previewPage = template.Must(template.New("preview").Parse(`<!DOCTYPE html><html><head><meta charset="utf-8"><title>helpdesk letters</title>
<style>body{font:14px sans-serif;margin:1em}.row{display:flex;gap:1em;flex-wrap:wrap}iframe{border:1px solid #bbb;height:44em}
.phone{width:360px}.desktop{width:800px}.light{color-scheme:light}.dark{color-scheme:dark}pre{background:#eee;padding:1em;white-space:pre-wrap}</style>
</head><body>{{if .Error}}<pre>{{.Error}}</pre>{{end}}{{range .Letters}}{{$page := .Page}}<h2>{{.Kind}}: {{.Subject}}</h2><div class="row">
{{range $.Looks}}<figure><figcaption>{{.}}</figcaption><iframe sandbox class="{{.}}" srcdoc="{{$page}}"></iframe></figure>{{end}}</div>
<pre>{{.Text}}</pre>{{end}}</body></html>`))

// previews shows every letter, the named kind first, as it stands in the files at that moment.
func (a *app) previews(first string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		type look struct{ Kind, Subject, Page, Text string }
		page := struct {
			Error   error
			Letters []look
			Looks   []string
		}{Looks: []string{"phone light", "phone dark", "desktop light", "desktop dark"}}
		cfg, err := a.settings()
		var set *render.Set
		if err == nil {
			set, err = letters(cfg)
		}
		for _, kind := range append([]string{first}, letterKinds...) {
			if err != nil || len(page.Letters) > 0 && kind == first {
				continue
			}
			r, lerr := set.Letter(desk.LetterKind(kind), set.Preview(desk.LetterKind(kind)))
			err = errors.Join(err, lerr)
			page.Letters = append(page.Letters, look{kind, r.Subject, inlined(r), r.Text})
		}
		page.Error = err
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = previewPage.Execute(w, page)
	})
}
