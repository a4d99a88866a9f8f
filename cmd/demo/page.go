package demo

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"helpdesk/cmd/pages"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
)

//go:embed page.html
var pageHTML string

var shownPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("demo").Parse(pageHTML))
})

// webhookUser is the author of our own posts.
const webhookUser = 17

// shown is the content of the page.
type shown struct {
	Customers        []string
	Staff            []person
	Said             []string
	Tasks            []shownTask
	Letters          []shownLetter
	Screens, Schemes []string
}

type person struct {
	ID   int64
	Name string
}

type shownTask struct {
	ID          int64
	Title       string
	Closed      bool
	Responsible string
	Description template.HTML
	Files       []string
	Comments    []shownComment
}

type shownComment struct {
	Who          string
	System, Ours bool
	Text         template.HTML
	Files        []string
}

type shownLetter struct {
	Number      int // in the order they were sent, from 1
	To, Subject string
}

// Handler shows the current letters and tasks. A visitor may write a letter or a comment; then the pass that delivers
// it runs.
func (d *Stage) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.answering(func(w http.ResponseWriter, _ *http.Request) error {
		s, err := d.show()
		if err != nil {
			return err
		}
		return shownPage().Execute(w, s)
	}))
	mux.HandleFunc("GET /letter/{number}", d.answering(d.letter))
	mux.HandleFunc("GET /task/{id}", d.answering(d.taskAlone))
	mux.HandleFunc("POST /letter", d.answering(d.writeLetter))
	mux.HandleFunc("POST /comment", d.answering(d.writeComment))
	return http.NewCrossOriginProtection().Handler(mux)
}

// answering serves one visitor at a time.
func (d *Stage) answering(f func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if err := f(w, r); err != nil && r.Context().Err() == nil { // otherwise the visitor has left
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	}
}

func (d *Stage) show() (shown, error) {
	s := shown{Said: d.said, Screens: []string{"phone", "desktop"}, Schemes: []string{"light", "dark"}}
	for _, m := range d.imap.Messages("INBOX") {
		letter, err := d.read(m.Raw)
		if err != nil {
			return s, err
		}
		if from := letter.From.String(); !slices.Contains(s.Customers, from) {
			s.Customers = append(s.Customers, from)
		}
	}
	for id := range d.users {
		if id != webhookUser {
			s.Staff = append(s.Staff, person{id, d.name(id)})
		}
	}
	slices.SortFunc(s.Staff, func(a, b person) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range d.portal.Tasks() {
		s.Tasks = append(s.Tasks, d.task(t))
	}
	for i, l := range d.smtp.Letters() {
		m, err := d.read(l.Raw)
		if err != nil {
			return s, err
		}
		s.Letters = append(s.Letters, shownLetter{i + 1, strings.Join(l.To, ", "), m.Subject})
	}
	slices.Reverse(s.Letters)
	return s, nil
}

func (d *Stage) task(t sandbox.Task) shownTask {
	out := shownTask{ID: t.ID, Title: t.Title, Closed: !t.Closed.IsZero(), Responsible: d.name(t.Responsible),
		Description: page(t.Description),
		Files:       names(t.Files)}
	for _, c := range t.Comments {
		if !c.Deleted {
			out.Comments = append(out.Comments,
				shownComment{d.name(c.Author), c.System, c.Author == webhookUser, page(c.Text), names(c.Files)})
		}
	}
	return out
}

// taskAlone shows one task on its own page.
func (d *Stage) taskAlone(w http.ResponseWriter, r *http.Request) error {
	for _, t := range d.portal.Tasks() {
		if strconv.FormatInt(t.ID, 10) == r.PathValue("id") {
			return shownPage().ExecuteTemplate(w, "alone", d.task(t))
		}
	}
	return fmt.Errorf("there is no task %q", r.PathValue("id"))
}

// page returns a text of the portal for the page; markup writes no HTML that a browser would execute.
func page(bbcode string) template.HTML { return template.HTML(markup.HTML(bbcode)) }

func names(files []sandbox.File) (all []string) {
	for _, f := range files {
		all = append(all, f.Name)
	}
	return all
}

// letter shows the page of one letter in the colour scheme that the visitor asks for.
func (d *Stage) letter(w http.ResponseWriter, r *http.Request) error {
	l, err := d.sent(r.PathValue("number"))
	if err != nil {
		return err
	}
	m, err := d.read(l)
	if err != nil {
		return err
	}
	_, err = fmt.Fprint(w, pages.Preferring(withPictures(m, l), r.FormValue("scheme")))
	return err
}

// sent returns the letter with that number.
func (d *Stage) sent(number string) ([]byte, error) {
	all := d.smtp.Letters()
	n, err := strconv.Atoi(number)
	if err != nil || n < 1 || n > len(all) {
		return nil, fmt.Errorf("there is no letter %q", number)
	}
	return all[n-1].Raw, nil
}

// writeLetter adds a customer's letter to the mailbox and runs a poll.
func (d *Stage) writeLetter(w http.ResponseWriter, r *http.Request) error {
	from, err := mail.ParseAddress(r.FormValue("from"))
	if err != nil {
		return fmt.Errorf("from: %w", err)
	}
	subject, refers := r.FormValue("subject"), ""
	if n := r.FormValue("answers"); n != "" {
		raw, err := d.sent(n)
		if err != nil {
			return err
		}
		m, err := d.read(raw)
		if err != nil {
			return err
		}
		subject, refers = m.Subject, "In-Reply-To: <"+m.ID+">\r\nReferences: <"+m.ID+">\r\n"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s\r\nTo: support@helpdesk.example\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: "+
		"<page.%d@demo.example>\r\n%s", from,
		mime.BEncoding.Encode("utf-8", glyph.Line(subject)), d.Now().Format(time.RFC1123Z), d.Now().UnixNano(), refers)
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: " +
		"base64\r\n\r\n")
	b.WriteString(base64.StdEncoding.EncodeToString([]byte(r.FormValue("text"))))
	if _, err := d.imap.Append("INBOX", b.Bytes(), d.Now()); err != nil {
		return err
	}
	return d.follow(w, r, "poll")
}

// writeComment adds a specialist's comment to a task and runs a notify.
func (d *Stage) writeComment(w http.ResponseWriter, r *http.Request) error {
	task, err := strconv.ParseInt(r.FormValue("task"), 10, 64)
	if err != nil {
		return fmt.Errorf("task: %w", err)
	}
	user, err := strconv.ParseInt(r.FormValue("user"), 10, 64)
	if _, known := d.users[user]; err != nil || !known {
		return errors.Join(errors.New("that specialist is unknown"), err)
	}
	if !slices.ContainsFunc(d.portal.Tasks(), func(t sandbox.Task) bool { return t.ID == task }) {
		return fmt.Errorf("there is no task %d", task)
	}
	d.portal.Say(task, user, r.FormValue("text"))
	return d.follow(w, r, "notify")
}

// follow runs a pass, keeps its lines for the page, and redirects there.
func (d *Stage) follow(w http.ResponseWriter, r *http.Request, kind string) error {
	d.said = []string{"helpdesk " + kind}
	line := lineOf(kind)
	p := Pass{File: d.config, Env: d.env, Kind: kind, Show: func(l pass.Line) { d.said = append(d.said, "  "+line(l)) }}
	if err := d.Pass(context.WithoutCancel(r.Context()), p); err != nil {
		d.said = append(d.said, "  "+err.Error())
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
