package wiring

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
)

// folder is a mailbox that stores copies of letters.
type folder interface {
	Holds(ctx context.Context, folder, id string) (bool, error)
	Save(ctx context.Context, folder string, raw []byte, at time.Time) error
	Close() error
}

// letters are the letters whose copies are not made yet. The state adds them in the transaction that records the
// sending.
type letters interface {
	Left(mailbox string) ([]desk.Copy, error)
	Raw(seq uint64) ([]byte, error)
	Note(changed []desk.Copy, gone []uint64) error
}

// copier saves copies of a mailbox's letters in one of its folders, on one connection at the end of a pass. The next
// pass makes the copies that failed. Failed copies do not change the exit status, because the letters were sent, but
// people are alerted.
type copier struct {
	mailbox string
	folder  string
	open    func(ctx context.Context) (folder, error)
	kept    letters
	now     func() time.Time
	log     *slog.Logger

	saved bool  // this run had copies to make
	err   error // why copies could not be made
}

// withCopies makes a copier for each mailbox whose settings ask for copies.
func withCopies(cfg *config.Config, senders []outbox.Sender, p *pauses, kept letters,
	log *slog.Logger) (all []*copier) {
	for i, m := range cfg.Mailboxes {
		if m.SMTP.SaveSent == "" {
			continue
		}
		k := &copier{mailbox: m.Name, folder: m.SMTP.SaveSent, kept: kept, now: p.now, log: log}
		k.open = func(ctx context.Context) (folder, error) { return p.copies(ctx, m) }
		senders[i].Copies = true
		all = append(all, k)
	}
	return all
}

// Limits of the copies left to the next pass: number, total bytes, tries of a refused copy, and age.
const (
	copiesMost  = 50
	copiesBytes = 4 << 20
	copyTries   = 10
	copiesFor   = 7 * 24 * time.Hour
)

// settle makes the copies that are due. Its error is an error of the state.
func (k *copier) settle(ctx context.Context) error {
	all, err := k.kept.Left(k.mailbox)
	if err != nil || len(all) == 0 {
		return err
	}
	left, serr, err := k.make(ctx, all)
	k.note(serr)
	if err != nil {
		return err
	}
	if gone := k.surplus(left); len(gone) > 0 {
		k.log.Warn("save copy of letter", "mailbox", k.mailbox, "err",
			fmt.Sprintf("%d letters went out of which no copy will be made", len(gone)))
		return k.kept.Note(nil, gone)
	}
	return nil
}

// make makes copies on one connection. It returns the copies left, the last error of the mailbox, and an error of the
// state. It first records that each copy was tried, so that the next pass looks whether the copy exists.
func (k *copier) make(ctx context.Context, all []desk.Copy) (left []desk.Copy, wrong, err error) {
	to, err := k.open(ctx)
	if err != nil {
		return all, err, nil
	}
	defer to.Close()
	var tried []desk.Copy
	for _, c := range all {
		c.Tried = true
		tried = append(tried, c)
	}
	if err := k.kept.Note(tried, nil); err != nil {
		return all, nil, err
	}
	var made []uint64
	for i, c := range all {
		serr := k.copy(ctx, to, c)
		switch {
		case serr == nil:
			made = append(made, c.Seq)
			continue
		case fault.ExtentOf(serr) != fault.One:
			left, wrong = append(left, tried[i:]...), serr
			return left, wrong, k.kept.Note(left, made)
		}
		wrong = serr
		if c.Tries, c.Tried = c.Tries+1, false; c.Tries < copyTries {
			left = append(left, c)
		} else {
			made = append(made, c.Seq) // given up
		}
	}
	return left, wrong, k.kept.Note(left, made)
}

// copy makes one copy, unless an earlier attempt has made it.
func (k *copier) copy(ctx context.Context, to folder, c desk.Copy) error {
	if c.Tried {
		if there, err := to.Holds(ctx, k.folder, c.ID); err != nil || there {
			return err
		}
	}
	raw, err := k.kept.Raw(c.Seq)
	if err != nil {
		return err
	}
	return to.Save(ctx, k.folder, raw, c.At)
}

// surplus returns the copies to give up: those too old, and all but the newest within the limits.
func (k *copier) surplus(left []desk.Copy) (gone []uint64) {
	bytes, n := 0, 0
	for i := len(left) - 1; i >= 0; i-- {
		c := left[i]
		if bytes, n = bytes+c.Size, n+1; n > copiesMost || bytes > copiesBytes || k.now().Sub(c.At) > copiesFor {
			gone = append(gone, c.Seq)
		}
	}
	return gone
}

// note records how making the copies ended.
func (k *copier) note(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	if k.saved, k.err = true, err; err != nil {
		k.log.Info("save copy of letter", "mailbox", k.mailbox, "err", err)
	}
}
