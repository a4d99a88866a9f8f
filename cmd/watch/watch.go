// Package watch alerts people to troubles that passes have found, in the portal's chat and by e-mail. It does not
// decide what is a trouble or who has been alerted: the book in package alarm does.
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

// ErrNoWay reports that every way to send a message goes through something that is broken.
var ErrNoWay = errors.New("no way to tell works")

var errUnkept = errors.New("not told before the next hour")

// Watch is whom to alert, and how.
type Watch struct {
	Book      *alarm.Book
	Save      func() error // stores the book
	Texts     *render.Alarms
	Users     []int64  // ids of portal users
	Addresses []string // e-mail addresses

	Chat func(ctx context.Context, user int64, text string) error
	Mail func(ctx context.Context, to, headline, text string) error // ErrNoWay if no relay works

	Several bool           // there is more than one mailbox
	Machine string         // the name of this machine
	Zone    *time.Location // of times in the texts
	Log     *slog.Logger
}

// way is one person to alert.
type way struct {
	who  string
	tell func(ctx context.Context, headline, text string) error
	shut bool // the chat needs the portal, which is in trouble
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

// tellWithin bounds the alerts of one pass.
const tellWithin = time.Minute

// Tell alerts everybody to the troubles that are new to them, and closes troubles that are over and reported.
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
		switch err := w.tell(ctx, x, owed, now); {
		case errors.Is(err, errUnkept):
			w.Log.Info("tell "+x.who, "err", err)
		case err != nil && !errors.Is(err, ErrNoWay):
			w.Log.Warn("tell "+x.who, "err", err)
		}
	}
	w.Book.Close(who, now)
}

// Hourly reports whether a time lies in the first minute of an hour. Alerts that can't be recorded are sent only then.
func Hourly(now time.Time) bool { return now.Minute() == 0 }

// tell alerts one person. It records that first, so that an interrupted alert is not sent twice. If it can't be
// recorded, the person is alerted only in the first minute of an hour.
func (w *Watch) tell(ctx context.Context, x way, owed []alarm.Entry, now time.Time) error {
	w.Book.Tell(x.who, owed)
	if err := w.Save(); err != nil && !Hourly(now) {
		return fmt.Errorf("%w: %w", errUnkept, err)
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

// groups splits entries into messages. All held outbox entries share one message, and so do all quarantined letters. It
// sorts its argument.
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

// listed is how many entries a message lists.
const listed = 10

// words returns the message for a group.
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

// keys are the sections of the settings for each kind of trouble.
var keys = map[alarm.Kind]string{alarm.Mailbox: "imap", alarm.Relay: "smtp", alarm.Portal: "bitrix24",
	alarm.Copies: "imap",
	alarm.Names:  "contacts.onec"}

// sentence removes the final stops of an error that is quoted in a sentence.
func sentence(note string) string { return strings.TrimRight(note, ". ") }
