package store

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"helpdesk/pkg/desk"
)

// returned records since when mail to an address bounces.
type returned struct {
	At  time.Time `json:"at"`
	Key string    `json:"key"` // of the report
}

// reply is one auto-reply, counted for the limits.
type reply struct {
	At      time.Time `json:"at"`
	Subject string    `json:"subject,omitempty"`
}

// threadKey returns the key under which a Message-ID is stored. The ids of our own letters are stored by the effect's
// key, because a relay may replace the host part.
func threadKey(id string) []byte {
	if key := desk.OwnKey(id); key != "" {
		return []byte("hd." + key)
	}
	return []byte(id)
}

// threadKeys returns the keys under which a Message-ID may be stored. The id of somebody else's letter is stored as a
// hash after its person was erased.
func (s *state) threadKeys(id string) [][]byte {
	key := threadKey(id)
	if bytes.HasPrefix(key, ours) {
		return [][]byte{key}
	}
	return [][]byte{key, s.hide(short(key))}
}

// Ask returns the facts that are already known about the questions, so that servers can be asked before anything is
// decided. The facts do not include exclusions.
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

// tell announces the keys that the facts of these questions will be read from: first the keys in the questions, then
// the tickets that those lead to.
func (s *state) tell(tx txn, qs []desk.Questions) error {
	if tx.near {
		return nil
	}
	for _, q := range qs {
		tx.Bucket(bMessages).Ahead([]byte(q.Key))
		tx.Bucket(bReturned).Ahead([]byte(q.Reply))
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

// mentions fills in the links from a message to tickets: threads, tasks and subject.
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

// tickets fills in every ticket that the facts refer to.
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
		if !tx.edits.opened[n] { // in a new ticket nothing was sent
			sent, err := tx.Bucket(bTexts).Get(sentKey(n))
			if err != nil {
				return err
			}
			t.Sent = string(sent)
		}
		f.Tickets[n] = t
	}
	return nil
}

// numbers returns the numbers of the tickets that the facts refer to.
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

// everybody is the key of the count of all auto-replies.
const everybody = "*"

// hourly is the number of auto-replies sent in one hour.
type hourly struct {
	At    time.Time `json:"at"`
	Count int       `json:"count"`
}

// repliesOf returns the keys of the counts of auto-replies: the key for everybody and the keys in the questions.
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

// lastDay returns the number of all auto-replies by hour, for the last 24 hours.
func lastDay(tx txn, now time.Time) ([]hourly, error) {
	var hours []hourly
	_, err := get(tx, bReplies, []byte(everybody), &hours)
	return slices.DeleteFunc(hours, func(h hourly) bool { return !h.At.After(now.Add(-24 * time.Hour)) }), err
}

// countReply counts an auto-reply under the keys of the limits, and deletes the counts from before since. The lists
// stay short, because no auto-reply is sent beyond the limits.
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
