package wiring

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/config"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/mailbox"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/relay"
	"helpdesk/pkg/spool"
)

// pauses keeps passes from trying an unusable server every minute: wrong passwords lock accounts, and a silent server
// costs a minute each time. A change of the settings or a sign-in ends the pause. check ignores pauses.
type pauses struct {
	found        *discoveries
	now          func() time.Time
	certificates *certificates
	logins       chan struct{} // limits concurrent log-ins; nil = no limit
	keys         *tokens
	folders      spool.Folders // for long messages

	mu     sync.Mutex
	failed map[string]error // in this pass, by server and settings
	used   map[string]bool  // servers that let us in during this pass, by name
}

// again returns the error that a server gave earlier in this pass, nil if the server may be tried.
func (p *pauses) again(of string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed[of]
}

// reach records that a server let us in.
func (p *pauses) reach(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.used == nil {
		p.used = map[string]bool{}
	}
	p.used[name] = true
}

// reached reports whether a server let us in during this pass.
func (p *pauses) reached(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.used[name]
}

func (p *pauses) note(of string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed == nil {
		p.failed = map[string]error{}
	}
	p.failed[of] = err
}

// pause is the stored failure of a server.
type pause struct {
	Failures int          `json:"failures"` // in a row, not counting passes close to each other
	At       time.Time    `json:"at"`       // the last failure
	Next     time.Time    `json:"next"`
	Extent   fault.Extent `json:"extent"`
	Note     string       `json:"note"`
	Cause    fault.Cause  `json:"cause,omitempty"`
	Of       string       `json:"of"` // hash of the settings used
}

// Pauses after the first, second, … failure in a row: if a person must repair something, and if the server is away.
// After the first failure of a server that is away the next pass tries again.
var (
	refusedFor = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute}
	awayFor    = []time.Duration{0, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute}
)

// pauseKept is how long a failure is remembered.
const pauseKept = 24 * time.Hour

// loginsAtOnce bounds concurrent log-ins to mailboxes, because providers count the log-ins from one address. Ten
// mailboxes log in in two turns.
const loginsAtOnce = 5

// apart is the minimum time between two scheduled passes; passes that a person starts may be closer.
const apart = 30 * time.Second

// slack is how much earlier than planned a pass may try a server again.
const slack = 20 * time.Second

// open connects to a server unless it is in a pause; name identifies the server, settings is everything that the
// connection depends on.
func open[T any](ctx context.Context, p *pauses, name, settings string,
	dial func(context.Context) (T, error)) (conn T, err error) {
	mark, sum := pauseOf(name), sha256.Sum256([]byte(name+"\x00"+settings))
	of := hex.EncodeToString(sum[:8])
	if err := p.again(of); err != nil {
		return conn, err
	}
	var was pause
	raw := p.found.load(mark, pauseKept)
	if raw != nil && json.Unmarshal(raw, &was) == nil && was.Of == of {
		if left := was.Next.Sub(p.now()); left > slack && left <= refusedFor[len(refusedFor)-1] {
			return conn, was.err(name)
		}
	} else {
		was = pause{}
	}
	conn, err = dial(ctx)
	extent := fault.ExtentOf(err)
	if err == nil {
		p.reach(name)
	}
	switch {
	case err == nil && raw != nil:
		p.found.save(mark, nil)
	case err == nil, extent == fault.One, ctx.Err() != nil, errors.Is(err, pass.ErrNeedsState),
		errors.As(err, new(noToken)):
	default:
		steps := awayFor
		if extent == fault.Setup {
			steps = refusedFor
		}
		p.note(of, err)
		if was.Failures > 0 && p.now().Sub(was.At) < apart {
			was.Failures--
		}
		now := pause{Failures: was.Failures + 1, At: p.now(), Extent: extent, Note: bitrix.Mask(err.Error()), Of: of,
			Cause: fault.CauseOf(err)}
		now.Next = p.now().Add(max(steps[min(was.Failures, len(steps)-1)], fault.After(err)))
		if raw, jerr := json.Marshal(now); jerr == nil {
			p.found.save(mark, raw)
		}
	}
	return conn, err
}

func pauseOf(name string) string { return "pause." + name }

// renewalOf begins the name of the pause for renewing a mailbox's token.
const renewalOf = "oauth "

func imapOf(m config.Mailbox) string { return "imap " + m.Name }

// mailbox logs in to a mailbox, unless it is in a pause.
func (p *pauses) mailbox(ctx context.Context, m config.Mailbox, readOnly bool) (*mailbox.Mailbox, error) {
	return open(ctx, p, imapOf(m), fmt.Sprintf("%+v", m.IMAP), func(ctx context.Context) (*mailbox.Mailbox, error) {
		return p.keys.mailbox(ctx, m, readOnly, false)
	})
}

// copies logs in to a mailbox on a single connection, to save copies.
func (p *pauses) copies(ctx context.Context, m config.Mailbox) (*mailbox.Mailbox, error) {
	return open(ctx, p, imapOf(m), fmt.Sprintf("%+v", m.IMAP), func(ctx context.Context) (*mailbox.Mailbox, error) {
		return p.keys.mailbox(ctx, m, false, true)
	})
}

// relay logs in to a relay, unless it is in a pause.
func (p *pauses) relay(ctx context.Context, m config.Mailbox) (*relay.Relay, error) {
	return open(ctx, p, "smtp "+m.Name, fmt.Sprintf("%+v", m.SMTP), func(ctx context.Context) (*relay.Relay, error) {
		return p.keys.relay(ctx, m)
	})
}

// err returns the error for the pause of a server.
func (p pause) err(name string) error {
	sooner := "helpdesk check tries at once"
	if mailbox, ok := strings.CutPrefix(name, renewalOf); ok { // check changes nothing, so it renews no token
		sooner = "helpdesk login " + mailbox + " signs in at once"
	}
	err := fmt.Errorf("%s (not tried again before %s; %s)", p.Note, p.Next.Local().Format("15:04"), sooner)
	return &fault.Error{Outcome: fault.Refused, Extent: p.Extent, Cause: p.Cause, Err: err}
}
