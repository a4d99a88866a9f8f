package desk

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Arrivals counts the tasks made of letters from one address, or from one domain that is not public.
type Arrivals struct {
	Key    string    // the address without its +tag, or @domain
	Times  []int64   // times within the last day, in Unix seconds
	Ticket uint64    // ticket that collects the letters beyond the limit; 0 = none
	Since  time.Time // when that ticket was opened
}

// gathers is how long one task collects the letters beyond the limit.
const gathers = 24 * time.Hour

// floodRule is applied to letters that would become a task.
func floodRule() rule {
	return rule{"T11 flood", "", "a person's letter in no known thread, beyond mail.flood: so many of one address, " +
		"or of one domain that is not public, within its time",
		"no auto-reply; the first such letter makes a task that says so, and the further ones of the day are its files",
		askFlood}
}

func askFlood(w *weighing) (string, bool) {
	p := &w.r.policy
	if p.Flood <= 0 {
		return "", false
	}
	since := w.f.Now.Add(-p.FloodWithin).Unix()
	for i := range w.f.Arrivals {
		a, n := &w.f.Arrivals[i], 0
		for _, at := range a.Times {
			if at > since {
				n++
			}
		}
		if n >= p.Flood {
			w.flood = a
			return fmt.Sprintf("letters of %s within %s: %d", a.Key, p.FloodWithin, n), true
		}
	}
	return "", false
}

// flooded decides a letter beyond the limit, and reports whether it is one. Other letters are counted.
func (w *weighing) flooded() bool {
	if w.d.Class != classHuman {
		return false
	}
	if w.d.Counted = w.r.limits(w.m.From); !w.ask(GroupAutoReply, floodRule()) {
		return false
	}
	w.d.Counted, w.against = nil, append(w.against, "T11 flood")
	w.d.AutoReply, w.d.Capped = false, false
	if t := w.ticket(w.flood.Ticket); t != nil && t.Status != Gone && w.f.Now.Sub(w.flood.Since) < gathers {
		w.gather(t)
		return true
	}
	w.note(NoteFlood, w.flood.Key, 0)
	w.open(false)
	w.d.Gathers = w.flood.Key
	return true
}

// gather attaches a letter as a file to the task that collects them. Its id is not recorded, so an answer to it becomes
// a request of its own.
func (w *weighing) gather(t *Ticket) {
	key := DeriveKey("comment", w.d.Key)
	post := &Post{
		Form:   FormRepeat,
		From:   w.m.From,
		At:     arrived(w.m, w.f.Now),
		Marker: w.f.Signer.Marker(key),
		Bare:   true,
	}
	if w.m.Place != (Place{}) {
		place := w.m.Place
		post.Message, post.Of = &place, w.d.Key
	}
	post.headed(w.r.CleanSubject(w.m.Subject), w.m)
	post.whole(w.m)
	w.d.Verdict, w.d.Ticket = Commented, t
	w.d.Effects = append(w.d.Effects, Effect{Kind: CommentTask, Key: key, Ticket: t.Number, Post: post})
}

// The values of Policy.Spam. Any other value has no effect here.
const (
	spamQuiet  = "quiet"
	spamIgnore = "ignore"
)

// spamMark is a Mark with a compiled pattern.
type spamMark struct {
	field string
	value *regexp.Regexp
}

// spammed returns the field by which the receiving filter marks the message as spam, or "". A sender can write such a
// field too; then they get no letter.
func (r *Rules) spammed(m *Message) string {
	for _, mark := range r.spam {
		for _, v := range m.Header.Values(mark.field) {
			if found := mark.value.FindStringSubmatch(v); found != nil && mark.over(found) {
				return mark.field + ": " + v
			}
		}
	}
	return ""
}

// over reports whether the score reaches the limit. It is true if the pattern does not have both groups.
func (m spamMark) over(found []string) bool {
	score, limit := m.value.SubexpIndex("score"), m.value.SubexpIndex("limit")
	if score < 0 || limit < 0 {
		return true
	}
	got, err := strconv.ParseFloat(found[score], 64)
	most, errMost := strconv.ParseFloat(found[limit], 64)
	return err == nil && errMost == nil && got >= most
}
