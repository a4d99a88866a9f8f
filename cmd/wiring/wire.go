// Package wiring makes of the settings what a pass works with: the portal, mailboxes and relays, rules and letters. It
// dials nothing and decides nothing.
package wiring

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"sync"
	"time"

	"helpdesk/pkg/version"

	"github.com/goccy/go-yaml"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/markup"
	"helpdesk/pkg/naming"
	"helpdesk/pkg/onec"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/portal"
	"helpdesk/pkg/quote"
	"helpdesk/pkg/render"
	"helpdesk/pkg/spool"
	"helpdesk/pkg/store"
	"helpdesk/pkg/wire"
	"helpdesk/templates"
)

const (
	profilesFor = 7 * 24 * time.Hour // what a directory said of an address
)

// Options is what the parts need besides the settings and the state.
type Options struct {
	Log   *slog.Logger
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error // between attempts at the portal; nil = in earnest

	Servers *Servers      // what the run knows of them already; nil = nothing but what the state knows
	Folders spool.Folders // for long messages

	Record string // folder that takes what the portal is asked and answers; "" = none
}

// Parts is a pass, and what of it others than the pass itself have to do with.
type Parts struct {
	*pass.Pass
	Client *portal.Client
	found  *discoveries
	keys   *tokens

	copiers      []*copier
	pauses       *pauses
	certificates *certificates
	mailboxes    []config.Mailbox
	hosts        []string // of all servers
}

// Settle does what is left for the end of a pass: it makes copies of the letters that were sent. Its error is one of
// the state.
func (p *Parts) Settle(ctx context.Context) error {
	var errs []error
	for _, k := range p.copiers {
		errs = append(errs, k.settle(ctx))
	}
	return errors.Join(errs...)
}

// Keep writes what was found out about the servers into the state. It belongs at the end of a run that may write.
func (p *Parts) Keep(now time.Time) error { return p.found.keep(now) }

// New puts a pass together: settings and state in, everything that talks to a server made but not yet dialled.
func New(cfg *config.Config, s *store.Store, o Options) (*Parts, error) {
	servers := o.Servers
	if servers == nil {
		servers = NewServers(cfg, s, o.Now, o.Folders)
	}
	found := servers.found
	servers.enter(s)
	ca, err := certificate(cfg.Bitrix24.CA)
	if err != nil {
		return nil, err
	}
	client, err := portal.New(portal.Options{Results: cfg.Notify.Send == "results", Options: bitrix.Options{
		Webhook: cfg.Bitrix24.Webhook, Agent: version.Get().Agent(), CA: ca, Timeout: cfg.Bitrix24.Timeout,
		Burst:     cfg.Bitrix24.Rate.Burst,
		PerSecond: cfg.Bitrix24.Rate.PerSecond, Log: o.Log, Now: o.Now, Sleep: o.Sleep, Load: found.load,
		Save:   found.save,
		Record: o.Record, Expiry: servers.rest.certificates.note,
		Named: named(cfg.Templates, o.Log),
	}})
	if err != nil {
		return nil, exit.Usage(err)
	}
	boxes, senders := boxes(cfg, servers.rest)
	copiers := withCopies(cfg, senders, servers.rest, s.Copies, o.Log)
	out := &outbox.Outbox{
		Queue: s.Outbox, Seen: s.Outbox, Tickets: s.Tickets, Kept: s.Quarantine, People: s.People,
		Portal: client.Maker, Staff: client, Senders: senders,
		Settle: 2 * cfg.Bitrix24.Timeout, Sources: cfg.Contacts.Sources, ProfileAge: profilesFor,
		MaxAttachments: cfg.Notify.MaxAttachments, TellSent: cfg.Notify.Confirm == "comment",
		Signer: s.Signer(), Instance: s.Instance(), Still: s.Still, Now: o.Now, Log: o.Log,
	}
	policy := policyOf(cfg)
	policy.Apart = s.Doubted()
	p := &pass.Pass{
		Ledger: s.Ledger, Quarantine: s.Quarantine, Tickets: s.Tickets, Portal: client, Feed: client.Reader,
		Boxes: boxes, Looked: servers.Looked, Outbox: out,
		Lost:   s.Lost(),
		Policy: policy, Kit: func() (pass.Kit, error) { return kit(cfg, policy) },
		QuarantineAfter: cfg.Poll.QuarantineAfter, Budget: cfg.Poll.MessageBudget,
		Signer: s.Signer(), Instance: s.Instance(), Now: o.Now, Log: o.Log,
	}
	if !cfg.Letters.PortalLink {
		out.PortalHost = client.Host()
	} else {
		out.Link = func(task int64) string {
			return fmt.Sprintf("https://%s/company/personal/user/%d/tasks/task/view/%d/", client.Host(), client.Self(),
				task)
		}
	}
	if c := cfg.Contacts.OneC; c != nil {
		if out.OneC, err = oneC(*c, servers.rest.certificates.note); err != nil {
			return nil, err
		}
	}
	return &Parts{Pass: p, Client: client, found: found, keys: servers.rest.keys, copiers: copiers,
		pauses:       servers.rest,
		certificates: servers.rest.certificates,
		mailboxes:    cfg.Mailboxes, hosts: hosts(cfg)}, nil
}

func oneC(o config.OneC, expiry wire.Expiry) (*onec.Client, error) {
	ca, err := certificate(o.CA)
	if err != nil {
		return nil, err
	}
	c, err := onec.New(onec.Options{URL: o.URL, CA: ca, Catalog: o.Catalog, Email: o.Email, Name: o.Name, User: o.User,
		Password: o.Password, Agent: version.Get().Agent(), Expiry: expiry})
	if err != nil {
		return nil, exit.Usage(err)
	}
	return c, nil
}

// Kit makes what judging and writing take.
func Kit(cfg *config.Config) (pass.Kit, error) { return kit(cfg, policyOf(cfg)) }

func kit(cfg *config.Config, policy *desk.Policy) (k pass.Kit, err error) {
	var wrong, broken, unnamed error
	var making sync.WaitGroup
	making.Go(func() { k.Names, unnamed = people(cfg) })
	making.Go(func() { k.Rules, k.Cutter, wrong = compile(cfg, policy) })
	making.Go(func() { k.Texts, broken = Letters(cfg) })
	making.Wait()
	if wrong = errors.Join(wrong, unnamed); wrong != nil {
		return k, wrong
	}
	if broken != nil {
		return k, exit.Usage(broken)
	}
	return k, nil
}

// people compiles the words that names are read by.
func people(cfg *config.Config) (*naming.Names, error) {
	files, err := overlay(cfg.Templates)
	if err != nil {
		return nil, err
	}
	return names.of(files)
}

// Rules compiles the policy of the settings together with the data files.
func Rules(cfg *config.Config) (*desk.Rules, *quote.Cutter, error) {
	return compile(cfg, policyOf(cfg))
}

func compile(cfg *config.Config, policy *desk.Policy) (*desk.Rules, *quote.Cutter, error) {
	files, err := overlay(cfg.Templates)
	if err != nil {
		return nil, nil, err
	}
	if policy.Lexicon, err = lexicons.of(files); err != nil {
		return nil, nil, err
	}
	cut, err := cuttings.of(files)
	if err != nil {
		return nil, nil, err
	}
	policy.FromLabels, policy.OtherLabels = cut.rules.FromLabels, cut.rules.OtherLabels
	compiled, err := desk.Compile(policy)
	if err != nil {
		return nil, nil, exit.Usage(err)
	}
	return compiled, cut.cutter, nil
}

// named reports whether the text of a portal's error names a field or a right. The words are read when the first error
// comes.
func named(folder string, log *slog.Logger) func(text string) bool {
	words := sync.OnceValue(func() []*regexp.Regexp {
		all, err := namedWords(folder)
		if err != nil {
			log.Warn("read portal.yaml", "err", err)
		}
		return all
	})
	return func(text string) bool {
		return slices.ContainsFunc(words(), func(re *regexp.Regexp) bool { return re.MatchString(text) })
	}
}

// namedWords compiles the words that name a field or a right in errors of the portal.
func namedWords(folder string) (all []*regexp.Regexp, err error) {
	files, err := overlay(folder)
	if err != nil {
		return nil, err
	}
	var file struct {
		Named []string `yaml:"named"`
	}
	if err := Data(files, "portal.yaml", &file); err != nil {
		return nil, err
	}
	for _, word := range file.Named {
		re, wrong := regexp.Compile("(?i)" + word)
		if wrong != nil {
			err = errors.Join(err, fmt.Errorf("portal.yaml: %w", wrong))
			continue
		}
		all = append(all, re)
	}
	return all, err
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

// Files returns the built-in templates and data files, with those of the settings in their place.
func Files(cfg *config.Config) (fs.FS, error) { return overlay(cfg.Templates) }

// Data reads a data file strictly.
func Data(files fs.FS, name string, v any) error {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := strictly(raw, v); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// strictly reads YAML, in which a key that is not known is a mistake.
func strictly(raw []byte, v any) error { return yaml.UnmarshalWithOptions(raw, v, yaml.Strict()) }

func policyOf(cfg *config.Config) *desk.Policy {
	p := &desk.Policy{
		Staff: cfg.Mail.Staff, Exclusions: FixedExclusions(cfg), TrustAuth: cfg.Mail.TrustAuthResults,
		Automatic: cfg.Mail.Automatic, Bulk: cfg.Mail.Bulk, Spam: cfg.Mail.Spam, Flood: cfg.Mail.Flood.Letters,
		FloodWithin: cfg.Mail.Flood.Within,
		Reopen:      cfg.Tickets.Reopen, ReopenWithin: cfg.Tickets.ReopenWithin,
		SameSubject: cfg.Tickets.SameSubjectWithin,
		AutoReply:   cfg.Letters.Received.Enabled, OffHours: cfg.Letters.Received.OffHours.Enabled,
		PerAddress: cfg.Letters.Received.Limit.PerAddress,
		PerDomain:  cfg.Letters.Received.Limit.PerDomain, PerDay: cfg.Letters.Received.Limit.PerDay,
		Within: cfg.Letters.Received.Limit.Within,
		MaxAge: cfg.Letters.Received.MaxAge, Answer: cfg.Letters.Comment.Enabled, Closed: cfg.Letters.Closed.Enabled,
		Send: desk.Send(cfg.Notify.Send), InternalPrefix: cfg.Notify.InternalPrefix,
		PublicPrefix: cfg.Notify.PublicPrefix,
		Delay:        cfg.Notify.Delay, MentionInside: cfg.Notify.MentionInside, Combine: cfg.Notify.Combine,
		Attachments: cfg.Notify.Attachments, Fields: map[string]desk.Fields{},
	}
	for _, address := range cfg.Mail.Own {
		p.Own = append(p.Own, desk.FoldAddress(address))
	}
	for _, m := range cfg.Mailboxes {
		p.Own = append(p.Own, Sender(m).Key())
		p.OwnNames = append(p.OwnNames, Sender(m).Name)
		p.Fields[m.Name] = taskFields(cfg.TaskFor(m.Name))
	}
	p.Routes, p.Calendar = routes(cfg), Calendar(cfg)
	return p
}

// FixedExclusions returns the exclusions of the settings.
func FixedExclusions(cfg *config.Config) []desk.Exclusion {
	var all []desk.Exclusion
	for _, x := range cfg.Mail.Exclude {
		all = append(all, desk.Exclusion{Match: x.Match, Scope: desk.Scope(x.Scope), Note: x.Note, By: "settings"})
	}
	return all
}

// Letters reads the templates; every one is tried, so that a mistake shows before a letter depends on it.
func Letters(cfg *config.Config) (*render.Set, error) {
	files, err := overlay(cfg.Templates)
	if err != nil {
		return nil, err
	}
	l := cfg.Letters
	s := render.Settings{Locale: l.Locale, Signature: l.Signature, Position: l.Position, PortalLinks: l.PortalLink,
		QuoteLimit: l.Quote,
		Answering: render.Answering{
			Send:     cfg.Notify.Send,
			Internal: cfg.Notify.InternalPrefix,
			Public:   cfg.Notify.PublicPrefix,
			Mention:  cfg.Notify.MentionInside,
		},
		Escape: markup.Escape, Text: markup.Text,
		Sample:   func(code string) (string, string) { return markup.HTML(code), markup.Plain(code) },
		Received: render.LetterText{Subject: l.Received.Subject, Body: l.Received.Body},
		OffHours: render.LetterText{Subject: l.Received.OffHours.Subject, Body: l.Received.OffHours.Body},
		Comment:  render.LetterText{Subject: l.Comment.Subject, Body: l.Comment.Body},
		Closed:   render.LetterText{Subject: l.Closed.Subject, Body: l.Closed.Body}}
	if l.Logo != "" {
		if s.Logo, err = os.ReadFile(l.Logo); err != nil {
			return nil, fmt.Errorf("letters.logo: %w", err)
		}
	}
	plain := s
	plain.Escape, plain.Text, plain.Sample = nil, nil, nil
	return sets.of(files, fmt.Sprintf("%#v", plain), func() (*render.Set, error) { return render.New(files, s) })
}

// Sender returns whose letters a mailbox sends.
func Sender(m config.Mailbox) desk.Address {
	name, address := m.Sender()
	return desk.Address{Name: name, Addr: address}
}

// boxes makes the mailboxes of the settings, to be read and to send from; nothing is dialled before it is used.
func boxes(cfg *config.Config, p *pauses) (boxes []pass.Box, senders []outbox.Sender) {
	for _, m := range cfg.Mailboxes {
		b := pass.Box{Name: m.Name, MaxMessage: m.IMAP.MaxMessage, MaxAge: m.IMAP.MaxAge, Moves: m.IMAP.MoveTo != "",
			Zone: cfg.Location(m.Name)}
		s := outbox.Sender{Name: m.Name, From: Sender(m), Zone: b.Zone}
		switch m.SMTP.EnvelopeFrom {
		case "account":
		case "null":
			s.EnvelopeFrom = "<>"
		default:
			s.EnvelopeFrom = m.SMTP.EnvelopeFrom
		}
		b.Open = func(ctx context.Context, readOnly bool) (pass.Mailbox, error) {
			mb, err := p.mailbox(ctx, m, readOnly)
			if err != nil {
				return nil, err
			}
			return counted{mb, m.Name, p.found}, nil
		}
		s.Open = func(ctx context.Context) (outbox.Originals, error) { return p.mailbox(ctx, m, true) }
		s.Relay = func(ctx context.Context) (outbox.Relay, error) { return p.relay(ctx, m) }
		boxes, senders = append(boxes, b), append(senders, s)
	}
	return boxes, senders
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
