// Package watch tells people what passes found wrong, in the portal's chat and by e-mail, and in words for them. It
// does not judge what is wrong: the book of package alarm holds that, and who has heard of it.
package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"helpdesk/pkg/alarm"
	"helpdesk/pkg/render"
	"helpdesk/pkg/version"
)

// ErrNoWay says that a message can't be sent for now without going through what is broken.
var ErrNoWay = errors.New("no way to tell works")

// Watch is whom to tell, and how.
type Watch struct {
	Book      *alarm.Book
	Save      func() error // keeps the book
	Texts     *render.Alarms
	Users     []int64  // of the portal
	Addresses []string // of e-mail

	Chat func(ctx context.Context, user int64, text string) error
	Mail func(ctx context.Context, to, headline, text string) error // ErrNoWay where no relay works

	Several bool           // there is more than one mailbox
	Machine string         // that this runs on
	Zone    *time.Location // of the times in the texts
	Log     *slog.Logger
}

// way is one person to be told.
type way struct {
	who  string
	tell func(ctx context.Context, headline, text string) error
	shut bool // it leads through what is broken
}

func (w *Watch) ways() (all []way) {
	shut := w.Book.Has(alarm.Portal, "")
	for _, user := range w.Users {
		all = append(all, way{fmt.Sprintf("chat %d", user), func(ctx context.Context, _, text string) error {
			return w.Chat(ctx, user, text)
		}, shut})
	}
	for _, to := range w.Addresses {
		all = append(all, way{"mail " + to, func(ctx context.Context, headline, text string) error {
			return w.Mail(ctx, to, headline, text)
		}, false})
	}
	return all
}

// tellWithin bounds the telling of a pass.
const tellWithin = time.Minute

// Tell tells everybody what they have not heard yet, and closes what is done with.
func (w *Watch) Tell(ctx context.Context, now time.Time) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellWithin)
	defer cancel()
	var who []string
	for _, x := range w.ways() {
		who = append(who, x.who)
		owed := w.Book.Owed(x.who, now)
		if x.shut || len(owed) == 0 {
			continue
		}
		if err := w.tell(ctx, x, owed, now); err != nil && !errors.Is(err, ErrNoWay) {
			w.Log.Warn("tell "+x.who, "err", err)
		}
	}
	w.Book.Close(who, now)
}

// tell tells one person. That they are told is kept before, so that an alarm that is cut short is not sent twice; where
// it can't be kept, they are told in the first minute of an hour alone.
func (w *Watch) tell(ctx context.Context, x way, owed []alarm.Entry, now time.Time) error {
	w.Book.Tell(x.who, owed)
	if err := w.Save(); err != nil && now.Minute() != 0 {
		return fmt.Errorf("not told before the next hour: %w", err)
	}
	for _, group := range groups(owed) {
		headline, text, err := w.words(group, now)
		if err == nil && text != "" {
			err = x.tell(ctx, headline, text)
		}
		if errors.Is(err, ErrNoWay) {
			w.Book.Untell(x.who, owed, time.Time{})
		} else if err != nil {
			w.Book.Untell(x.who, owed, now)
		}
		if err != nil {
			return err
		}
		owed = owed[len(group):]
	}
	return nil
}

// groups parts entries into messages: those of one kind that are many are told together. It sorts what it is given.
func groups(owed []alarm.Entry) (all [][]alarm.Entry) {
	together := func(e alarm.Entry) bool { return e.Kind == alarm.Held || e.Kind == alarm.Quarantine }
	slices.SortStableFunc(owed, func(a, b alarm.Entry) int {
		if c := strings.Compare(string(a.Kind), string(b.Kind)); c != 0 {
			return c
		}
		return order(a.Open(), b.Open())
	})
	for from := 0; from < len(owed); {
		to := from + 1
		for to < len(owed) && together(owed[from]) && owed[to].Kind == owed[from].Kind &&
			owed[to].Open() == owed[from].Open() {
			to++
		}
		all, from = append(all, owed[from:to:to]), to
	}
	return all
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// listed is how many things a message lists.
const listed = 10

// words returns the message of a group.
func (w *Watch) words(group []alarm.Entry, now time.Time) (headline, text string, err error) {
	first := group[0]
	now = now.In(w.Zone)
	v := render.Alarm{Kind: string(first.Kind), Name: first.Name, About: first.About, Several: w.Several,
		Keys:  keys[first.Kind],
		Cause: first.Cause, Note: sentence(first.Note), Since: w.Texts.Clock(first.Since.In(w.Zone), now),
		Count:   len(group),
		Version: version.Get().Version, Machine: w.Machine}
	for i, e := range group {
		if i < listed {
			v.Items = append(v.Items, render.AlarmItem{
				Name:  e.Name,
				About: e.About,
				Note:  sentence(e.Note),
				Task:  e.Task,
			})
		}
	}
	v.More = len(group) - len(v.Items)
	if !first.Until.IsZero() {
		v.Until = w.Texts.Day(first.Until.In(w.Zone))
	}
	if first.Open() {
		return w.Texts.Begin(v)
	}
	v.Ended = w.Texts.Clock(first.Ended.In(w.Zone), now)
	text, err = w.Texts.Over(v)
	headline, _, _ = strings.Cut(text, "\n")
	return headline, text, err
}

// keys are the sections of the settings that troubles are about.
var keys = map[alarm.Kind]string{alarm.Mailbox: "imap", alarm.Relay: "smtp", alarm.Portal: "bitrix24",
	alarm.Copies: "imap",
	alarm.Names:  "contacts.onec"}

// sentence takes away the full stop of an error that stands within a sentence.
func sentence(note string) string { return strings.TrimRight(note, ". ") }
