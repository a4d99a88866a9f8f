package wiring

import (
	"context"
	"log/slog"
	"time"

	"helpdesk/pkg/config"
	"helpdesk/pkg/pass"
	"helpdesk/pkg/spool"
	"helpdesk/pkg/store"
)

// Servers is what a run knows about its servers: facts found out before, and pauses. It stays valid when the run closes
// the state and opens it again.
type Servers struct {
	found *discoveries
	rest  *pauses

	Looked pass.Looked // what Look found in the mailboxes
}

// NewServers starts with the facts in the state; now returns the time by the clock of the state, folders are for long
// messages.
func NewServers(cfg *config.Config, s *store.Store, now func() time.Time, folders spool.Folders) *Servers {
	found := &discoveries{s: s, now: now, fresh: map[string][]byte{}}
	rest := &pauses{
		found:        found,
		now:          now,
		logins:       make(chan struct{}, loginsAtOnce),
		certificates: &certificates{},
		folders:      folders,
	}
	rest.keys = &tokens{shelf: s.Tokens, rest: rest, now: now, client: func(m config.Mailbox) (renewer, error) {
		return SignIn(cfg, m, now)
	}}
	return &Servers{found: found, rest: rest}
}

// Leave reads everything that Look needs from the state. After that the state may be closed.
func (v *Servers) Leave(cfg *config.Config) {
	ages := map[string]time.Duration{}
	for _, m := range cfg.Mailboxes {
		ages[pauseOf(imapOf(m))] = pauseKept
		ages[countOf(m.Name)] = countKept
	}
	v.found.leave(ages)
	v.rest.keys.leave(cfg.Mailboxes)
}

// enter uses the state again after it is opened.
func (v *Servers) enter(s *store.Store) {
	v.found.enter(s)
	v.rest.keys.enter(s.Tokens)
}

// Look logs in to the mailboxes and searches them. If only is not empty, it looks into the mailbox of that name alone.
// The state may be closed.
func (v *Servers) Look(ctx context.Context, cfg *config.Config, only string, readOnly bool, log *slog.Logger) {
	all, _ := boxes(cfg, v.rest)
	var some []pass.Box
	for _, b := range all {
		if only == "" || b.Name == only {
			some = append(some, b)
		}
	}
	v.Looked = pass.Look(ctx, some, readOnly, v.rest.now(), log)
}
