package wiring

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
)

// copier keeps copies of a mailbox's letters. A letter has gone out whether its copy is kept or not, so cron is not made to
// mail of each: that copies can't be kept is said once a pass, and what a person must mend, such as a folder that is not
// there, once a day. check tells it at any time.
type copier struct {
	save  func(ctx context.Context, raw []byte, at time.Time) error
	mark  string // what is found out of it is kept under
	found *discoveries
	log   *slog.Logger

	mu   sync.Mutex
	told bool
	off  bool // there is no use in trying again in this pass
}

// withCopies puts copiers before what keeps copies of letters.
func withCopies(senders []outbox.Sender, found *discoveries, log *slog.Logger) []outbox.Sender {
	for i, s := range senders {
		if s.Save != nil {
			senders[i].Save = (&copier{save: s.Save, mark: "copies." + s.Name, found: found, log: log}).keep
		}
	}
	return senders
}

// keep keeps one copy. It returns an error that somebody should read.
func (k *copier) keep(ctx context.Context, raw []byte, at time.Time) error {
	if k.given() {
		return nil
	}
	err := k.save(ctx, raw, at)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil {
		if k.found.load(k.mark, 24*time.Hour) != nil {
			k.found.save(k.mark, nil)
		}
		return nil
	}
	extent, told := fault.ExtentOf(err), k.told
	k.told, k.off = true, k.off || extent != fault.One
	if extent == fault.Setup {
		cause := bitrix.Mask(err.Error())
		told = told || string(k.found.load(k.mark, 24*time.Hour)) == cause
		if !told {
			k.found.save(k.mark, []byte(cause))
		}
	}
	if told {
		k.log.Info("save copy of letter", "err", err)
		return nil
	}
	return err
}

// given says whether it has given up for this pass.
func (k *copier) given() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.off
}
