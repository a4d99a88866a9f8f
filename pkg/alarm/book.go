package alarm

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Book is the list of all troubles, with what remains to be said of those that are over.
type Book struct {
	Entries []Entry              `json:"entries,omitempty"`
	Failed  map[string]time.Time `json:"failed,omitempty"` // when somebody could not be told last
	Warned  map[string]time.Time `json:"warned,omitempty"` // when a warning of the log was printed last
}

// Empty reports whether there is no trouble in it.
func (b *Book) Empty() bool { return len(b.Entries) == 0 }

// Warn reports whether a warning is to be printed, which it is once an hour, and counts it as printed. Older ones are
// forgotten.
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

// Has reports whether a trouble of the kind goes on; name "" = any.
func (b *Book) Has(kind Kind, name string) bool {
	return slices.ContainsFunc(b.Entries, func(e Entry) bool {
		return e.Kind == kind && e.Open() && (name == "" || e.Name == name)
	})
}

// See enters what a pass saw. A trouble that time may mend is told when most passes of a kind saw it in a row.
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

// entry returns the entry of a trouble that goes on.
func (b *Book) entry(t Trouble, now time.Time) *Entry {
	i := slices.IndexFunc(b.Entries, func(e Entry) bool { return e.key() == t.key() })
	if i < 0 {
		b.Entries = append(b.Entries, Entry{Trouble: t, Since: since(t, now)})
		return &b.Entries[len(b.Entries)-1]
	}
	e := &b.Entries[i]
	switch {
	case !e.Open(): // it is back: who has heard of its end hears of it again
		told := slices.DeleteFunc(e.Told, func(who string) bool { return slices.Contains(e.ToldEnd, who) })
		*e = Entry{Since: since(t, now), Told: told}
	case t.Person && !e.Person: // what is to be done is another thing now
		e.Told, e.Said = nil, time.Time{}
	case (t.Kind == Settings || t.Kind == State) && t.Note != e.Note: // whoever mends them sees the next mistake
		e.Said = time.Time{}
	}
	if e.Due && t.Kind == Waiting { // people know it as held
		t.Kind = e.Kind
	}
	e.Trouble = t
	return e
}

func since(t Trouble, now time.Time) time.Time {
	if t.From.IsZero() {
		return now
	}
	return t.From
}

// retryAfter is how long somebody is left alone who could not be told.
const retryAfter = 15 * time.Minute

// Owed returns what somebody has not been told yet.
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

// Tell notes that somebody is told of entries, before they are: an alarm that is cut short is not sent twice.
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

// Untell takes that back: it could not be done.
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

// owesFor is how long the end of a trouble is kept for those who could not be told.
const owesFor = 24 * time.Hour

// Close removes what everybody has been told the end of, what nobody was to be told, and notices that were told.
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

// again is how long a trouble that goes on is not printed.
const again = time.Hour

// Lines returns what is to be printed: what began, what went on for another hour, and what ended. It counts as printed.
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
