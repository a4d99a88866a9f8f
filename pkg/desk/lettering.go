package desk

import "time"

// offHoursRule is asked of each auto-reply where the settings have one for the time when nobody works.
func offHoursRule() rule {
	return rule{
		"off-hours",
		"",
		"letters.received.off_hours is on, and by the calendar nobody works at the moment",
		"the auto-reply is that of letters.received.off_hours, and says when work begins",
		askOffHours,
	}
}

// askOffHours can't tell where the calendar has no working day at all.
func askOffHours(w *weighing) (string, bool) {
	opens, closed := w.r.policy.Calendar.Opens(w.f.Now)
	return "work begins at " + opens.Format(time.RFC3339), closed
}
