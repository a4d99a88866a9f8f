package store

import (
	"slices"
	"strings"
	"time"

	"helpdesk/pkg/desk"
)

// returned says since when mail to an address comes back.
type returned struct {
	At  time.Time `json:"at"`
	Key string    `json:"key"` // of the report
}

// reply is one auto-reply, for the limits.
type reply struct {
	At      time.Time `json:"at"`
	Subject string    `json:"subject,omitempty"`
}

// threadKey returns the key an id is kept under. Those of our letters are kept by the effect's key: a relay may put
// another host behind it.
func threadKey(id string) []byte {
	if own := strings.ToLower(id); strings.HasPrefix(own, "hd.") {
		if parts := strings.SplitN(own, ".", 3); len(parts) == 3 && len(parts[1]) == 32 {
			return []byte("hd." + parts[1])
		}
	}
	return []byte(id)
}

// Ask returns what is known already about the questions, for servers to be asked before anything is decided; the
// exclusions are none of it.
func (s Ledger) Ask(qs []desk.Questions) ([]desk.Facts, error) {
	known := make([]desk.Facts, len(qs))
	err := s.view(func(tx txn) (err error) {
		if err := tell(tx, qs); err != nil {
			return err
		}
		for i, q := range qs {
			if known[i], err = s.facts(tx, q, time.Time{}, 0); err != nil {
				return err
			}
		}
		return nil
	})
	return known, err
}

// tell says ahead what the facts of these questions will be read from: first what they name, then the tickets found there.
func tell(tx txn, qs []desk.Questions) error {
	for _, q := range qs {
		tx.Bucket(bMessages).Ahead([]byte(q.Key))
		tx.Bucket(bReturned).Ahead([]byte(q.Reply))
		tx.Bucket(bContacts).Ahead([]byte(q.Address)) // whose name will be asked for
		tx.Bucket(bReplies).Ahead([]byte(q.Address), []byte("@"+q.Domain))
		tx.Bucket(bSubjects).Ahead(subjectKey(q.Address, q.Subject))
		for _, hash := range q.Pictures {
			tx.Bucket(bPictures).Ahead(pictureKey(q.Address, hash))
		}
		for _, id := range slices.Concat(q.IDs, q.Bounced) {
			tx.Bucket(bThreads).Ahead(threadKey(id))
		}
		for _, task := range q.Tasks {
			tx.Bucket(bTasks).Ahead(number(uint64(task)))
		}
	}
	for _, q := range qs {
		f := desk.Facts{Known: map[string]desk.Link{}, Tasks: map[int64]uint64{}}
		if err := mentions(tx, q, &f); err != nil {
			return err
		}
		for _, n := range numbers(f) {
			tx.Bucket(bTickets).Ahead(number(n))
		}
	}
	return nil
}

func (s Ledger) facts(tx txn, q desk.Questions, now time.Time, window time.Duration) (desk.Facts, error) {
	f := desk.Facts{Now: now, Signer: s.signer, Instance: s.id, Known: map[string]desk.Link{}, Tasks: map[int64]uint64{},
		Tickets: map[uint64]desk.Ticket{}}
	var err error
	if f.Recorded, err = has(tx, bMessages, []byte(q.Key)); err != nil {
		return f, err
	}
	if f.Undelivers, err = has(tx, bReturned, []byte(q.Reply)); err != nil {
		return f, err
	}
	if f.Pictures, err = pictures(tx, q); err != nil {
		return f, err
	}
	if err := mentions(tx, q, &f); err != nil {
		return f, err
	}
	if err := tickets(tx, &f); err != nil {
		return f, err
	}
	return f, replies(tx, q, now.Add(-window), &f.Replies)
}

// mentions fills in what leads from a message to tickets: its threads, tasks and subject.
func mentions(tx txn, q desk.Questions, f *desk.Facts) error {
	if err := links(tx, q, f); err != nil {
		return err
	}
	for _, task := range q.Tasks {
		if n, err := ticketOf(tx, task); err != nil {
			return err
		} else if n != 0 {
			f.Tasks[task] = n
		}
	}
	if q.Subject == "" {
		return nil
	}
	_, err := get(tx, bSubjects, subjectKey(q.Address, q.Subject), &f.Same)
	return err
}

func links(tx txn, q desk.Questions, f *desk.Facts) error {
	for _, ids := range [][]string{q.IDs, q.Bounced} {
		for _, id := range ids {
			var l desk.Link
			ok, err := get(tx, bThreads, threadKey(id), &l)
			if err != nil {
				return err
			}
			if ok {
				f.Known[id] = l
			}
		}
	}
	return nil
}

// tickets fills in every ticket the facts speak of.
func tickets(tx txn, f *desk.Facts) error {
	for _, n := range numbers(*f) {
		var t desk.Ticket
		ok, err := get(tx, bTickets, number(n), &t)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		sent, err := tx.Bucket(bTexts).Get(sentKey(n))
		if err != nil {
			return err
		}
		t.Sent = string(sent)
		f.Tickets[n] = t
	}
	return nil
}

// numbers returns the numbers of every ticket the facts speak of.
func numbers(f desk.Facts) []uint64 {
	all := slices.Clone(f.Same)
	for _, l := range f.Known {
		all = append(all, l.Ticket)
	}
	for _, n := range f.Tasks {
		all = append(all, n)
	}
	return all
}

func subjectKey(address, subject string) []byte { return []byte(address + "\x00" + subject) }

func indexSubject(tx txn, t desk.Ticket) error {
	if t.Normal == "" {
		return nil
	}
	const most = 5
	key := subjectKey(t.Requester.Key(), t.Normal)
	var numbers []uint64
	if _, err := get(tx, bSubjects, key, &numbers); err != nil {
		return err
	}
	numbers = append([]uint64{t.Number}, numbers...)
	return put(tx, bSubjects, key, numbers[:min(len(numbers), most)])
}

func replies(tx txn, q desk.Questions, since time.Time, r *desk.Replies) error {
	count := func(key string, subject *int) (n int, err error) {
		var all []reply
		if _, err := get(tx, bReplies, []byte(key), &all); err != nil {
			return 0, err
		}
		for _, one := range all {
			if one.At.Before(since) {
				continue
			}
			n++
			if subject != nil && q.Subject != "" && one.Subject == q.Subject {
				*subject++
			}
		}
		return n, nil
	}
	var err error
	if r.Address, err = count(q.Address, &r.Subject); err != nil || q.Domain == "" {
		return err
	}
	r.Domain, err = count("@"+q.Domain, nil)
	return err
}

// countReply notes an auto-reply of an address and of its domain, and forgets those from before since. What is counted
// never passes the limits, as there is no auto-reply beyond them.
func countReply(tx txn, q desk.Questions, now, since time.Time) error {
	counted := map[string]reply{q.Address: {now, q.Subject}}
	if q.Domain != "" {
		counted["@"+q.Domain] = reply{At: now}
	}
	for key, one := range counted {
		var all []reply
		if _, err := get(tx, bReplies, []byte(key), &all); err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(r reply) bool { return r.At.Before(since) })
		if err := put(tx, bReplies, []byte(key), append(all, one)); err != nil {
			return err
		}
	}
	return nil
}
