package render

// Alarm is what is told of passes that fail again and again.
type Alarm struct {
	Kind    string // poll, notify
	Failed  int    // in a row
	Error   string // the last one
	Version string // of the program
}

// Failing returns the message that passes fail, in the locale's words.
func (s *Set) Failing(a Alarm) string { return phrase(s.phrases, "alarm.failed", a) }

// Recovered returns the message that passes work again.
func (s *Set) Recovered(a Alarm) string { return phrase(s.phrases, "alarm.recovered", a) }
