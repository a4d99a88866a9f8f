package render

import (
	"fmt"
	"strings"
	"text/template"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
)

const (
	longestTitle = 250 // QUIRK: the portal silently cuts longer titles (REST reference, tasks.task.add)
	mostPeople   = 20  // most names in a list; the others are counted
)

// post contains the variables of the portal's templates; all values are BBCode.
type post struct {
	Subject string // shown above the body if it adds something; else ""
	Body    string
	From    person
	To, Cc  people
	Date    string // "" = unknown
	Marker  string // for templates that show it elsewhere than in the last line
	Cause   string
	Hint    string // how to answer; "" = nobody would get the answer, or the template is empty
	Notes   []string
	Missing []string
	Copy    bool // bounce of a copy: the customer has the letter, those in copy do not
}

type person struct{ Name, Addr string }

type people struct {
	List []person
	More int // people not in List
}

// note contains the variables of a note's template.
type note struct {
	Detail string
	Task   int64
	Quiet  bool // the note is the reason why there was no auto-reply
}

// Post renders a text for the portal: a task's title and description, or a comment. A comment does not include the
// marker, which its sender adds.
func (s *Set) Post(p desk.Post, v PostVars) (title, text string, err error) {
	t, ok := s.posts[p.Form]
	if !ok {
		return "", "", fmt.Errorf("render post: no form %q", p.Form)
	}
	data := s.post(p, v)
	if data.Subject != "" {
		data.Body = strings.TrimSpace(headed(t, data) + "\n\n" + data.Body)
	}
	if text, err = run(t, data); err != nil {
		return "", "", fmt.Errorf("render post %s: %w", p.Form, err)
	}
	text = strings.TrimSpace(text)
	title = s.escape(p.Title)
	if title == "" {
		title = phrase(t, "title", data)
	}
	return glyph.Cut(title, longestTitle), text, nil
}

// headed returns the line with the subject above a body.
func headed(t *template.Template, d post) string {
	if line := phrase(t, "subject", d); line != "" {
		return line
	}
	return d.Subject // the templates predate that line
}

func (s *Set) post(p desk.Post, v PostVars) post {
	if v.From == (desk.Address{}) {
		v.From = p.From
	}
	if v.Body == "" {
		v.Body = p.Text
	}
	if v.At.IsZero() {
		v.At = p.At
	}
	d := post{
		Subject: s.escape(v.Subject), Body: strings.TrimSpace(v.Body), From: s.person(v.From), To: s.people(v.To),
		Cc:   s.people(v.Cc),
		Date: s.ShortDate(v.At), Marker: p.Marker, Cause: s.escape(v.Cause),
		Copy: p.Copy,
	}
	if p.Answers {
		d.Hint = s.Hint()
	}
	for _, n := range append(p.Notes[:len(p.Notes):len(p.Notes)], v.Notes...) {
		d.Notes = append(d.Notes, s.note(n))
	}
	for _, name := range p.Missing {
		d.Missing = append(d.Missing, s.escape(name))
	}
	return d
}

func (s *Set) escape(text string) string { return s.settings.Escape(glyph.Line(text)) }

func (s *Set) person(a desk.Address) person {
	return person{Name: s.escape(a.Name), Addr: s.escape(a.Addr)}
}

func (s *Set) people(list []desk.Address) people {
	var p people
	for _, a := range list[:min(len(list), mostPeople)] {
		p.List = append(p.List, s.person(a))
	}
	p.More = len(list) - len(p.List)
	return p
}

// Hint returns the line in a new task that says which comments go to the customer; "" if its template is empty.
func (s *Set) Hint() string {
	a := s.settings.Answering
	line, _ := run(s.hint, Answering{
		Send:     a.Send,
		Internal: s.escape(a.Internal),
		Half:     s.escape(desk.HalfPrefix(a.Internal)),
		Public:   s.escape(a.Public),
		Mention:  a.Mention,
	})
	return glyph.Line(line)
}

// note returns the text of a note. A note without a text is shown as its key and detail.
func (s *Set) note(n desk.Note) string {
	detail := s.escape(n.Detail)
	if text := phrase(s.notes, string(n.Key), note{Detail: detail, Task: n.Task, Quiet: n.Quiet}); text != "" {
		return text
	}
	if detail == "" {
		return s.escape(string(n.Key))
	}
	return s.escape(string(n.Key)) + ": " + detail
}

// event contains the variables of a calendar entry's template; all values are plain text.
type event struct {
	What        string // invited, accepted …: constants of pkg/desk
	By          string // the attendee who answers
	Summary     string
	When        string
	Location    string
	Organizer   string
	Comment     string
	Description string
}

// Event describes a calendar entry in the locale's language, as plain text, with times in the zone.
func (s *Set) Event(e desk.Event, zone *time.Location) string {
	d := event{
		What:        e.What(),
		Summary:     e.Summary,
		When:        s.when(e, zone),
		Location:    e.Location,
		Comment:     e.Comment,
		Description: e.Description,
	}
	if e.Organizer.Addr != "" || e.Organizer.Name != "" {
		d.Organizer = e.Organizer.String()
	}
	if d.What != desk.EventInvited && d.What != desk.EventCancelled && e.Attendee != (desk.Address{}) {
		d.By = e.Attendee.String()
	}
	if text := phrase(s.phrases, "calendar", d); text != "" {
		return text
	}
	return strings.TrimSpace(d.Summary + " " + d.When)
}

// when returns the time of an event: whole days as dates, other times in the zone.
func (s *Set) when(e desk.Event, zone *time.Location) string {
	if e.Start.IsZero() {
		return ""
	}
	day, clock := "02.01.2006", "15:04"
	from, to := e.Start, e.End
	if !e.Day && !e.Local {
		from, to = from.In(zone), to.In(zone)
	}
	form := day + " " + clock
	if e.Day {
		form = day
	}
	text := from.Format(form)
	switch {
	case e.End.IsZero() || to.Equal(from):
	case e.Day || to.Format(day) != from.Format(day):
		text += " – " + to.Format(form)
	default:
		text += "–" + to.Format(clock)
	}
	if e.Zone != "" {
		text += " (" + e.Zone + ")"
	}
	return text
}

// Date returns the time in the form for letters, in the locale's language; "" for the zero time.
func (s *Set) Date(t time.Time) string { return s.date(t, "date") }

// ShortDate returns the time in digits, for the portal's texts; "" for the zero time.
func (s *Set) ShortDate(t time.Time) string { return s.date(t, "date.short") }

// OpensAt says when work begins, in the locale's language: "on Monday from 9:00". Both times must be in the zone to be
// shown. It returns "" for a zero t.
func (s *Set) OpensAt(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	midnight := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	clock := strings.TrimPrefix(t.Format(phrase(s.phrases, "opens.clock", nil)), "0")
	return phrase(s.phrases, "opens", opening{Days: int(midnight(t).Sub(midnight(now)) / (24 * time.Hour)),
		Weekday: int(t.Weekday()), Date: s.date(t, "opens.date"), Clock: clock})
}

// opening contains the variables of the phrase for the beginning of work.
type opening struct {
	Days        int // from today
	Weekday     int // 0 = Sunday
	Date, Clock string
}

func (s *Set) date(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	text := t.Format(phrase(s.phrases, layout, nil))
	if len(s.months) == 12 {
		text = strings.Replace(text, t.Month().String(), s.months[t.Month()-1], 1)
	}
	return text
}
