package cmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"time"
	_ "time/tzdata" // Windows has no time zones of its own

	"github.com/goccy/go-yaml"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/eml"
	"helpdesk/pkg/mailbox"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/onec"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/portal"
	"helpdesk/pkg/relay"
	"helpdesk/pkg/render"
	"helpdesk/pkg/store"
	"helpdesk/templates"
)

const (
	foundOutFor = 24 * time.Hour     // what was found out about the portal
	profilesFor = 7 * 24 * time.Hour // what a directory said of an address
)

func (a *app) configPath() (string, error) {
	path, err := config.Find(a.configFile, a.env, runtime.GOOS)
	if err != nil {
		return "", exit.Usage(err)
	}
	return path, nil
}

// settings reads the configuration, strictly. Secrets may be out of reach: who talks to a server takes serverSettings.
func (a *app) settings() (*config.Config, error) { return a.read(config.LoadOffline) }

// serverSettings reads the configuration with all its secrets.
func (a *app) serverSettings() (*config.Config, error) { return a.read(config.Load) }

// read reads the configuration. A file that can't be read is as wrong as one with mistakes.
func (a *app) read(load func(string, func(string) (string, bool)) (*config.Config, error)) (*config.Config, error) {
	path, err := a.configPath()
	if err != nil {
		return nil, err
	}
	cfg, err := load(path, a.env)
	if err != nil {
		return nil, exit.Usage(err)
	}
	if a.LogFormat == "" {
		a.LogFormat = cfg.Log.Format
	}
	return cfg, nil
}

func (a *app) stateOf(cfg *config.Config) string {
	if a.stateFile != "" {
		return a.stateFile
	}
	return cfg.State
}

// statePath returns where the state lies; with --state no configuration is needed for it.
func (a *app) statePath() (string, error) {
	if a.stateFile != "" {
		return a.stateFile, nil
	}
	cfg, err := a.settings()
	if err != nil {
		return "", err
	}
	return cfg.State, nil
}

// wire puts a pass together: settings and state in, everything that talks to a server made but not yet dialled. What it
// finds out about the portal is to be kept when it has run.
func (a *app) wire(cfg *config.Config, s *store.Store) (*pass.Pass, *discoveries, error) {
	log := a.Logger(cfg.Log.Level, cfg.Log.Format)
	found := &discoveries{s: s, since: a.now().Add(-foundOutFor), fresh: map[string][]byte{}}
	ca, err := certificate(cfg.Bitrix24.CA)
	if err != nil {
		return nil, nil, err
	}
	client, err := portal.New(portal.Options{
		Webhook: cfg.Bitrix24.Webhook, CA: ca, Timeout: cfg.Bitrix24.Timeout, Burst: cfg.Bitrix24.Rate.Burst,
		PerSecond: cfg.Bitrix24.Rate.PerSecond, Results: cfg.Notify.Send == "results", Log: log, Now: a.now, Sleep: a.sleep,
		Load: found.load, Save: found.save,
	})
	if err != nil {
		return nil, nil, exit.Usage(err)
	}
	p := &pass.Pass{
		Ledger: s.Ledger, Quarantine: s.Quarantine, Outbox: s.Outbox, Tickets: s.Tickets, People: s.People, Portal: client, Feed: client, Boxes: a.boxes(cfg),
		Policy: policyOf(cfg), Kit: func() (pass.Kit, error) { return kit(cfg) },
		Settle: 2 * cfg.Bitrix24.Timeout, Sources: cfg.Contacts.Sources, ProfileAge: profilesFor, PoisonAfter: cfg.Poll.QuarantineAfter,
		Budget: cfg.Poll.MessageBudget, MaxAttachments: cfg.Notify.MaxAttachments,
		Signer: s.Signer(), Instance: s.Instance(), Now: a.now, Log: log,
	}
	if !cfg.Letters.PortalLink {
		p.PortalHost = client.Host()
	} else {
		p.Link = func(task int64) string {
			return fmt.Sprintf("https://%s/company/personal/user/%d/tasks/task/view/%d/", client.Host(), client.Self(), task)
		}
	}
	if o := cfg.Contacts.OneC; o != nil {
		if p.OneC, err = oneC(*o); err != nil {
			return nil, nil, err
		}
	}
	return p, found, nil
}

func oneC(o config.OneC) (*onec.Client, error) {
	ca, err := certificate(o.CA)
	if err != nil {
		return nil, err
	}
	c, err := onec.New(onec.Options{URL: o.URL, CA: ca, Catalog: o.Catalog, Email: o.Email, Name: o.Name, User: o.User, Password: o.Password})
	if err != nil {
		return nil, exit.Usage(err)
	}
	return c, nil
}

// kit makes what judging and writing take.
func kit(cfg *config.Config) (k pass.Kit, err error) {
	var wrong, broken error
	var making sync.WaitGroup
	making.Go(func() { k.Rules, k.Cutter, wrong = rules(cfg) })
	making.Go(func() { k.Texts, broken = letters(cfg) })
	making.Wait()
	if wrong != nil {
		return k, wrong
	}
	if broken != nil {
		return k, exit.Usage(broken)
	}
	return k, nil
}

// rules compiles the policy of the settings together with the data files.
func rules(cfg *config.Config) (*desk.Rules, *eml.Cutter, error) {
	files, err := overlay(cfg.Templates)
	if err != nil {
		return nil, nil, err
	}
	policy := policyOf(cfg)
	if err := data(files, "words.yaml", &policy.Words); err != nil {
		return nil, nil, exit.Usage(err)
	}
	var quotes eml.Rules
	if err := data(files, "quotes.yaml", &quotes); err != nil {
		return nil, nil, exit.Usage(err)
	}
	policy.FromLabels, policy.OtherLabels = quotes.FromLabels, quotes.OtherLabels
	compiled, err := desk.Compile(policy)
	if err != nil {
		return nil, nil, exit.Usage(err)
	}
	cutter, err := eml.Compile(quotes)
	if err != nil {
		return nil, nil, exit.Usage(fmt.Errorf("quotes.yaml: %w", err))
	}
	return compiled, cutter, nil
}

// overlay returns the built-in templates and data files, those in the folder in their place.
func overlay(folder string) (fs.FS, error) {
	if folder == "" {
		return templates.FS, nil
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, exit.Usage(fmt.Errorf("templates: %w", err))
	}
	return render.Overlay(templates.FS, os.DirFS(folder)), nil
}

func data(files fs.FS, name string, v any) error {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := yaml.UnmarshalWithOptions(raw, v, yaml.Strict()); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

func policyOf(cfg *config.Config) *desk.Policy {
	p := &desk.Policy{
		Staff: cfg.Mail.Staff, Exclusions: fixedExclusions(cfg), TrustAuth: cfg.Mail.TrustAuthResults,
		Automatic: cfg.Mail.Automatic, Bulk: cfg.Mail.Bulk,
		Reopen: cfg.Tickets.Reopen, ReopenWithin: cfg.Tickets.ReopenWithin, SameSubject: cfg.Tickets.SameSubjectWithin,
		AutoReply: cfg.Letters.Received.Enabled, PerAddress: cfg.Letters.Received.Limit.PerAddress,
		PerDomain: cfg.Letters.Received.Limit.PerDomain, Within: cfg.Letters.Received.Limit.Within,
		MaxAge: cfg.Letters.Received.MaxAge, Answer: cfg.Letters.Comment.Enabled, Closed: cfg.Letters.Closed.Enabled,
		Send: desk.Send(cfg.Notify.Send), InternalPrefix: cfg.Notify.InternalPrefix, PublicPrefix: cfg.Notify.PublicPrefix,
		Combine: cfg.Notify.Combine, Attachments: cfg.Notify.Attachments, Fields: map[string]desk.Fields{},
	}
	for _, address := range cfg.Mail.Own {
		p.Own = append(p.Own, desk.FoldAddress(address))
	}
	for _, m := range cfg.Mailboxes {
		p.Own = append(p.Own, sender(m).Key())
		p.Fields[m.Name] = taskFields(cfg.TaskFor(m.Name))
	}
	p.Routes, p.Calendar = routes(cfg), calendar(cfg)
	return p
}

func fixedExclusions(cfg *config.Config) []desk.Exclusion {
	var all []desk.Exclusion
	for _, x := range cfg.Mail.Exclude {
		all = append(all, desk.Exclusion{Match: x.Match, Scope: desk.Scope(x.Scope), Note: x.Note, By: "settings"})
	}
	return all
}

// letters reads the templates; every one is tried, so that a mistake shows before a letter depends on it.
func letters(cfg *config.Config) (*render.Set, error) {
	files, err := overlay(cfg.Templates)
	if err != nil {
		return nil, err
	}
	l := cfg.Letters
	s := render.Settings{Locale: l.Locale, Signature: l.Signature, Position: l.Position, PortalLinks: l.PortalLink, QuoteLimit: l.Quote,
		Escape: markup.Escape, Text: markup.Text,
		Sample:   func(code string) (string, string) { return markup.HTML(code), markup.Plain(code) },
		Received: render.LetterText{Subject: l.Received.Subject, Body: l.Received.Body},
		Comment:  render.LetterText{Subject: l.Comment.Subject, Body: l.Comment.Body},
		Closed:   render.LetterText{Subject: l.Closed.Subject, Body: l.Closed.Body}}
	if l.Logo != "" {
		if s.Logo, err = os.ReadFile(l.Logo); err != nil {
			return nil, fmt.Errorf("letters.logo: %w", err)
		}
	}
	return render.New(files, s)
}

func sender(m config.Mailbox) desk.Address {
	name, address := m.Sender()
	return desk.Address{Name: name, Addr: address}
}

// boxes makes the mailboxes of the settings; nothing is dialled before it is used.
func (a *app) boxes(cfg *config.Config) []pass.Box {
	var out []pass.Box
	for _, m := range cfg.Mailboxes {
		b := pass.Box{Name: m.Name, Sender: sender(m), MaxMessage: m.IMAP.MaxMessage, MaxAge: m.IMAP.MaxAge,
			Moves: m.IMAP.MoveTo != "", Zone: cfg.Location(m.Name)}
		switch m.SMTP.EnvelopeFrom {
		case "account":
		case "null":
			b.EnvelopeFrom = "<>"
		default:
			b.EnvelopeFrom = m.SMTP.EnvelopeFrom
		}
		b.Open = func(ctx context.Context, readOnly bool) (pass.Mailbox, error) {
			return openMailbox(ctx, m, readOnly)
		}
		b.Relay = func(ctx context.Context) (pass.Relay, error) { return openRelay(ctx, m) }
		if folder := m.SMTP.SaveSent; folder != "" {
			b.Save = func(ctx context.Context, raw []byte, at time.Time) error {
				mb, err := openMailbox(ctx, m, false)
				if err != nil {
					return err
				}
				defer mb.Close()
				return mb.Save(ctx, folder, raw, at)
			}
		}
		out = append(out, b)
	}
	return out
}

func openMailbox(ctx context.Context, m config.Mailbox, readOnly bool) (*mailbox.Mailbox, error) {
	ca, err := certificate(m.IMAP.CA)
	if err != nil {
		return nil, err
	}
	return mailbox.Open(ctx, mailbox.Options{Name: m.Name, Host: m.IMAP.Host, Port: m.IMAP.Port, TLS: m.IMAP.TLS, CA: ca,
		Auth: m.IMAP.Auth, User: m.IMAP.User, Password: m.IMAP.Password, Folder: m.IMAP.Folder, MoveTo: m.IMAP.MoveTo}, readOnly)
}

func openRelay(ctx context.Context, m config.Mailbox) (*relay.Relay, error) {
	ca, err := certificate(m.SMTP.CA)
	if err != nil {
		return nil, err
	}
	return relay.Open(ctx, relay.Options{Host: m.SMTP.Host, Port: m.SMTP.Port, TLS: m.SMTP.TLS, CA: ca, Auth: m.SMTP.Auth, Connections: 4,
		User: m.SMTP.User, Password: m.SMTP.Password})
}

func certificate(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	ca, err := os.ReadFile(path)
	if err != nil {
		return nil, exit.Usage(err)
	}
	return ca, nil
}

// offlineRules returns the rules for judging a message without servers: those of the configuration where there is one,
// the defaults else. A mailbox that is named must be one of it.
func (a *app) offlineRules(mailbox string) (*desk.Rules, *eml.Cutter, error) {
	cfg, err := a.settings()
	if errors.Is(err, config.ErrNotFound) {
		cfg, err = config.Default(), nil
	}
	if err != nil {
		return nil, nil, err
	}
	if mailbox != "" {
		if err := known(cfg, mailbox); err != nil {
			return nil, nil, exit.Usage(err)
		}
	}
	return rules(cfg)
}
