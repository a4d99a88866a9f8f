package check

import (
	"fmt"
	"strings"
	"time"

	"helpdesk/pkg/config"
)

// checkCalendar tells what the lists of days off know of this year and the next.
func checkCalendar(cfg *config.Config, now time.Time) (all []Line) {
	for _, list := range cfg.Lists() {
		k := Line{What: "days off: " + list, OK: true}
		years, err := cfg.DaysOff(list)
		if err != nil { // Load has refused it, unless the file was changed since
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
				notes = append(notes, fmt.Sprintf("of %d it knows no day: renew helpdesk, or put calendars/%s.yaml "+
					"into "+
					"the folder templates", year, list))
			case !days.Final():
				k.Warning = k.Warning || year == this
				notes = append(notes, fmt.Sprintf("the days of %d are those that can be foreseen, some are not "+
					"decreed yet",
					year))
			default:
				notes = append(notes, fmt.Sprintf("%d is known", year))
			}
		}
		k.Note = strings.Join(notes, "; ")
		all = append(all, k)
	}
	return all
}
