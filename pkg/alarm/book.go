package alarm

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Book lists all open troubles, and the ended ones until their end has been reported.
type Book struct {
	Entries []Entry              `json:"entries,omitempty"`
	Failed  map[string]time.Time `json:"failed,omitempty"` // by recipient, when an alarm to them last failed
	Warned  map[string]time.Time `json:"warned,omitempty"` // by line, when a warning was last printed
}

// Empty reports whether the book has no entries.
func (b *Book) Empty() bool { return len(b.Entries) == 0 }

// Warn reports whether a warning of the log should be printed, which is once an hour, and counts it as printed.
func (b *Book) Warn(line string, now time.Time) bool {
	maps.DeleteFunc(b.Warned, func(_ string, at time.Time) bool { return now.Sub(at) >= again || at.After(now) })
	if _, said := b.Warned[line]; said {
		return false
	}
	if b.Warned == nil {
		b.Warned = map[string]time.Time{}
	}
	b.Warned[line] = now
	return true
}

// Has reports whether a trouble of the kind is open; an empty name matches any.
func (b *Book) Has(kind Kind, name string) bool {
	return slices.ContainsFunc(b.Entries, func(e Entry) bool {
		return e.Kind == kind && e.Open() && (name == "" || e.Name == name)
	})
}

// See records what a pass saw. A trouble that may pass by itself becomes due when a kind of pass has seen it most times
// in a row.
func (b *Book) See(now time.Time, s Sight, most int) {
	seen := map[key]bool{}
	for _, t := range s.Troubles {
		if seen[t.key()] {
			continue
		}
		seen[t.key()] = true
		e := b.entry(t, now)
		if e.Passes == nil {
			e.Passes = map[string]int{}
		}
		e.Last, e.Passes[s.Pass] = now, e.Passes[s.Pass]+1
		lasts := slices.Max(slices.Collect(maps.Values(e.Passes))) >= most
		e.Due = e.Due || t.Kind != Waiting && (t.Person || lasts)
	}
	for i, e := range b.Entries {
		if !seen[e.key()] && e.Open() && s.Over(e.Trouble) {
			b.Entries[i].Ended = now
		}
	}
}

// entry returns the open entry of the trouble, and adds or reopens it if necessary.
func (b *Book) entry(t Trouble, now time.Time) *Entry {
	i := slices.IndexFunc(b.Entries, func(e Entry) bool { return e.key() == t.key() })
	if i < 0 {
		b.Entries = append(b.Entries, Entry{Trouble: t, Since: since(t, now)})
		return &b.Entries[len(b.Entries)-1]
	}
	e := &b.Entries[i]
	switch {
	case !e.Open(): // reopened: those who heard that it was over are told again
		told := slices.DeleteFunc(e.Told, func(who string) bool { return slices.Contains(e.ToldEnd, who) })
		*e = Entry{Since: since(t, now), Told: told}
	case t.Person && !e.Person: // a person must act now, so tell everybody again
		e.Told, e.Said = nil, time.Time{}
	case (t.Kind == Settings || t.Kind == State) && t.another(e.Trouble): // print it
		e.Said = time.Time{}
	}
	if e.Due && t.Kind == Waiting { // people have been told of it as held
		t.Kind = e.Kind
	}
	e.Trouble = t
	return e
}

// another reports whether a trouble is not the one before, by its cause or, if it has none, by its error.
func (t Trouble) another(before Trouble) bool {
	return t.Cause != before.Cause || t.Cause == "" && t.Note != before.Note
}

func since(t Trouble, now time.Time) time.Time {
	if t.From.IsZero() {
		return now
	}
	return t.From
}

// retryAfter is the pause after an alarm to somebody has failed.
const retryAfter = 15 * time.Minute

// Owed returns the entries that the recipient has not been told of.
func (b *Book) Owed(who string, now time.Time) []Entry {
	if at, failed := b.Failed[who]; failed && now.Sub(at) < retryAfter && !at.After(now) {
		return nil
	}
	var all []Entry
	for _, e := range b.Entries {
		if e.Due && !slices.Contains(*e.told(), who) {
			all = append(all, e)
		}
	}
	return all
}

func (e *Entry) told() *[]string {
	if e.Open() {
		return &e.Told
	}
	return &e.ToldEnd
}

// Tell records that the recipient is told of the entries. It is called before sending, so that an interrupted alarm is
// not sent twice.
func (b *Book) Tell(who string, of []Entry) {
	for i := range b.Entries {
		e := &b.Entries[i]
		if slices.ContainsFunc(of, func(o Entry) bool { return o.key() == e.key() }) {
			told := e.told()
			*told = append(*told, who)
		}
	}
	delete(b.Failed, who)
}

// Untell undoes Tell after sending has failed.
func (b *Book) Untell(who string, of []Entry, now time.Time) {
	for i := range b.Entries {
		e := &b.Entries[i]
		if slices.ContainsFunc(of, func(o Entry) bool { return o.key() == e.key() }) {
			told := e.told()
			*told = slices.DeleteFunc(*told, func(x string) bool { return x == who })
		}
	}
	if b.Failed == nil {
		b.Failed = map[string]time.Time{}
	}
	b.Failed[who] = now
}

// owesFor is how long the end of a trouble is kept for recipients that can't be reached.
const owesFor = 24 * time.Hour

// Close removes ended troubles and notices when nothing is left to tell: everybody in who has been told, nobody had to
// be told, or owesFor has passed.
func (b *Book) Close(who []string, now time.Time) {
	b.Entries = slices.DeleteFunc(b.Entries, func(e Entry) bool {
		if e.Kind != Notice && (e.Open() || !e.SaidEnd && !e.Said.IsZero()) {
			return false
		}
		waits := slices.ContainsFunc(who, func(w string) bool { return !slices.Contains(*e.told(), w) })
		return !e.Due || !waits || now.Sub(cmp.Or(e.Ended, e.Last)) > owesFor
	})
	maps.DeleteFunc(b.Failed, func(w string, at time.Time) bool {
		return !slices.Contains(who, w) || now.Sub(at) > owesFor
	})
}

// again is the interval at which an open trouble is printed.
const again = time.Hour

// Lines returns the entries to print, and counts them as printed: new ones, those open for another hour, and ended
// ones.
func (b *Book) Lines(now time.Time) []Entry {
	var all []Entry
	for i := range b.Entries {
		e := &b.Entries[i]
		switch {
		case !e.Open() && !e.SaidEnd && !e.Said.IsZero():
			e.SaidEnd = true
		case e.Kind == Notice && !e.Said.IsZero():
			continue
		case e.Open() && (e.Said.IsZero() || now.Sub(e.Said) >= again || e.Said.After(now)):
			defer func() { e.Said = now }()
		default:
			continue
		}
		all = append(all, *e)
	}
	return all
}
