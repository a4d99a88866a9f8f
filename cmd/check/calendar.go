package check

import (
	"strings"
)

// checkCalendar reports whether the lists of days off have this year and the next.
func checkCalendar(u Subject) (all []Line) {
	cfg, now := u.Settings, u.Now()
	for _, list := range cfg.Lists() {
		k := Line{What: u.Say("check.what.days", list), OK: true}
		years, err := cfg.DaysOff(list)
		if err != nil { // Load has accepted the list, so the file has changed since
			k.fails(err)
			all = append(all, k)
			continue
		}
		this := now.In(cfg.CalendarLocation()).Year()
		var notes []string
		for year := this; year <= this+1; year++ {
			days, known := years[year]
			switch {
			case !known:
				k.Warning = true
				notes = append(notes, u.Say("check.days.unknown", year, list))
			case !days.Final():
				k.Warning = k.Warning || year == this
				notes = append(notes, u.Say("check.days.foreseen", year))
			default:
				notes = append(notes, u.Say("check.days", year))
			}
		}
		k.Note = strings.Join(notes, "; ")
		all = append(all, k)
	}
	return all
}
