package wiring

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/cmd/exit"
	"helpdesk/pkg/bearer"
	"helpdesk/pkg/config"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/mailbox"
	"helpdesk/pkg/oauth"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/relay"
	"helpdesk/pkg/store"
	"helpdesk/pkg/version"
)

// shelf stores tokens; the state is one.
type shelf interface {
	Get(mailbox string) ([]byte, error)
	Put(mailbox string, raw []byte) error
	Kept() bool // whether stored tokens last: not in a dry run
}

// left are the tokens read from a state that is now closed.
type left map[string]leftToken

type leftToken struct {
	raw []byte
	err error
}

func (l left) Get(mailbox string) ([]byte, error) { return l[mailbox].raw, l[mailbox].err }
func (l left) Put(string, []byte) error           { return pass.ErrNeedsState }
func (l left) Kept() bool                         { return false }

// leave reads the tokens of the mailboxes, for use while the state is closed.
func (k *tokens) leave(boxes []config.Mailbox) {
	l := left{}
	for _, m := range boxes {
		if m.SignsIn() {
			raw, err := k.shelf.Get(m.Name)
			l[m.Name] = leftToken{raw, err}
		}
	}
	k.shelf, k.closed = l, true
}

// enter uses the tokens of the state again.
func (k *tokens) enter(s shelf) { k.shelf, k.closed = s, false }

// renewer exchanges an old token for a new one.
type renewer interface {
	Renew(ctx context.Context, t bearer.Token) (bearer.Token, error)
}

// tokens logs mailboxes in with OAuth, and renews their tokens. Only the process that has the state open renews. It
// stores each new token before a server sees it, because most providers end the old one.
type tokens struct {
	shelf  shelf
	closed bool // the state is closed: shelf is a left, and nothing is renewed
	rest   *pauses
	now    func() time.Time
	client func(m config.Mailbox) (renewer, error)

	mu    sync.Mutex
	locks map[string]*sync.Mutex // by mailbox
}

// noToken is the error of a mailbox without a token. It starts no pause, because no mail server was asked.
type noToken struct{ error }

func (e noToken) Unwrap() error { return e.error }

// withToken calls dial with the mailbox; for OAuth it puts the token into the passwords. If the server refuses the
// token, withToken renews it and tries once more: the token may have been revoked, or a clock may be wrong.
func withToken[T any](ctx context.Context, k *tokens, m config.Mailbox, auth string,
	dial func(config.Mailbox) (T, error)) (conn T, err error) {
	if auth != "oauth2" {
		return dial(m)
	}
	token, err := k.access(ctx, m, "")
	if err != nil {
		return conn, noToken{err}
	}
	m.IMAP.Password, m.SMTP.Password = token, token
	conn, err = dial(m)
	if !errors.Is(err, bearer.ErrRefused) {
		return conn, err
	}
	again, rerr := k.access(ctx, m, token)
	if rerr != nil {
		return conn, noToken{rerr}
	}
	if again != token {
		m.IMAP.Password, m.SMTP.Password = again, again
		conn, err = dial(m)
	}
	if errors.Is(err, bearer.ErrRefused) {
		err = fmt.Errorf("%w; it is of another account, or lacks a right: sign in again with helpdesk login %s", err,
			m.Name)
	}
	return conn, err
}

// mailbox logs in to a mailbox, by password or token.
func (k *tokens) mailbox(ctx context.Context, m config.Mailbox, readOnly, single bool) (*mailbox.Mailbox, error) {
	return withToken(ctx, k, m, m.IMAP.Auth, func(m config.Mailbox) (*mailbox.Mailbox, error) {
		return openMailbox(ctx, m, readOnly, single, k.rest)
	})
}

// relay logs in to the relay of a mailbox, by password or token.
func (k *tokens) relay(ctx context.Context, m config.Mailbox) (*relay.Relay, error) {
	return withToken(ctx, k, m, m.SMTP.Auth, func(m config.Mailbox) (*relay.Relay, error) {
		return openRelay(ctx, m, k.rest.certificates.note)
	})
}

// lock returns the lock of a mailbox's token.
func (k *tokens) lock(mailbox string) *sync.Mutex {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.locks == nil {
		k.locks = map[string]*sync.Mutex{}
	}
	if k.locks[mailbox] == nil {
		k.locks[mailbox] = new(sync.Mutex)
	}
	return k.locks[mailbox]
}

// justNow is the age below which a refused token is not renewed: a newer one would be refused as well.
const justNow = 10 * time.Minute

// access returns the access token of a mailbox, renewed if necessary; refused is the token that a server has just
// refused, or "".
func (k *tokens) access(ctx context.Context, m config.Mailbox, refused string) (string, error) {
	lock := k.lock(m.Name)
	lock.Lock()
	defer lock.Unlock()
	t, err := load(k.shelf, m)
	if err != nil {
		return "", err
	}
	now := k.now()
	fresh := now.Sub(t.Obtained) < justNow
	works := t.Works(now) && (t.Access != refused || fresh)
	switch {
	case works && (!t.Due(now) || t.Access == refused):
		return t.Access, nil
	case k.closed && t.Renewable(now):
		return "", pass.ErrNeedsState
	case t.Renewable(now) && k.shelf.Kept():
		renewed, err := k.renew(ctx, m, t)
		if err == nil || !works {
			return renewed.Access, err
		}
		return t.Access, nil // the next pass tries to renew again
	case works:
		return t.Access, nil
	case t.Renewable(now):
		return "", fault.Away(fault.Refused,
			errors.New("the access token has ended; a pass renews it, and this run changes nothing"))
	}
	return "", ended(m, t)
}

// ended returns the error that a person must sign in again.
func ended(m config.Mailbox, t bearer.Token) error {
	why := "the sign-in has ended: the provider gave nothing to renew it by"
	switch {
	case t.Broken != "":
		why = t.Broken
	case !t.Until.IsZero():
		why = "the sign-in has ended: the provider lets it be renewed until " + t.Until.Local().Format(time.DateOnly)
	}
	return unsigned(m, "%s; run", why)
}

// renew gets a new token and stores it. It first stores the old one, to be sure that the state can be written: losing
// the new token would end the sign-in.
func (k *tokens) renew(ctx context.Context, m config.Mailbox, t bearer.Token) (bearer.Token, error) {
	return open(ctx, k.rest, renewalOf+m.Name, fmt.Sprintf("%+v", m.OAuth),
		func(ctx context.Context) (bearer.Token, error) {
			client, err := k.client(m)
			if err != nil {
				return t, err
			}
			if err := keep(k.shelf, m.Name, t); err != nil {
				return t, err
			}
			renewed, err := client.Renew(ctx, t)
			switch {
			case errors.Is(err, oauth.ErrEnded):
				t.Broken = err.Error()
				return t, errors.Join(unsigned(m, "%w; run", err), keep(k.shelf, m.Name, t))
			case err != nil:
				return t, err
			}
			return renewed, keep(k.shelf, m.Name, renewed)
		})
}

func keep(s shelf, mailbox string, t bearer.Token) error {
	raw, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("write the token of %s: %w", mailbox, err)
	}
	return s.Put(mailbox, raw)
}

// load returns the token of a mailbox.
func load(s shelf, m config.Mailbox) (t bearer.Token, err error) {
	raw, err := s.Get(m.Name)
	switch {
	case err != nil:
		return t, err
	case raw == nil:
		return t, unsigned(m, "nobody has signed in: run")
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return t, unsigned(m, "the token in the state is damaged: run")
	}
	if t.App != appOf(m.OAuth) {
		return t, unsigned(m, "the sign-in was made for another application than the settings name: run")
	}
	return t, nil
}

// appOf returns a hash that identifies the application in the settings.
func appOf(o config.OAuth) string {
	sum := sha256.Sum256([]byte(strings.Join(append([]string{o.Provider, o.ClientID, o.Tenant, o.TokenURL},
		o.Scopes...), "\x00")))
	return hex.EncodeToString(sum[:8])
}

// SignIn returns the OAuth client that a mailbox signs in with.
func SignIn(cfg *config.Config, m config.Mailbox, now func() time.Time) (*oauth.Client, error) {
	o, err := application(cfg, m.OAuth)
	if err != nil {
		return nil, err
	}
	if o.CA, err = certificate(m.IMAP.CA); err != nil {
		return nil, err
	}
	o.ID, o.Secret, o.App, o.Agent, o.Now = m.OAuth.ClientID, m.OAuth.ClientSecret, appOf(
		m.OAuth), version.Get().Agent(), now
	return oauth.New(o)
}

// application returns the addresses and scopes of the provider in the settings.
func application(cfg *config.Config, s config.OAuth) (o oauth.Options, err error) {
	if s.Provider == "custom" {
		return oauth.Options{
			AuthURL:   s.AuthURL,
			TokenURL:  s.TokenURL,
			DeviceURL: s.DeviceURL,
			Scopes:    s.Scopes,
			Redirect:  s.RedirectURL,
		}, nil
	}
	files, err := overlay(cfg.Templates)
	if err != nil {
		return o, err
	}
	var all []Provider
	if err := Data(files, "providers.yaml", &all); err != nil {
		return o, exit.Usage(err)
	}
	i := slices.IndexFunc(all, func(p Provider) bool { return p.OAuth.ID == s.Provider })
	if i < 0 {
		return o, exit.Usage(fmt.Errorf("providers.yaml has no oauth with the id %s", s.Provider))
	}
	p := all[i].OAuth
	at := func(address string) string { return strings.ReplaceAll(address, "{tenant}", s.Tenant) }
	o = oauth.Options{AuthURL: at(p.PageURL), TokenURL: at(p.TokenURL), DeviceURL: at(p.DeviceURL), Scopes: p.Scopes,
		Extra: p.Extra, Grant: p.Grant,
		Redirect: p.Redirect, Loopback: p.Loopback}
	if s.RedirectURL != "" {
		o.Redirect = s.RedirectURL
	}
	return o, nil
}

// SignedIn is the sign-in of a mailbox.
type SignedIn struct {
	Mailbox string
	Since   time.Time // zero = nobody has signed in
	Ends    time.Time // when a person must sign in again; zero = no known end
	Wrong   error     // why a person must sign in again
}

// SignedIns returns the sign-ins of all mailboxes that use OAuth.
func SignedIns(cfg *config.Config, s shelf) (all []SignedIn) {
	for _, m := range cfg.Mailboxes {
		if !m.SignsIn() {
			continue
		}
		t, err := load(s, m)
		if err == nil && t.Broken != "" {
			err = ended(m, t)
		}
		all = append(all, SignedIn{m.Name, t.SignedIn, t.Ends(), err})
	}
	return all
}

// KeepToken stores the token of a new sign-in, and ends the pauses of the mailbox's servers.
func KeepToken(s *store.Store, now time.Time, mailbox string, t bearer.Token) error {
	if err := keep(s.Tokens, mailbox, t); err != nil {
		return err
	}
	ended := map[string][]byte{}
	for _, server := range []string{"imap ", "smtp ", renewalOf} {
		ended["pause."+server+mailbox] = nil
	}
	return s.Cache(now, ended)
}

// unsigned returns the error of a mailbox that a person must sign in to. The text of format comes before the command to
// run.
func unsigned(m config.Mailbox, format string, args ...any) error {
	err := fmt.Errorf(format+" helpdesk login %s", append(args, m.Name)...)
	return fault.Because(fault.Token, fault.Misconfigured(err))
}
