package store

import (
	"bytes"
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
	if key := desk.OwnKey(id); key != "" {
		return []byte("hd." + key)
	}
	return []byte(id)
}

// threadKeys returns the keys an id may be kept under: that of its own, and of a letter of somebody else the one it has
// when its person's data was removed.
func (s *state) threadKeys(id string) [][]byte {
	key := threadKey(id)
	if bytes.HasPrefix(key, ours) {
		return [][]byte{key}
	}
	return [][]byte{key, s.hide(short(key))}
}

// Ask returns what is known already about the questions, for servers to be asked before anything is decided; the
// exclusions are none of it.
func (s Ledger) Ask(qs []desk.Questions) ([]desk.Facts, error) {
	known := make([]desk.Facts, len(qs))
	err := s.view(func(tx txn) (err error) {
		if err := s.tell(tx, qs); err != nil {
			return err
		}
		for i, q := range qs {
			if known[i], err = s.facts(tx, q, time.Time{}, 0); err != nil {
				return err
			}
		}
		return nil
	})
	return known, ofAll(err)
}

// tell says ahead what the facts of these questions will be read from: first what they name, then the tickets found
// there.
func (s *state) tell(tx txn, qs []desk.Questions) error {
	if tx.near {
		return nil
	}
	for _, q := range qs {
		tx.Bucket(bMessages).Ahead([]byte(q.Key))
		tx.Bucket(bReturned).Ahead([]byte(q.Reply))
		tx.Bucket(bContacts).Ahead([]byte(q.Address)) // whose name will be asked for
		tx.Bucket(bProfiles).Ahead(profileKey(letters, q.Address))
		tx.Bucket(bReplies).Ahead(slices.Concat(repliesOf(q), arrivalKeys(q))...)
		tx.Bucket(bSubjects).Ahead(subjectKey(q.Address, q.Subject))
		for _, hash := range q.Pictures {
			tx.Bucket(bPictures).Ahead(pictureKey(q.Address, hash))
		}
		for _, id := range slices.Concat(q.IDs, q.Bounced) {
			tx.Bucket(bThreads).Ahead(s.threadKeys(id)...)
		}
		for _, task := range q.Tasks {
			tx.Bucket(bTasks).Ahead(number(uint64(task)))
		}
	}
	for _, q := range qs {
		f := desk.Facts{Known: map[string]desk.Link{}, Tasks: map[int64]uint64{}}
		if err := s.mentions(tx, q, &f); err != nil {
			return err
		}
		for _, n := range numbers(f) {
			tx.Bucket(bTickets).Ahead(number(n))
			tx.Bucket(bTexts).Ahead(sentKey(n))
		}
	}
	return nil
}

func (s Ledger) facts(tx txn, q desk.Questions, now time.Time, window time.Duration) (desk.Facts, error) {
	f := desk.Facts{Now: now, Signer: s.signer, Instance: s.id, Known: map[string]desk.Link{},
		Tasks:   map[int64]uint64{},
		Tickets: map[uint64]desk.Ticket{}}
	var err error
	if f.Recorded, err = has(tx, bMessages, []byte(q.Key)); err != nil {
		return f, err
	}
	if f.Undelivers, err = has(tx, bReturned, []byte(q.Reply)); err != nil {
		return f, err
	}
	if f.Locale, err = locale(tx, q.Address); err != nil {
		return f, err
	}
	if f.Pictures, err = pictures(tx, q); err != nil {
		return f, err
	}
	if err := s.mentions(tx, q, &f); err != nil {
		return f, err
	}
	if f.Arrivals, err = cameIn(tx, q, now); err != nil {
		return f, err
	}
	if err := tickets(tx, &f); err != nil {
		return f, err
	}
	return f, replies(tx, q, now, now.Add(-window), &f.Replies)
}

// mentions fills in what leads from a message to tickets: its threads, tasks and subject.
func (s *state) mentions(tx txn, q desk.Questions, f *desk.Facts) error {
	if err := s.links(tx, q, f); err != nil {
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

func (s *state) links(tx txn, q desk.Questions, f *desk.Facts) error {
	for _, id := range slices.Concat(q.IDs, q.Bounced) {
		for _, key := range s.threadKeys(id) {
			var l desk.Link
			ok, err := get(tx, bThreads, key, &l)
			if err != nil {
				return err
			}
			if ok {
				f.Known[id] = l
				break
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
	for _, a := range f.Arrivals {
		if a.Ticket != 0 {
			all = append(all, a.Ticket)
		}
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

// everybody is the key under which all auto-replies of a day are counted.
const everybody = "*"

// hourly is how many auto-replies went out from an hour on.
type hourly struct {
	At    time.Time `json:"at"`
	Count int       `json:"count"`
}

// repliesOf returns the keys under which auto-replies of the sender, of whoever gets them, and of everybody are
// counted.
func repliesOf(q desk.Questions) [][]byte {
	keys := [][]byte{[]byte(everybody)}
	for _, key := range q.Counted {
		keys = append(keys, []byte(key))
	}
	return keys
}

func replies(tx txn, q desk.Questions, now, since time.Time, r *desk.Replies) error {
	for _, key := range q.Counted {
		var all []reply
		if _, err := get(tx, bReplies, []byte(key), &all); err != nil {
			return err
		}
		n, same := 0, 0
		for _, one := range all {
			if one.At.Before(since) {
				continue
			}
			n++
			if q.Subject != "" && one.Subject == q.Subject {
				same++
			}
		}
		if strings.HasPrefix(key, "@") {
			r.Domain = max(r.Domain, n)
			continue
		}
		r.Address, r.Subject = max(r.Address, n), max(r.Subject, same)
	}
	hours, err := lastDay(tx, now)
	for _, h := range hours {
		r.Day += h.Count
	}
	return err
}

// lastDay returns the auto-replies of everybody by the hour, those of the last day alone.
func lastDay(tx txn, now time.Time) ([]hourly, error) {
	var hours []hourly
	_, err := get(tx, bReplies, []byte(everybody), &hours)
	return slices.DeleteFunc(hours, func(h hourly) bool { return !h.At.After(now.Add(-24 * time.Hour)) }), err
}

// countReply notes an auto-reply of whoever the limits count it for, and forgets those from before since. What is
// counted never passes the limits, as there is no auto-reply beyond them.
func countReply(tx txn, q desk.Questions, now, since time.Time) error {
	for _, key := range q.Counted {
		one := reply{At: now}
		if !strings.HasPrefix(key, "@") {
			one.Subject = q.Subject
		}
		var all []reply
		if _, err := get(tx, bReplies, []byte(key), &all); err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(r reply) bool { return r.At.Before(since) })
		if err := put(tx, bReplies, []byte(key), append(all, one)); err != nil {
			return err
		}
	}
	hours, err := lastDay(tx, now)
	if err != nil {
		return err
	}
	if hour := now.Truncate(time.Hour); len(hours) == 0 || hours[len(hours)-1].At.Before(hour) {
		hours = append(hours, hourly{At: hour})
	}
	hours[len(hours)-1].Count++
	return put(tx, bReplies, []byte(everybody), hours)
}
