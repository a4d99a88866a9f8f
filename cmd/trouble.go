package cmd

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/status"
	"helpdesk/cmd/watch"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/alarm"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/config"
	"helpdesk/pkg/fault"
	"helpdesk/pkg/outbox"
	"helpdesk/pkg/store"
)

// ended is a pass that has ended, with what its alarms need.
type ended struct {
	*wiring.Parts
	cfg   *config.Config
	kind  string
	state string
	now   time.Time
	said  *warnings
}

// sees records in the book what a pass saw, alerts people, stores the book with save, and prints news. A book that
// can't be stored is a trouble itself. Nobody knows then who was alerted, so each pass alerts and prints only in the
// first minute of an hour.
func (a round) sees(ctx context.Context, e ended, book *alarm.Book, s alarm.Sight, save func() error) {
	book.See(e.now, s, e.cfg.Monitor.FailedPasses)
	said := a.lines(book, e.now)
	a.tell(ctx, e, book, save)
	err := save()
	if err != nil && a.looked() {
		e.Log.Warn("status", "err", err)
	}
	if err != nil && watch.Hourly(e.now) && s.Pass == "poll" { // once an hour
		book.See(e.now, only(s.Pass, unkept(err)), 1)
		said = append(said, a.lines(book, e.now)...)
		a.tell(ctx, e, book, save)
	}
	if err == nil || watch.Hourly(e.now) {
		a.say(said)
	}
}

// unkept returns the trouble of a book that can't be stored.
func unkept(err error) alarm.Trouble {
	return alarm.Trouble{Kind: alarm.State, Note: bitrix.Mask(err.Error()), Person: true}
}

// only returns what a pass saw that could see nothing but one trouble: all others go on.
func only(pass string, t alarm.Trouble) alarm.Sight {
	return alarm.Sight{Pass: pass, Troubles: []alarm.Trouble{t}, Over: func(alarm.Trouble) bool { return false }}
}

func (a round) tell(ctx context.Context, e ended, book *alarm.Book, save func() error) {
	if book.Empty() {
		return
	}
	w, err := e.Watch(e.cfg, book, save)
	if err != nil {
		e.Log.Warn("alarm", "err", err)
		return
	}
	w.Tell(ctx, e.now)
}

// looked reports whether the user wants every failure printed; cron does not.
func (a round) looked() bool { return a.Chatty() || a.formed }

// lines returns what is to be printed of a book. If looked, that is nothing: the failures themselves were printed.
func (a round) lines(book *alarm.Book, now time.Time) []alarm.Entry {
	if a.looked() {
		return nil
	}
	return book.Lines(now)
}

// say prints troubles that began, go on for another hour, or ended.
func (a round) say(said []alarm.Entry) {
	for _, e := range said {
		a.Say(slog.LevelWarn, watch.Line(e))
	}
}

// warnings suppresses warnings that earlier passes have printed. The first warning loads the book.
type warnings struct {
	load func() alarm.Book
	now  func() time.Time

	mu   sync.Mutex
	book *alarm.Book // nil = not loaded yet
}

func (w *warnings) repeated(line string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.book == nil {
		was := w.load()
		w.book = &alarm.Book{Warned: was.Warned}
	}
	return !w.book.Warn(line, w.now())
}

// into copies the printed warnings into a book.
func (w *warnings) into(book *alarm.Book) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.book != nil {
		book.Warned = w.book.Warned
	}
}

// once limits each warning of the log to one an hour, unless looked.
func (a round) once(state string, s *store.Store) *warnings {
	w := &warnings{now: a.now, load: func() alarm.Book {
		snap, _ := status.Last(state, s) // without a snapshot the warnings are printed again
		return snap.Troubles
	}}
	if !a.looked() {
		a.Repeated = w.repeated
	}
	return w
}

// unexpected returns a trouble for the error that ended a pass, nothing if the pass was interrupted.
func unexpected(kind string, err error) []alarm.Trouble {
	t := alarm.Trouble{Kind: alarm.State, Person: exit.Of(err) != exit.Temporary}
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return nil
	case outbox.Panicked(err), errors.Is(err, context.DeadlineExceeded):
		t.Kind, t.Name = alarm.Failure, kind
	case exit.Of(err) == exit.Wrong:
		t.Kind = alarm.Settings
	}
	if errors.Is(err, store.ErrBroken) {
		t.Cause = string(fault.Damaged)
	}
	t.Note = bitrix.Mask(err.Error())
	return []alarm.Trouble{t}
}

// quiet returns only the exit status of an error that the book has printed, unless looked.
func (a round) quiet(err error) error {
	if err == nil || a.looked() || errors.Is(err, context.Canceled) {
		return err
	}
	return exit.Status{Code: exit.Of(err)}
}

// shut alerts people that a pass could not open its state. The book for that is in a snapshot next to the state.
func (a round) shut(ctx context.Context, cfg *config.Config, j job, state string, cause error) error {
	kind := j.kind
	if j.dry || errors.Is(cause, store.ErrLocked) || exit.Text(cause) == "" || errors.Is(cause, context.Canceled) {
		return cause
	}
	path := a.beside(state)
	snap, err := status.Read(path)
	if err != nil { // a damaged snapshot is replaced
		snap = status.Snapshot{Passes: map[string]status.Pass{}}
	}
	empty, err := store.Open("", store.Options{Overlay: true})
	if err != nil {
		return errors.Join(cause, err)
	}
	defer empty.Close()
	p, err := a.wire(cfg, empty, nil)
	if err != nil {
		return errors.Join(cause, err)
	}
	found := unexpected(kind, cause)[0]
	found.Kind = alarm.State
	save := func() error { return status.Write(path, snap) }
	a.sees(ctx, ended{p, cfg, kind, path, a.now(), &warnings{}}, &snap.Troubles, only(kind, found), save)
	return a.quiet(cause)
}

// reopened ends the alarm of shut for a state in a database. A state file keeps only one book, so it needs no such end.
func (a round) reopened(ctx context.Context, e ended) {
	if !store.Remote(e.state) {
		return
	}
	path := a.beside(e.state)
	snap, err := status.Read(path)
	if err != nil || snap.Troubles.Empty() {
		return
	}
	save := func() error { return status.Write(path, snap) }
	a.sees(ctx, e, &snap.Troubles, alarm.Sight{Pass: e.kind, Over: func(alarm.Trouble) bool { return true }}, save)
}

// misread prints the mistakes in the settings once an hour. It alerts nobody, because the addresses are in the
// settings.
func (a round) misread(kind string, cause error) error {
	state := a.stateFile
	if state == "" {
		f, err := a.opened()
		if err != nil {
			return cause
		}
		if state, err = f.StatePath(a.lookup); err != nil {
			return cause
		}
	}
	path := a.beside(state)
	snap, err := status.Read(path)
	if err != nil || len(snap.Passes) == 0 { // before the first pass nothing is written
		return cause
	}
	t := alarm.Trouble{Kind: alarm.Settings, Note: exit.Text(cause), Person: true}
	snap.Troubles.See(a.now(), only(kind, t), 1)
	now := a.now()
	said := snap.Troubles.Lines(now)
	kept := status.Write(path, snap) == nil
	if a.looked() || kept && len(said) > 0 || !kept && watch.Hourly(now) {
		return cause
	}
	return a.quiet(cause)
}

// overdue returns a trouble if passes of the other kind have not run for too long. If this kind did not run either, the
// machine was off: before is the end of its last pass.
func overdue(snap status.Snapshot, kind string, before time.Time, after time.Duration, now time.Time) []alarm.Trouble {
	other := map[string]string{"poll": "notify", "notify": "poll"}[kind]
	last := snap.Passes[other].Ended
	if last.Before(snap.Began) {
		last = snap.Began
	}
	if late := last.Add(after); !before.After(late) || !now.After(late) {
		return nil
	}
	return []alarm.Trouble{{Kind: alarm.Overdue, Name: other, Person: true, From: last,
		Note: "has not run since " + last.Local().Format("2006-01-02 15:04")}}
}

// withoutServers removes the entries of the outbox whose server is in trouble itself.
func withoutServers(kept []alarm.Trouble, s alarm.Sight, book *alarm.Book) []alarm.Trouble {
	return slices.DeleteFunc(kept, func(t alarm.Trouble) bool {
		kind, name, _ := strings.Cut(t.About, " ")
		return t.Kind == alarm.Waiting && (s.Names(alarm.Kind(kind), name) || book.Has(alarm.Kind(kind), name))
	})
}
