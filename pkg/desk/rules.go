package desk

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"text/template"
	"time"
)

// LoopHeader is the field that carries our instance id in every letter of ours.
const LoopHeader = "X-Helpdesk-Loop"

// Rules makes the decisions. It is a Policy with its lists and patterns compiled.
type Rules struct {
	policy   Policy
	own      map[string]bool
	ownNames map[string]bool // folded
	homes    map[string]bool // domains of our addresses and of staff, without public ones
	staff    []Pattern
	from     map[string]bool // labels in a quoted header: of the writer …
	others   map[string]bool // … and of everything else
	routes   []route
	titles   map[string]*template.Template // by their source; nil = the subject alone
	*Lexicon
}

// Lexicon is Words with its patterns compiled. It never changes, so several Rules may share it.
type Lexicon struct {
	words   Words
	public  map[string]bool
	fronts  fronts
	robots  []*regexp.Regexp
	spam    []spamMark
	reports struct{ subjects, senders, files []*regexp.Regexp }
	away    []*regexp.Regexp
	phrases func() []string // words.OutOfOffice in lower case
	thanks  thanksRules
	greets  []*regexp.Regexp
	service []*regexp.Regexp
	deleted []*regexp.Regexp
}

// Compile returns the rules for a policy. The error names every invalid pattern.
func Compile(p *Policy) (*Rules, error) {
	r := &Rules{policy: *p, own: map[string]bool{}, ownNames: map[string]bool{}, homes: map[string]bool{},
		from: labelSet(p.FromLabels), others: labelSet(p.OtherLabels), Lexicon: p.Lexicon}
	var errs []error
	if r.Lexicon == nil {
		var err error
		r.Lexicon, err = NewLexicon(p.Words)
		errs = append(errs, err)
	}
	for _, a := range p.Own {
		key := FoldAddress(a)
		r.own[key] = true
		_, domain := splitAddress(key)
		r.home(domain)
	}
	for _, name := range p.OwnNames {
		r.ownNames[foldName(name)] = true
	}
	for _, s := range p.Staff {
		pattern, err := ParsePattern(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("staff: %w", err))
			continue
		}
		r.staff = append(r.staff, pattern)
		r.home(pattern.domain)
	}
	for _, x := range p.Exclusions {
		if _, err := ParsePattern(x.Match); err != nil {
			errs = append(errs, fmt.Errorf("exclude: %w", err))
		}
		if x.Scope.width() == 0 {
			errs = append(errs, fmt.Errorf("exclude: parse scope %q: autoreply, letters or mail is wanted", x.Scope))
		}
	}
	routes, bad := compileRoutes(p.Routes)
	r.routes, errs = routes, append(errs, bad...)
	errs = append(errs, r.compileTitles(p))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

// NewLexicon compiles the words. The error names every invalid pattern, and the lexicon is returned without these.
func NewLexicon(w Words) (*Lexicon, error) {
	r := &Lexicon{words: w, public: map[string]bool{}}
	for _, d := range w.PublicDomains {
		r.public[FoldDomain(d)] = true
	}
	var errs []error
	compile := func(list string, patterns []string, form string) (res []*regexp.Regexp) {
		for _, p := range patterns {
			re, err := regexp.Compile(fmt.Sprintf(form, p))
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: compile %q: %w", list, p, err))
				continue
			}
			res = append(res, re)
		}
		return res
	}
	r.robots = compile("robot_senders", w.RobotSenders, `(?i)%s`)
	for _, m := range w.SpamMarks {
		for _, re := range compile("spam_marks", []string{m.Value}, `(?i)%s`) {
			r.spam = append(r.spam, spamMark{m.Field, re})
		}
	}
	r.reports.subjects = compile("report_subjects", w.ReportSubjects, `(?i)%s`)
	r.reports.senders = compile("report_senders", w.ReportSenders, `(?i)%s`)
	r.reports.files = compile("report_files", w.ReportFiles, `(?i)^(?:%s)$`)
	r.phrases = sync.OnceValue(func() []string { return lowered(w.OutOfOffice) })
	r.away = compile("away_until", w.AwayUntil, `(?i)^(?:%s)(?:\PL|$)`)
	r.greets = compile("greetings", w.Greetings, `(?i)^(?:%s)(?:\PL|$)`)
	thanks, err := thanking(&w, compile)
	r.thanks, errs = thanks, append(errs, err)
	r.service = compile("service_comments", w.ServiceComments, `(?i)^(?:%s)$`)
	r.deleted = compile("deleted_placeholder", w.DeletedPlaceholder, `(?i)^(?:%s)$`)
	r.fronts, err = compileFronts(&w, compile)
	errs = append(errs, err)
	return r, errors.Join(errs...)
}

// home records a domain of ours. Public domains are left out, since anybody may have an address there.
func (r *Rules) home(domain string) {
	if domain != "" && !r.public[domain] {
		r.homes[domain] = true
	}
}

// atHome reports whether the domain, or a domain above it, is ours or our staff's.
func (r *Rules) atHome(domain string) bool {
	for domain = FoldDomain(domain); domain != ""; _, domain, _ = strings.Cut(domain, ".") {
		if r.homes[domain] {
			return true
		}
	}
	return false
}

func (r *Rules) isOwn(addr string) bool { return addr != "" && r.own[FoldAddress(addr)] }

func (r *Rules) isStaff(addr string) bool {
	for _, p := range r.staff {
		if p.Match(addr) {
			return true
		}
	}
	return false
}

// MessageKey returns the key of a message, which is the same for the same letter in every mailbox. If the message has
// neither a Message-ID nor a date, the time of receipt is part of the key: repeated alarms are identical in every byte.
func MessageKey(m *Message) string {
	if m.DerivedID && m.Date.IsZero() {
		return DeriveKey(m.ID, m.Hash, m.Header.Get("Received"), m.Received.UTC().Format(time.RFC3339))
	}
	return DeriveKey(m.ID, m.Hash)
}

// Ask returns what must be looked up before Decide. The last of its IDs is the message's own, so that a reused id is
// noticed.
func (r *Rules) Ask(m *Message, s Signer) Questions {
	m, _, _ = speaker(r, m, s)
	q := Questions{Key: MessageKey(m), Address: m.From.Key(), Subject: r.NormalSubject(m.Subject),
		Reply: r.replyTo(m).Key(), Pictures: smallPictures(m)}
	q.Counted, q.Arrivals = r.counted(m), r.limits(m.From)
	for _, a := range correspondents(m) {
		if a = FoldAddress(a); a != "" && !slices.Contains(q.Senders, a) {
			q.Senders = append(q.Senders, a)
		}
	}
	for _, id := range replyIDs(m) {
		if _, form, valid := s.OwnID(id); !form || valid {
			q.IDs = append(q.IDs, id)
		}
	}
	if usableID(m.ID) {
		q.IDs = append(q.IDs, m.ID)
	}
	q.Tasks, _ = s.Tokens(m.Subject)
	if r.mayBeBounce(m) {
		q.Bounced = ownInside(m, s)
	}
	return q
}

// counted returns the keys that limits count a message for: those of its sender and of the address that gets the
// auto-reply. A forged letter may name any victim in Reply-To.
func (r *Rules) counted(m *Message) []string {
	return r.limits(m.From, r.replyTo(m))
}

// limits returns the keys that limits count addresses under: the address without its +tag, and its domain unless that
// is public.
func (r *Rules) limits(addrs ...Address) []string {
	var keys []string
	add := func(key string) {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	for _, a := range addrs {
		key := Untagged(a.Key())
		_, domain := splitAddress(key)
		if domain == "" {
			continue
		}
		add(key)
		if !r.public[domain] {
			add("@" + domain)
		}
	}
	return keys
}

// usableID reports whether an id can distinguish messages. QUIRK: `<>` and `<@host>` are sent as Message-IDs, and
// programs that store them tie unrelated letters together (freescout#4740).
func usableID(id string) bool {
	left, _, _ := strings.Cut(id, "@")
	return strings.TrimSpace(left) != ""
}

// replyIDs returns the ids that a message answers, newest first: In-Reply-To, then References from the end.
func replyIDs(m *Message) []string {
	const most = 100
	var ids []string
	seen := map[string]bool{}
	add := func(id string) {
		if usableID(id) && !seen[id] && len(ids) < most {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	for _, id := range m.InReplyTo {
		add(id)
	}
	for i := len(m.Refs) - 1; i >= 0; i-- {
		add(m.Refs[i])
	}
	return ids
}
