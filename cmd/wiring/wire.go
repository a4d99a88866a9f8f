// Package wiring assembles everything that a pass needs from the settings: the portal, mailboxes, relays, rules and
// letters. Assembling connects to no server, and the package decides nothing about mail.
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
	profilesFor = 7 * 24 * time.Hour // for data that a directory returned about an address
)

// Options are what the parts need in addition to the settings and the state.
type Options struct {
	Log   *slog.Logger
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error // waits between attempts at the portal; nil = a real wait

	Servers *Servers      // what the run already knows about them; nil = only what the state has
	Folders spool.Folders // for long messages

	Record string // folder for the recorded requests to the portal and their answers; "" = not recorded
}

// Parts is a pass, with the parts that its caller uses as well.
type Parts struct {
	*pass.Pass
	Client *portal.Client
	found  *discoveries
	keys   *tokens

	copiers      []*copier
	pauses       *pauses
	certificates *certificates
	mailboxes    []config.Mailbox
	hosts        []string // names of all servers
}

// Settle makes copies of the letters sent, at the end of a pass. Its error is an error of the state.
func (p *Parts) Settle(ctx context.Context) error {
	var errs []error
	for _, k := range p.copiers {
		errs = append(errs, k.settle(ctx))
	}
	return errors.Join(errs...)
}

// Keep writes the facts found out about the servers into the state, at the end of a run that may write.
func (p *Parts) Keep(now time.Time) error { return p.found.keep(now) }

// New assembles a pass from the settings and the state. It prepares all connections but opens none.
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
		LikeSent: cfg.Notify.Confirm == "like",
		Signer:   s.Signer(), Instance: s.Instance(), Still: s.Still, Now: o.Now, Log: o.Log,
	}
	policy := policyOf(cfg)
	policy.Apart = s.Doubted()
	p := &pass.Pass{
		Ledger: s.Ledger, Quarantine: s.Quarantine, Tickets: s.Tickets, Portal: client, Feed: client.Reader,
		Boxes: boxes, Looked: servers.Looked, Outbox: out,
		Lost:   s.Lost(),
		Policy: policy, Kit: func() (pass.Kit, error) { return kit(cfg, policy) },
		Cutter:          func() (*quote.Cutter, error) { return Cutter(cfg) },
		QuarantineAfter: cfg.Poll.QuarantineAfter, Budget: cfg.Poll.MessageBudget,
		Signer: s.Signer(), Instance: s.Instance(), Now: o.Now, Log: o.Log,
	}
	out.PortalHost = client.Host()
	out.Link = func(task int64) string {
		return portal.TaskLink(client.Host(), client.Self(), task)
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

// Kit compiles the rules, texts and names that a pass needs to judge and write letters.
func Kit(cfg *config.Config) (pass.Kit, error) { return kit(cfg, policyOf(cfg)) }

func kit(cfg *config.Config, policy *desk.Policy) (k pass.Kit, err error) {
	var wrong, broken, unnamed, untold error
	var making sync.WaitGroup
	making.Go(func() { k.Names, unnamed = people(cfg) })
	making.Go(func() { k.Rules, wrong = compile(cfg, policy) })
	making.Go(func() {
		var all *Texts
		if all, broken = Letters(cfg); broken == nil {
			k.Texts = func(mailbox, locale string) outbox.Texts { return all.Of(mailbox, locale) }
		}
	})
	making.Go(func() { k.Languages, untold = languages(cfg) })
	making.Wait()
	if wrong = errors.Join(wrong, unnamed, untold); wrong != nil {
		return k, wrong
	}
	if broken != nil {
		return k, exit.Usage(broken)
	}
	return k, nil
}

// people compiles the rules that recognise names of people.
func people(cfg *config.Config) (*naming.Names, error) {
	files, err := overlay(cfg.Templates)
	if err != nil {
		return nil, err
	}
	return names.of(files)
}

// Cutter compiles the rules that cut quotes and signatures off letters.
func Cutter(cfg *config.Config) (*quote.Cutter, error) {
	files, err := overlay(cfg.Templates)
	if err != nil {
		return nil, err
	}
	cut, err := cuttings.of(files)
	if err != nil {
		return nil, err
	}
	c, err := cut.cutter()
	if err != nil {
		return nil, exit.Usage(fmt.Errorf("%s: %w", cuttings.name, err))
	}
	return c, nil
}

// compile compiles the policy of the settings together with the data files.
func compile(cfg *config.Config, policy *desk.Policy) (*desk.Rules, error) {
	files, err := overlay(cfg.Templates)
	if err != nil {
		return nil, err
	}
	if policy.Lexicon, err = lexicons.of(files); err != nil {
		return nil, err
	}
	cut, err := cuttings.of(files)
	if err != nil {
		return nil, err
	}
	policy.Calendar = Calendar(cfg) // it may read a list of days off
	policy.FromLabels, policy.OtherLabels = cut.rules.FromLabels, cut.rules.OtherLabels
	compiled, err := desk.Compile(policy)
	if err != nil {
		return nil, exit.Usage(err)
	}
	return compiled, nil
}

// named returns a function that reports whether the text of a portal's error names a field or a right. The words are
// read at the first error.
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

// namedWords compiles the words for fields and rights in errors of the portal.
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

// overlay returns the built-in templates and data files; a file in folder replaces the built-in one of the same name.
func overlay(folder string) (fs.FS, error) {
	if folder == "" {
		return templates.FS, nil
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, exit.Usage(fmt.Errorf("templates: %w", err))
	}
	return render.Overlay(templates.FS, os.DirFS(folder)), nil
}

// Files returns the built-in templates and data files, replaced by those of the settings where they exist.
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

// strictly decodes YAML and refuses unknown keys.
func strictly(raw []byte, v any) error { return yaml.UnmarshalWithOptions(raw, v, yaml.Strict()) }

func policyOf(cfg *config.Config) *desk.Policy {
	p := &desk.Policy{
		Staff: cfg.Mail.Staff, Exclusions: FixedExclusions(cfg), TrustAuth: cfg.Mail.TrustAuthResults,
		Automatic: cfg.Mail.Automatic, Bulk: cfg.Mail.Bulk, Spam: cfg.Mail.Spam, Flood: cfg.Mail.Flood.Letters,
		FloodWithin: cfg.Mail.Flood.Within, StaffForward: cfg.Mail.StaffForward == "customer",
		Reopen: cfg.Tickets.Reopen, ReopenWithin: cfg.Tickets.ReopenWithin,
		SameSubject: cfg.Tickets.SameSubjectWithin,
		Send:        desk.Send(cfg.Notify.Send), InternalPrefix: cfg.Notify.InternalPrefix,
		PublicPrefix: cfg.Notify.PublicPrefix,
		Delay:        cfg.Notify.Delay, MentionInside: cfg.Notify.MentionInside, Combine: cfg.Notify.Combine,
		Attachments: cfg.Notify.Attachments, Copy: map[string]bool{}, Fields: map[string]desk.Fields{},
	}
	for _, m := range cfg.Mailboxes {
		if m.Copy == "participants" {
			p.Copy[m.Name] = true
		}
	}
	for _, address := range cfg.Mail.Own {
		p.Own = append(p.Own, desk.FoldAddress(address))
	}
	for _, m := range cfg.Mailboxes {
		p.Own = append(p.Own, Sender(m).Key())
		p.OwnNames = append(p.OwnNames, Sender(m).Name)
		p.Fields[m.Name] = taskFields(cfg.TaskFor(m.Name))
	}
	p.Routes = routes(cfg)
	lettering(p, cfg.Letters)
	p.Boxes = map[string]desk.Policy{}
	for _, m := range cfg.Mailboxes {
		if m.Letters != cfg.Letters {
			own := *p
			lettering(&own, m.Letters)
			own.Boxes, p.Boxes[m.Name] = nil, own
		}
	}
	return p
}

// lettering sets the policy's values that depend on letters.
func lettering(p *desk.Policy, l config.Letters) {
	limit := l.Received.Limit
	p.AutoReply, p.OffHours, p.MaxAge = l.Received.Enabled, l.Received.OffHours.Enabled, l.Received.MaxAge
	p.PerAddress, p.PerDomain, p.PerDay, p.Within = limit.PerAddress, limit.PerDomain, limit.PerDay, limit.Within
	p.Answer, p.Closed, p.Languages = l.Comment.Enabled, l.Closed.Enabled, l.Locale == config.Auto
}

// FixedExclusions returns the exclusions of the settings.
func FixedExclusions(cfg *config.Config) []desk.Exclusion {
	var all []desk.Exclusion
	for _, x := range cfg.Mail.Exclude {
		all = append(all, desk.Exclusion{Match: x.Match, Scope: desk.Scope(x.Scope), Note: x.Note, By: "settings"})
	}
	return all
}

// Sender returns the sender of a mailbox's letters.
func Sender(m config.Mailbox) desk.Address {
	name, address := m.Sender()
	return desk.Address{Name: name, Addr: address}
}

// boxes returns the mailboxes of the settings, for reading and for sending. They connect when they are used.
func boxes(cfg *config.Config, p *pauses) (boxes []pass.Box, senders []outbox.Sender) {
	for _, m := range cfg.Mailboxes {
		b := pass.Box{Name: m.Name, MaxMessage: m.IMAP.MaxMessage, MaxAge: m.IMAP.MaxAge, Moves: m.IMAP.MoveTo != "",
			Zone: cfg.Location(m.Name)}
		s := outbox.Sender{Name: m.Name, From: Sender(m), Zone: b.Zone, Links: m.Letters.PortalLink}
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
