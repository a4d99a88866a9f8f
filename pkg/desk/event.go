package desk

import "time"

// Event is a calendar entry (RFC 5545) that a message brings, and what the message does with it (RFC 5546).
type Event struct {
	Method      string // REQUEST, REPLY, CANCEL, COUNTER …; "" = none
	Status      string // CONFIRMED, TENTATIVE, CANCELLED; "" = none
	Answer      string // ACCEPTED, DECLINED … of whoever replies; "" = none
	Attendee    Address
	Organizer   Address
	Summary     string
	Location    string
	Description string
	Comment     string
	Start, End  time.Time // zero = not told
	Day         bool      // whole days: End is the last of them
	Local       bool      // Start and End are what a clock shows: in Zone, or wherever it hangs; else they are moments
	Zone        string    // the name of a zone that nobody knows; "" = none
}

// What happened with an event.
const (
	EventInvited   = "invited"
	EventAccepted  = "accepted"
	EventDeclined  = "declined"
	EventTentative = "tentative"
	EventDelegated = "delegated"
	EventCancelled = "cancelled"
	EventCountered = "countered" // another time is proposed
	EventRefused   = "refused"   // and that proposal is declined
	EventReplied   = "replied"   // in no known way
)

// What says what happened with the event.
func (e *Event) What() string {
	switch e.Method {
	case "REPLY":
		switch e.Answer {
		case "ACCEPTED":
			return EventAccepted
		case "DECLINED":
			return EventDeclined
		case "TENTATIVE":
			return EventTentative
		case "DELEGATED":
			return EventDelegated
		}
		return EventReplied
	case "CANCEL":
		return EventCancelled
	case "COUNTER":
		return EventCountered
	case "DECLINECOUNTER":
		return EventRefused
	}
	if e.Status == "CANCELLED" {
		return EventCancelled
	}
	return EventInvited
}

// pressed reports whether a message is what a button of a calendar sends, and by which event.
func pressed(m *Message) (what string, hit bool) {
	for i := range m.Calendar {
		if what := m.Calendar[i].What(); what != EventInvited {
			return what, true
		}
	}
	return "", false
}

func askCalendar(w *weighing) (string, bool) {
	what, hit := pressed(w.m)
	return "an event is " + what, hit
}
