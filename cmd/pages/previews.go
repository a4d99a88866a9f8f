package pages

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"helpdesk/cmd/wiring"
	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/render"
)

//go:embed preview.html
var previewHTML string

var previewPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("preview").Parse(previewHTML))
})

// shownLetter is a letter in the preview.
type shownLetter struct {
	Kind, Subject, Text string
	Size                int // kB
	page                string
}

// shown is the content of the preview, rendered from the files at one moment.
type shown struct {
	Error            error
	Letters          []shownLetter
	Screens, Schemes []string
	Version          string // changes with the content
}

// Previews shows all letters side by side, beginning with the kind first, and reloads when a file changes.
func Previews(settings func() (*config.Config, error), first string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		page(w)
		_ = previewPage().Execute(w, show(settings, first))
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, show(settings, first).Version)
	})
	mux.HandleFunc("GET /letter/{kind}", func(w http.ResponseWriter, r *http.Request) {
		for _, l := range show(settings, first).Letters {
			if l.Kind == r.PathValue("kind") {
				page(w)
				_, _ = fmt.Fprint(w, Preferring(l.page, r.FormValue("scheme")))
				return
			}
		}
		http.NotFound(w, r)
	})
	return mux
}

func page(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
}

// show renders all letters again, beginning with the kind first.
func show(settings func() (*config.Config, error), first string) shown {
	s := shown{Screens: []string{"phone", "desktop"}, Schemes: []string{"light", "dark"}}
	cfg, err := settings()
	if err == nil {
		all, lerr := wiring.Letters(cfg)
		err = lerr
		rest := slices.DeleteFunc(slices.Clone(Kinds), func(k string) bool { return k == first })
		for _, kind := range append([]string{first}, rest...) {
			if lerr != nil {
				break
			}
			r, one := Sample(cfg, all.Of("", ""), desk.LetterKind(kind))
			err = errors.Join(err, one)
			s.Letters = append(s.Letters, shownLetter{kind, r.Subject, r.Text, (len(r.HTML) + 999) / 1000, Inlined(r)})
		}
	}
	s.Error = err
	sum := sha256.New()
	fmt.Fprintf(sum, "%v", err)
	for _, l := range s.Letters {
		fmt.Fprintf(sum, "\x00%s\x00%s\x00%s", l.Subject, l.page, l.Text)
	}
	s.Version = fmt.Sprintf("%x", sum.Sum(nil)[:8])
	return s
}

// Preferring returns the page as a browser with this colour scheme shows it. A frame has no setting for the scheme, so
// Preferring rewrites the media queries.
func Preferring(page, scheme string) string {
	always, never := "(min-width: 0)", "(max-width: 0)"
	if scheme != "dark" {
		always, never = never, always
	}
	return strings.NewReplacer("(prefers-color-scheme: dark)", always, "(prefers-color-scheme:dark)", always,
		"(prefers-color-scheme: light)", never, "(prefers-color-scheme:light)", never).Replace(page)
}

// Kinds are the kinds of letters.
var Kinds = []string{string(desk.Received), string(desk.OffHours), string(desk.Answer), string(desk.Closed)}

// Sample renders a letter of the first mailbox with sample data.
func Sample(cfg *config.Config, set *render.Set, kind desk.LetterKind) (render.Rendered, error) {
	v := set.Preview(kind)
	box := wiring.Sender(cfg.Mailboxes[0])
	v.Mailbox, v.MailboxFrom = box.Name, box.Addr
	return set.Letter(kind, v)
}

// Inlined returns the HTML of a letter with its pictures as data URLs.
func Inlined(r render.Rendered) string {
	page := r.HTML
	for _, p := range r.Inline {
		page = strings.ReplaceAll(page, "cid:"+p.ContentID,
			"data:"+p.Type+";base64,"+base64.StdEncoding.EncodeToString(p.Content))
	}
	return page
}
