package desk

import "time"

// Event is a calendar entry (RFC 5545) in a message, with what the message does with it (RFC 5546).
type Event struct {
	Method      string // REQUEST, REPLY, CANCEL, COUNTER …; "" = none
	Status      string // CONFIRMED, TENTATIVE, CANCELLED; "" = none
	Answer      string // answer of the person who replies: ACCEPTED, DECLINED …; "" = none
	Attendee    Address
	Organizer   Address
	Summary     string
	Location    string
	Description string
	Comment     string
	Start, End  time.Time // zero = not given
	Day         bool      // whole days; End is the last day
	Local       bool      // Start and End are local times: in Zone, or floating (any zone) if Zone is ""
	Zone        string    // name of an unknown time zone; "" = none
}

// The values that What returns.
const (
	EventInvited   = "invited"
	EventAccepted  = "accepted"
	EventDeclined  = "declined"
	EventTentative = "tentative"
	EventDelegated = "delegated"
	EventCancelled = "cancelled"
	EventCountered = "countered" // another time is proposed
	EventRefused   = "refused"   // a proposed time is declined
	EventReplied   = "replied"   // replied in an unknown way
)

// What returns what happened with the event.
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

// pressed reports whether a message was sent by pressing a button in a calendar, and what happened with the event.
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
