package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/config"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
)

// folder takes copies of letters.
type folder interface {
	Save(ctx context.Context, folder string, raw []byte, at time.Time) error
	Close() error
}

// copier keeps copies of a mailbox's letters, on one connection when a pass has sent them; what is not taken is kept in
// the state for the next pass. A letter has gone out whether its copy is kept or not, so cron is not made to mail of
// each: that copies can't be kept is said once a pass, and what a person must mend, such as a folder that is not there,
// once a day. check tells it at any time.
type copier struct {
	mailbox string
	open    func(ctx context.Context) (folder, error)
	folder  string
	found   *discoveries
	log     *slog.Logger

	mu    sync.Mutex
	queue []sent
	bytes int
}

// withCopies gives the senders whose settings ask for copies a copier each.
func withCopies(cfg *config.Config, senders []outbox.Sender, p *pauses, log *slog.Logger) (all []*copier) {
	for i, m := range cfg.Mailboxes {
		if m.SMTP.SaveSent == "" {
			continue
		}
		k := &copier{mailbox: m.Name, folder: m.SMTP.SaveSent, found: p.found, log: log}
		k.open = func(ctx context.Context) (folder, error) { return p.copies(ctx, m) }
		senders[i].Save = k.keep
		all = append(all, k)
	}
	return all
}

// sent is a letter whose copy is to be kept.
type sent struct {
	Raw   []byte    `json:"raw"`
	At    time.Time `json:"at"`
	Tries int       `json:"tries,omitempty"` // refusals of this one
}

// What is kept of copies at most, in memory and for the next pass, and how often one is tried that is refused.
const (
	copiesMost  = 50
	copiesBytes = 4 << 20
	copyTries   = 10
	leftFor     = 7 * 24 * time.Hour
)

// keep takes over a letter. It never fails: the letter has gone out.
func (k *copier) keep(ctx context.Context, raw []byte, at time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.queue, k.bytes = append(k.queue, sent{Raw: raw, At: at}), k.bytes+len(raw)
	if len(k.queue) >= copiesMost || k.bytes >= copiesBytes {
		k.flush(ctx)
	}
	return nil
}

// settle keeps what is left at the end of a pass.
func (k *copier) settle(ctx context.Context) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flush(ctx)
}

func (k *copier) flush(ctx context.Context) {
	was := k.found.load(k.left(), leftFor)
	var all []sent
	if was != nil {
		_ = json.Unmarshal(was, &all) // one that is damaged is of no use to anybody
	}
	all = append(all, k.queue...)
	if k.queue, k.bytes = nil, 0; len(all) == 0 {
		return
	}
	left, err := k.save(ctx, all)
	k.tell(err)
	if fault.ExtentOf(err) == fault.Setup {
		left = nil // they would wait for a person, and grow
	}
	if left = latest(left); len(left) > 0 || was != nil {
		raw, jerr := json.Marshal(left)
		if jerr == nil && len(left) > 0 {
			k.found.save(k.left(), raw)
		} else {
			k.found.save(k.left(), nil)
		}
	}
}

// save saves the letters on one connection and returns those that are left, and the gravest of what went wrong.
func (k *copier) save(ctx context.Context, all []sent) (left []sent, err error) {
	to, err := k.open(ctx)
	if err != nil {
		return all, err
	}
	defer to.Close()
	for i, s := range all {
		serr := to.Save(ctx, k.folder, s.Raw, s.At)
		switch {
		case serr == nil:
		case fault.ExtentOf(serr) != fault.One:
			return append(left, all[i:]...), serr
		default:
			err = serr
			if s.Tries++; s.Tries < copyTries {
				left = append(left, s)
			}
		}
	}
	return left, err
}

// latest returns as many of the letters as are kept, the last ones.
func latest(all []sent) []sent {
	bytes, from := 0, len(all)
	for from > 0 && len(all)-from < copiesMost && bytes+len(all[from-1].Raw) <= copiesBytes {
		from--
		bytes += len(all[from].Raw)
	}
	return all[from:]
}

func (k *copier) left() string { return "copies.left." + k.mailbox }

// tell says that copies can't be kept.
func (k *copier) tell(err error) {
	mark := "copies." + k.mailbox
	switch {
	case err == nil:
		if k.found.load(mark, 24*time.Hour) != nil {
			k.found.save(mark, nil)
		}
		return
	case errors.Is(err, context.Canceled):
		return
	case fault.ExtentOf(err) == fault.Setup:
		cause := bitrix.Mask(err.Error())
		if string(k.found.load(mark, 24*time.Hour)) == cause {
			k.log.Info("save copy of letter", "mailbox", k.mailbox, "err", err)
			return
		}
		k.found.save(mark, []byte(cause))
	}
	k.log.Warn("save copy of letter", "mailbox", k.mailbox, "err", err)
}
