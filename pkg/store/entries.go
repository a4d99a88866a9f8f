package store

import (
	"slices"
	"sync"
	"time"

	"helpdesk/pkg/desk"
)

// entries holds the outbox in memory. A run reads and decodes the outbox once, and each transaction applies its changes
// here when it has succeeded. So the cost of a round depends on what is due, and not on what waits.
type entries struct {
	writing sync.Mutex // held from the beginning of a transaction until its changes are applied

	mu      sync.Mutex
	read    bool // the rest is complete
	all     map[uint64]*entry
	tickets map[uint64][]*entry // by ticket, in order
	causes  map[string][]uint64 // tasks and comments by the message that caused them
	posts   []uint64            // the tasks and comments that wait for nothing before them, in order
	letters []uint64            // the letters of which that is true
	decoded int                 // number of entries that were decoded
	visited int                 // number of entries that were looked at in search of what is due
}

// edits are the changes of a transaction to the outbox, and its new tickets.
type edits struct {
	entries map[uint64]*entry // nil = removed
	unknown bool              // entries were changed in a way that is not in the list
	opened  map[uint64]bool   // by number of the ticket
}

// readEntries reads the outbox unless that has been done. It must not be called within a transaction.
func (s *state) readEntries() error {
	k := &s.entries
	k.writing.Lock()
	defer k.writing.Unlock()
	if k.read {
		return nil
	}
	var all []*entry
	err := s.view(func(tx txn) error {
		return each(tx, bOutbox, func(_ []byte, e entry) error { all = append(all, &e); return nil })
	})
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all, k.tickets, k.causes = map[uint64]*entry{}, map[uint64][]*entry{}, map[string][]uint64{}
	k.posts, k.letters, k.read, k.decoded = nil, nil, true, k.decoded+len(all)
	for _, e := range all {
		k.join(e)
	}
	return nil
}

// apply applies the changes of a transaction. After one that failed, the outbox will be read again, since an overlay
// keeps the changes of a failed transaction.
func (k *entries) apply(changes *edits, failed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if failed || changes.unknown {
		k.read = false
	}
	if !k.read {
		return
	}
	for seq, e := range changes.entries {
		was := k.all[seq]
		if was != nil && e != nil && was.Ticket == e.Ticket && was.Kind == e.Kind && was.Cause == e.Cause &&
			was.Aside == e.Aside {
			*was = *e
			continue
		}
		if was != nil {
			k.leave(was)
		}
		if e != nil {
			k.join(e)
		}
	}
}

// join adds an entry.
func (k *entries) join(e *entry) {
	k.all[e.Seq] = e
	if e.Kind != desk.SendLetter && e.Cause != "" {
		of := k.causes[e.Cause]
		i, _ := slices.BinarySearch(of, e.Seq)
		k.causes[e.Cause] = slices.Insert(of, i, e.Seq)
	}
	k.reorder(e.Ticket, func(of []*entry) []*entry {
		i, _ := slices.BinarySearchFunc(of, e.Seq, bySeq)
		return slices.Insert(of, i, e)
	})
}

// leave removes an entry.
func (k *entries) leave(e *entry) {
	delete(k.all, e.Seq)
	if of := slices.DeleteFunc(k.causes[e.Cause], func(seq uint64) bool { return seq == e.Seq }); len(of) > 0 {
		k.causes[e.Cause] = of
	} else {
		delete(k.causes, e.Cause)
	}
	k.reorder(e.Ticket, func(of []*entry) []*entry {
		return slices.DeleteFunc(of, func(other *entry) bool { return other == e })
	})
}

func bySeq(e *entry, seq uint64) int { return int(int64(e.Seq) - int64(seq)) }

// reorder changes the entries of a ticket, and finds anew which of them wait for nothing before them.
func (k *entries) reorder(ticket uint64, change func([]*entry) []*entry) {
	for _, e := range foremost(k.tickets[ticket]) {
		at := k.line(e)
		if i, ok := slices.BinarySearch(*at, e.Seq); ok {
			*at = slices.Delete(*at, i, i+1)
		}
	}
	of := change(k.tickets[ticket])
	if k.tickets[ticket] = of; len(of) == 0 {
		delete(k.tickets, ticket)
	}
	for _, e := range foremost(of) {
		at := k.line(e)
		i, _ := slices.BinarySearch(*at, e.Seq)
		*at = slices.Insert(*at, i, e.Seq)
	}
}

func (k *entries) line(e *entry) *[]uint64 {
	if e.Kind == desk.SendLetter {
		return &k.letters
	}
	return &k.posts
}

// foremost returns the entries of a ticket that wait for none before them: the first one, and those aside, which only
// wait for the opening of the task.
func foremost(of []*entry) (all []*entry) {
	first, opening := false, false
	for _, e := range of {
		opening = opening || e.Kind == desk.OpenTask
		if e.Aside && opening || !e.Aside && first {
			continue
		}
		first = first || !e.Aside
		all = append(all, e)
	}
	return all
}

// heads returns entries that are due, in order: up to most letters and up to most others.
func (k *entries) heads(now time.Time, most int, skip func(desk.Pending) bool) (due []entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, line := range [][]uint64{k.posts, k.letters} {
		left := most
		for _, seq := range line {
			if left == 0 {
				break
			}
			k.visited++
			if e := k.all[seq]; !e.Held && !e.later(now) && (skip == nil || !skip(e.pending())) {
				due, left = append(due, *e), left-1
			}
		}
	}
	slices.SortFunc(due, func(a, b entry) int { return bySeq(&a, b.Seq) })
	return due
}

// pick returns the entries for which want reports true, in order.
func (k *entries) pick(want func(e *entry) bool) (all []desk.Pending) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range k.all {
		if want(e) {
			all = append(all, e.pending())
		}
	}
	slices.SortFunc(all, func(a, b desk.Pending) int { return int(int64(a.Seq) - int64(b.Seq)) })
	return all
}

// count returns the number of entries for which want reports true.
func (k *entries) count(want func(e *entry) bool) (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range k.all {
		if want(e) {
			n++
		}
	}
	return n
}

// unmade reports whether a task or comment that a message caused is in the outbox.
func (k *entries) unmade(cause string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.causes[cause]) > 0
}

// entry returns an entry within a transaction that writes, nil if there is none.
func (t txn) entry(seq uint64) (*entry, error) {
	if e, changed := t.edits.entries[seq]; changed {
		return e, nil
	}
	k := t.entries
	k.mu.Lock()
	was, read := k.all[seq], k.read
	k.mu.Unlock()
	if read {
		return was, nil
	}
	var e entry
	if ok, err := get(t, bOutbox, number(seq), &e); err != nil || !ok {
		return nil, err
	}
	return &e, nil
}

// caused returns the tasks and comments that a message has caused, within a transaction that writes.
func (t txn) caused(cause string) (seqs []uint64, err error) {
	k := t.entries
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.read {
		err = each(t, bOutbox, func(_ []byte, e entry) error {
			if e.Cause == cause && e.Kind != desk.SendLetter {
				seqs = append(seqs, e.Seq)
			}
			return nil
		})
		return seqs, err
	}
	for _, seq := range k.causes[cause] {
		if _, changed := t.edits.entries[seq]; !changed {
			seqs = append(seqs, seq)
		}
	}
	for seq, e := range t.edits.entries {
		if e != nil && e.Cause == cause && e.Kind != desk.SendLetter {
			seqs = append(seqs, seq)
		}
	}
	slices.Sort(seqs)
	return seqs, nil
}
