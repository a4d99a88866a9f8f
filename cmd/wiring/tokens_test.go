package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"helpdesk/pkg/bearer"
	"helpdesk/pkg/config"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/oauth"
)

// box is a shelf that stores nothing in a dry run, and can be full.
type box struct {
	mu   sync.Mutex
	raw  []byte
	dry  bool
	full int // number of the write that fails; 0 = none
	puts int
}

func (b *box) Get(string) ([]byte, error) { b.mu.Lock(); defer b.mu.Unlock(); return b.raw, nil }
func (b *box) Kept() bool                 { return !b.dry }
func (b *box) Put(_ string, raw []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.puts++; b.full > 0 && b.puts >= b.full {
		return errors.New("no space left on device")
	}
	b.raw = raw
	return nil
}

// provider renews every token, unless err is set.
type provider struct {
	mu    sync.Mutex
	asked []string // the refresh tokens used
	err   error
	now   time.Time
	gate  *sync.WaitGroup // waits for all callers; nil = does not wait
}

func (p *provider) Renew(_ context.Context, t bearer.Token) (bearer.Token, error) {
	if p.gate != nil {
		p.gate.Wait()
		for range 1000 { // let the other goroutines run as far as they can
			runtime.Gosched()
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, t.Refresh)
	if p.err != nil {
		return t, p.err
	}
	n := len(p.asked)
	t.Access, t.Refresh, t.Obtained, t.Expires = fmt.Sprintf("access%d", n), fmt.Sprintf("refresh%d",
		n), p.now, p.now.Add(time.Hour)
	return t, nil
}

func TestTokensOfMailboxes(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	m := config.Mailbox{Name: "support", OAuth: config.OAuth{Provider: "custom", ClientID: "app"}}
	m.IMAP.Auth = "oauth2"
	token := bearer.Token{
		Access:   "access0",
		Refresh:  "refresh0",
		Obtained: noon.Add(-30 * time.Minute),
		Expires:  noon.Add(30 * time.Minute),
		App:      appOf(m.OAuth),
	}
	with := func(change func(*bearer.Token)) bearer.Token {
		k := token
		change(&k)
		return k
	}
	due := with(func(k *bearer.Token) { k.Expires = noon.Add(time.Minute) })
	over := with(func(k *bearer.Token) { k.Expires = noon.Add(-time.Minute) })
	away, gone := fault.Away(fault.Refused,
		errors.New("busy")), fault.Misconfigured(fmt.Errorf("%w: revoked", oauth.ErrEnded))
	for name, c := range map[string]struct {
		token    bearer.Token // zero = no token
		dry      bool
		full     int
		fails    error             // the provider's error
		refuses  map[string]string // tokens that the mail server refuses, with the error
		logged   string            // the token that opened the mailbox
		asked    int
		extent   fault.Extent
		says     string
		keptNext string // the access token in the state after the run
	}{
		"fresh":     {token: token, logged: "access0", keptNext: "access0"},
		"due":       {token: due, logged: "access1", asked: 1, keptNext: "access1"},
		"over":      {token: over, logged: "access1", asked: 1, keptNext: "access1"},
		"due, away": {token: due, fails: away, logged: "access0", asked: 1, keptNext: "access0"},
		"over, away": {
			token:    over,
			fails:    away,
			asked:    1,
			extent:   fault.Server,
			says:     "busy",
			keptNext: "access0",
		},
		"due, ended": {token: due, fails: gone, logged: "access0", asked: 1, keptNext: "access0"},
		"over, ended": {
			token:    over,
			fails:    gone,
			asked:    1,
			extent:   fault.Setup,
			says:     "revoked; run helpdesk login support",
			keptNext: "access0",
		},
		"known to be ended": {token: with(func(k *bearer.Token) {
			k.Broken, k.Expires = "revoked", noon
		}), extent: fault.Setup, says: "revoked; run helpdesk login", keptNext: "access0"},
		"without a refresh": {token: with(func(k *bearer.Token) {
			k.Refresh, k.Expires = "", noon
		}), extent: fault.Setup, says: "nothing to renew it by", keptNext: "access0"},
		"dry, due": {token: due, dry: true, logged: "access0", keptNext: "access0"},
		"dry, over": {
			token:    over,
			dry:      true,
			extent:   fault.Server,
			says:     "this run changes nothing",
			keptNext: "access0",
		},
		"none": {extent: fault.Setup, says: "nobody has signed in"},
		"of another": {token: with(func(k *bearer.Token) {
			k.App = "x"
		}), extent: fault.Setup, says: "another application", keptNext: "access0"},
		"full before": {token: over, full: 1, says: "no space", keptNext: "access0"},
		"full after":  {token: over, full: 2, asked: 1, says: "no space", keptNext: "access0"},
		"refused early": {
			token:    token,
			refuses:  map[string]string{"access0": "401"},
			logged:   "access1",
			asked:    1,
			keptNext: "access1",
		},
		"refused twice": {
			token:    token,
			refuses:  map[string]string{"access0": "401", "access1": "403"},
			asked:    1,
			extent:   fault.Setup,
			says:     "says 403; it is of another account",
			keptNext: "access1",
		},
		"refused when fresh": {token: with(func(k *bearer.Token) {
			k.Obtained = noon.Add(-time.Minute)
		}), refuses: map[string]string{"access0": "401"}, extent: fault.Setup,
			says: "sign in again with helpdesk login support", keptNext: "access0"},
		"refused, revoked": {
			token:    token,
			refuses:  map[string]string{"access0": "401"},
			fails:    gone,
			asked:    1,
			extent:   fault.Setup,
			says:     "revoked",
			keptNext: "access0",
		},
		"refused, dry": {
			token:    token,
			dry:      true,
			refuses:  map[string]string{"access0": "401"},
			extent:   fault.Server,
			says:     "this run changes nothing",
			keptNext: "access0",
		},
	} {
		b := &box{dry: c.dry, full: c.full}
		if c.token.Access != "" {
			b.raw, _ = json.Marshal(c.token)
		}
		p := &provider{err: c.fails, now: noon}
		k := &tokens{shelf: b, rest: &pauses{found: &discoveries{now: func() time.Time {
			return noon
		}, fresh: map[string][]byte{"pause.oauth support": nil}}, now: func() time.Time { return noon }},
			now: func() time.Time { return noon }, client: func(config.Mailbox) (renewer, error) { return p, nil }}
		logged, err := withToken(t.Context(), k, m, "oauth2", func(m config.Mailbox) (string, error) {
			if why, refused := c.refuses[m.IMAP.Password]; refused {
				return "", fault.Misconfigured(bearer.Refused(fmt.Appendf(nil, `{"status":%q}`, why)))
			}
			var kept bearer.Token
			if json.Unmarshal(b.raw, &kept) != nil || kept.Access != m.IMAP.Password {
				t.Errorf("%s: a server sees %s, and the state has %s", name, m.IMAP.Password, kept.Access)
			}
			return m.IMAP.Password, nil
		})
		if logged != c.logged || (err == nil) != (c.says == "") ||
			err != nil && (!strings.Contains(err.Error(), c.says) || fault.ExtentOf(err) != c.extent) {
			t.Errorf("%s: logged in by %q, %v (%v)", name, logged, err, fault.ExtentOf(err))
		}
		var kept bearer.Token
		_ = json.Unmarshal(b.raw, &kept)
		if len(p.asked) != c.asked || kept.Access != c.keptNext ||
			(kept.Broken != "") != (errors.Is(c.fails, oauth.ErrEnded) || c.token.Broken != "") {
			t.Errorf("%s: asked %v, kept %+v", name, p.asked, kept)
		}
	}
}

// If several connections of a mailbox are opened at once, only one renews the token.
func TestOneRenews(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	m := config.Mailbox{Name: "support"}
	b := &box{}
	b.raw, _ = json.Marshal(bearer.Token{
		Access:   "a",
		Refresh:  "r",
		Obtained: noon.Add(-2 * time.Hour),
		Expires:  noon.Add(-time.Hour),
		App:      appOf(m.OAuth),
	})
	p := &provider{now: noon, gate: new(sync.WaitGroup)}
	p.gate.Add(8)
	now := func() time.Time { return noon }
	k := &tokens{shelf: b, now: now, client: func(config.Mailbox) (renewer, error) { return p, nil },
		rest: &pauses{found: &discoveries{now: now, fresh: map[string][]byte{"pause.oauth support": nil}}, now: now}}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			p.gate.Done()
			if got, err := k.access(context.Background(), m, ""); got != "access1" || err != nil {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
	all.Wait()
	if len(p.asked) != 1 {
		t.Errorf("renewed by %v", p.asked)
	}
}

// The data file has every provider of the settings, with everything that a sign-in needs.
func TestProvidersSignIn(t *testing.T) {
	for _, name := range []string{"microsoft", "google", "yandex", "mailru"} {
		o, err := application(config.Default(), config.OAuth{Provider: name, Tenant: "firm.example"})
		if err != nil || o.AuthURL == "" || o.TokenURL == "" || len(o.Scopes) == 0 ||
			strings.Contains(o.AuthURL+o.TokenURL+o.DeviceURL, "{") {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
		if (o.DeviceURL != "") != (name == "microsoft" || name == "yandex") {
			t.Errorf("%s: codes from %q", name, o.DeviceURL)
		}
	}
	o, err := application(config.Default(), config.OAuth{Provider: "mailru", RedirectURL: "https://firm.example/x"})
	if err != nil || o.Redirect != "https://firm.example/x" {
		t.Errorf("%+v, %v", o, err)
	}
	all, err := Providers()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range all {
		if id := p.OAuth.ID; id != "" && seen[id] {
			t.Errorf("%s stands twice", id)
		}
		seen[p.OAuth.ID] = true
		if p.Password == "oauth2" && p.OAuth.ID == "" {
			t.Errorf("%s takes no password, and nobody can sign in", p.Name)
		}
	}
}
