// Package check tries everything that a configuration names, and reports what it finds and what to do. It changes
// nothing, except that Live makes a task in the portal and removes it.
package check

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/status"
	"helpdesk/cmd/tui"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/portal"
	"helpdesk/pkg/spool"
	"helpdesk/pkg/store"
)

// Line is the result for one thing checked.
type Line struct {
	What      string `json:"what"`
	OK        bool   `json:"ok"`
	Optional  bool   `json:"optional"`          // its absence costs a feature, nothing more
	Warning   bool   `json:"warning,omitempty"` // OK, but needs attention
	Temporary bool   `json:"temporary"`         // not OK at the moment; it should pass by itself
	Note      string `json:"note"`              // the finding, or advice
}

// fails records an error.
func (k *Line) fails(err error) {
	absent := fault.CauseOf(err) == fault.Absent // not temporary, though passes try again: name servers may fail
	k.OK, k.Temporary, k.Note = false, exit.Of(err) == exit.Temporary && !absent, bitrix.Mask(err.Error())
}

// Subject is the installation to check.
type Subject struct {
	Settings *config.Config
	File     string // path of the settings
	State    string
	Folders  spool.Folders                // for long messages
	Open     func() (*store.Store, error) // as a dry run opens it
	Wire     func(*store.Store) (*wiring.Parts, error)
	Now      func() time.Time
	Say      func(key string, args ...any) string // returns the text of a key
	Scope    func(name string) string             // returns the portal's name of a scope; "" = unknown
}

// Gravest returns the exit status for the results, as an error: a fault that a person must repair counts more than a
// temporary one.
func Gravest(all []Line) error {
	var err error
	for _, k := range all {
		switch {
		case k.OK || k.Optional:
		case !k.Temporary:
			return exit.Status{Code: exit.Wrong}
		default:
			err = exit.Status{Code: exit.Temporary}
		}
	}
	return err
}

// Run checks one thing after another until the context ends. It omits the check that a signal interrupted, because its
// result means nothing.
func Run(ctx context.Context, u Subject) ([]Line, error) {
	cfg := u.Settings
	all := append([]Line{{
		What: "configuration",
		OK:   true,
		Note: u.File,
	}, checkTemplates(u)}, checkSecrets(u)...)
	all = append(all, checkCalendar(u)...)
	state, s, err := checkState(ctx, u)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	p, err := u.Wire(s)
	if err != nil {
		return nil, err
	}
	steps := []func() []Line{func() []Line {
		return state
	}, func() []Line { return []Line{checkFolders(u)} }}
	for i, b := range p.Boxes {
		steps = append(steps, func() []Line { return []Line{checkMailbox(ctx, u, p, b, cfg.Mailboxes[i])} },
			func() []Line { return []Line{checkRelay(ctx, u, p, p.Outbox.Senders[i], cfg.Mailboxes[i])} })
	}
	steps = append(steps, func() []Line { return checkSignIns(u, s, p.Now()) })
	steps = append(steps, func() []Line {
		return checkPortal(ctx, u, p.Client)
	}, func() []Line { return checkOneC(ctx, u, p) })
	for _, step := range steps {
		found := step()
		if errors.Is(ctx.Err(), context.Canceled) {
			break
		}
		if all = append(all, found...); ctx.Err() != nil {
			break
		}
	}
	return all, nil
}

// checkFolders tries whether a folder has room for the largest message allowed, up to the limit for all messages in
// progress.
func checkFolders(u Subject) Line {
	size := int64(0)
	for _, m := range u.Settings.Mailboxes {
		size = max(size, min(m.IMAP.MaxMessage, outbox.MostBytes))
	}
	k := Line{What: u.Say("check.what.folder"), OK: true}
	var errs []error
	for i := range u.Folders {
		err := u.Folders[i : i+1].Try(size)
		if k.Note = u.Say("check.folder", size/1e6); err == nil {
			break
		}
		errs = append(errs, err)
	}
	err := errors.Join(errs...)
	switch {
	case len(errs) == len(u.Folders):
		k.fails(err)
		k.Note = u.Say("check.folder.full", k.Note)
	case len(errs) > 0:
		k.Warning, k.Note = true, u.Say("check.folder.other", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return k
}

func checkTemplates(u Subject) Line {
	k := Line{What: "templates", OK: true, Note: u.Say("check.templates")}
	if err := wiring.Try(u.Settings); err != nil {
		k.fails(err)
	}
	return k
}

// checkOneC looks up an address in 1C that nobody has.
func checkOneC(ctx context.Context, u Subject, p *wiring.Parts) []Line {
	if p.Outbox.OneC == nil {
		return nil
	}
	k := Line{What: "1C", OK: true, Note: u.Say("check.onec")}
	if _, err := p.Outbox.OneC.Profiles(ctx, []string{"nobody@helpdesk.invalid"}); err != nil {
		k.fails(err)
	}
	return []Line{k}
}

// soonAnswers is the time limit of a request that costs the portal nothing.
const soonAnswers = 10 * time.Second

// checkPortal reports what works on the portal. The findings do not say whether a failure is temporary, so one more
// request finds out; one suffices, because the findings come from one or two requests.
func checkPortal(ctx context.Context, u Subject, c *portal.Client) []Line {
	var all []Line
	bad := false
	for _, f := range c.Check(ctx, wanted(u.Settings)) {
		note := u.Say(f.Note.Key, f.Note.Args...)
		if name, ok := strings.CutPrefix(f.What, "scope "); ok && !f.OK {
			if called := u.Scope(name); called != "" {
				note = u.Say("check.portal.scope.called", note, called)
			}
		}
		all = append(all, Line{What: "portal: " + looked(u, f.What), OK: f.OK, Optional: f.Optional, Note: note})
		bad = bad || !f.OK && !f.Optional
	}
	if !bad {
		return all
	}
	ctx, cancel := context.WithTimeout(ctx, soonAnswers)
	defer cancel()
	if exit.Of(c.Call(ctx, "profile", nil, nil)) == exit.Temporary {
		for i, k := range all {
			all[i].Temporary = !k.OK && !k.Optional
		}
	}
	return all
}

// looked translates the name of a finding on the portal. Names that are one word, or one word and an identifier, stay
// the same in every language.
func looked(u Subject, what string) string {
	switch what {
	case "webhook user":
		return u.Say("check.what.owner")
	case "folder for files":
		return u.Say("check.what.files")
	case "task card":
		return u.Say("check.what.card")
	}
	if method, ok := strings.CutPrefix(what, "time of "); ok {
		return u.Say("check.what.time", method)
	}
	return what
}

// checkState opens the state as a dry run does. If a pass could not open the state, checkState reports that and returns
// an empty state, so that the other checks can run.
func checkState(ctx context.Context, u Subject) ([]Line, *store.Store, error) {
	k := Line{What: "state", OK: true, Note: store.Name(u.State)}
	var err error
	if !store.Remote(u.State) {
		err = status.Placed(makeable(u.State), u.State)
	}
	if err == nil {
		s, oerr := u.Open()
		if oerr == nil {
			return append([]Line{k}, checkServer(ctx, u, s)...), s, nil
		}
		err = oerr
	}
	k.fails(err)
	s, err := store.Open("", store.Options{Overlay: true})
	return []Line{k}, s, err
}

// checkServer reports the findings about the database server.
func checkServer(ctx context.Context, u Subject, s *store.Store) []Line {
	what := u.Say("check.what.server")
	found, err := s.Inspect(ctx)
	if err != nil {
		k := Line{What: what}
		k.fails(err)
		return []Line{k}
	}
	var all []Line
	for _, f := range found {
		all = append(all, Line{What: what, OK: f.OK, Optional: f.Optional, Note: u.Say(f.Note.Key, f.Note.Args...)})
	}
	return all
}

// makeable returns an error if a pass could not create or write the state and the files next to it.
func makeable(path string) error {
	folder := filepath.Dir(path)
	if _, err := os.Stat(folder); err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		if err := writable(path); err != nil {
			return err
		}
	}
	return writable(folder)
}

func checkMailbox(ctx context.Context, u Subject, p *wiring.Parts, b pass.Box, m config.Mailbox) Line {
	k := Line{What: "mailbox " + b.Name}
	mb, err := p.OpenMailbox(ctx, m, true)
	if err != nil {
		k.fails(err)
		return k
	}
	defer mb.Close()
	ls, err := mb.List(ctx)
	if err != nil {
		k.fails(err)
		return k
	}
	for _, folder := range []string{m.IMAP.MoveTo, m.SMTP.SaveSent} {
		if folder == "" {
			continue
		}
		if _, err := mb.Folder(ctx, folder); err != nil {
			k.fails(err)
			return k
		}
	}
	k.OK, k.Note = true, u.Say("check.mailbox", len(ls))
	return k
}

// checkSignIns reports how long mailboxes without a password can still log in.
func checkSignIns(u Subject, s *store.Store, now time.Time) (all []Line) {
	for _, in := range wiring.SignedIns(u.Settings, s.Tokens) {
		k := Line{What: "sign-in " + in.Mailbox, OK: true, Note: u.Say("check.signin", tui.When(in.Since))}
		if !in.Ends.IsZero() {
			k.Note = u.Say("check.signin.ends",
				tui.When(in.Since), tui.When(in.Ends), in.Mailbox)
			k.Warning = status.SignIn{Ends: in.Ends}.Alarming(now)
		}
		if in.Wrong != nil {
			k.fails(in.Wrong)
		}
		all = append(all, k)
	}
	return all
}

// checkRelay logs in and asks whether the relay would accept letters of specialists and auto-replies; it sends none.
func checkRelay(ctx context.Context, u Subject, p *wiring.Parts, s outbox.Sender, m config.Mailbox) Line {
	k := Line{What: "relay " + s.Name}
	r, err := p.OpenRelay(ctx, m)
	if err != nil {
		k.fails(err)
		return k
	}
	err = r.Try(ctx, desk.Letter{From: s.From})
	if err == nil && s.EnvelopeFrom != "" {
		err = r.Try(ctx, desk.Letter{From: s.From, EnvelopeFrom: s.EnvelopeFrom})
	}
	if err = cmp.Or(err, r.Close()); err != nil {
		k.fails(err)
		return k
	}
	k.OK, k.Note = true, u.Say("check.relay", s.From)
	return k
}

// wanted returns what the settings need from the portal.
func wanted(cfg *config.Config) portal.Want {
	w := portal.Want{CRM: slices.Contains(cfg.Contacts.Sources, "bitrix24"),
		Likes: cfg.Notify.Confirm == "like"}
	add := func(to *[]int64, ids ...int64) {
		for _, id := range ids {
			if id != 0 && !slices.Contains(*to, id) {
				*to = append(*to, id)
			}
		}
	}
	for _, m := range cfg.Mailboxes {
		tasks := []config.Task{cfg.TaskFor(m.Name)}
		for _, r := range cfg.Routing {
			tasks = append(tasks, r.TaskFor(cfg, m.Name))
		}
		for _, t := range tasks {
			w.CRM = w.CRM || t.BindCRM
			add(&w.Users, t.Responsible, t.Fallback)
			add(&w.Users, t.Auditors...)
			add(&w.Users, t.Accomplices...)
			add(&w.Groups, t.Group)
		}
	}
	add(&w.Users, cfg.Monitor.Tell...)
	return w
}

// Print prints a line for each result.
func Print(t *tui.Terminal, all []Line) error {
	var rows [][]string
	for _, k := range all {
		stands := "ok"
		switch {
		case !k.OK && k.Optional:
			stands = "missing"
		case !k.OK:
			stands = "FAILED"
		case k.Warning:
			stands = "warning"
		}
		rows = append(rows, []string{stands, k.What, k.Note})
	}
	return t.Table(nil, rows)
}
