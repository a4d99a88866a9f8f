package desk

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Arrivals is what is known of the letters that one address, or one domain that is not public, has made tasks of.
type Arrivals struct {
	Key    string    // the address without its +tag, or @domain
	Times  []int64   // when, in Unix seconds, those of the last day
	Ticket uint64    // that gathers what came beyond the limit; 0 = none
	Since  time.Time // when that was opened
}

// gathers is how long one task takes what comes beyond the limit.
const gathers = 24 * time.Hour

// floodRule is asked of letters that would make a task.
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

// flooded decides a letter beyond the limit, and reports whether it is one. The others are counted.
func (w *weighing) flooded() bool {
	if w.d.Class != classHuman {
		return false
	}
	if w.d.Counted = w.r.arrivalsOf(w.m); !w.ask(GroupAutoReply, floodRule()) {
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

// gather makes a letter a file of the task that gathers. Its id leads nowhere: what answers it is a letter of its own.
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

// arrivalsOf returns the keys under which a letter is counted.
func (r *Rules) arrivalsOf(m *Message) []string { return r.limits(m.From) }

// The values of Policy.Spam; any other makes no difference.
const (
	spamQuiet  = "quiet"
	spamIgnore = "ignore"
)

// spamMark is a Mark whose pattern is compiled.
type spamMark struct {
	field string
	value *regexp.Regexp
}

// spammed returns the field by which the receiving filter tells that the message is spam, "" where none does. A sender
// may write such a field, too, and gets no letter then.
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

// over compares the score with the limit, where the pattern has both.
func (m spamMark) over(found []string) bool {
	score, limit := m.value.SubexpIndex("score"), m.value.SubexpIndex("limit")
	if score < 0 || limit < 0 {
		return true
	}
	got, err := strconv.ParseFloat(found[score], 64)
	most, errMost := strconv.ParseFloat(found[limit], 64)
	return err == nil && errMost == nil && got >= most
}
