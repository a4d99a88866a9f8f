package desk

import "time"

// offHoursRule is applied to each auto-reply if the settings have a text for off-hours.
func offHoursRule() rule {
	return rule{
		"off-hours",
		"",
		"letters.received.off_hours is on, and by the calendar nobody works at the moment",
		"the auto-reply is that of letters.received.off_hours, and says when work begins",
		askOffHours,
	}
}

// askOffHours does not hit if the calendar has no working day at all.
func askOffHours(w *weighing) (string, bool) {
	opens, closed := w.r.policy.Calendar.Opens(w.f.Now)
	return "work begins at " + opens.Format(time.RFC3339), closed
}

// languageRule is applied to each new ticket if letters are written in the customer's language.
func languageRule() rule {
	return rule{
		"language",
		"",
		"letters.locale is auto, and the letter's script and frequent words (language.yaml) say its language, or an " +
			"earlier letter of its sender did",
		"letters of the ticket are in that language, else in letters.default_locale; the ticket and the contact " +
			"remember it",
		askLanguage,
	}
}

func askLanguage(w *weighing) (string, bool) {
	switch {
	case w.m.Locale != "" && !w.forward:
		return w.m.Locale, true
	case w.f.Locale != "":
		return w.f.Locale + ", as in an earlier letter", true
	}
	return "", false
}
