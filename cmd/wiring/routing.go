package wiring

import (
	"slices"

	"helpdesk/pkg/config"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/worktime"
)

func taskFields(t config.Task) desk.Fields {
	return desk.Fields{Responsible: t.Responsible, Group: t.Group, Auditors: t.Auditors, Accomplices: t.Accomplices,
		Tags:     t.Tags,
		Priority: t.Priority, Deadline: t.Deadline, Working: t.Working, BindCRM: t.BindCRM, Title: t.Title,
		Custom: t.Fields, Fallback: t.Fallback}
}

// routes returns the routing rules of the settings. A route changes some of a mailbox's task settings, so each route
// has the result for every mailbox.
func routes(cfg *config.Config) []desk.Route {
	var all []desk.Route
	for _, r := range cfg.Routing {
		route := desk.Route{
			Name:    r.Name,
			Mailbox: r.Mailbox,
			To:      r.To,
			From:    r.From,
			Subject: r.Subject,
			Fields:  map[string]desk.Fields{},
		}
		for _, m := range cfg.Mailboxes {
			route.Fields[m.Name] = taskFields(r.TaskFor(cfg, m.Name))
		}
		all = append(all, route)
	}
	return all
}

// Calendar returns the working time of the settings.
func Calendar(cfg *config.Config) worktime.Calendar {
	c := worktime.Calendar{Days: set(cfg.Calendar.Days), Holidays: set(cfg.Calendar.Holidays),
		Workdays: set(cfg.Calendar.Workdays), Short: map[string]bool{},
		Zone: cfg.CalendarLocation()}
	c.From, c.To = cfg.Calendar.Open()
	fixed := set(append(slices.Clone(cfg.Calendar.Holidays), cfg.Calendar.Workdays...))
	for _, list := range cfg.Lists() {
		years, _ := cfg.DaysOff(list) // Load has refused other names
		for _, days := range years {
			move(days.Holidays, c.Workdays, c.Holidays, fixed)
			move(days.Workdays, c.Holidays, c.Workdays, fixed)
			move(days.Short, nil, c.Short, nil)
		}
	}
	return c
}

// move moves days from one set to another, except fixed ones: a later list wins, and the settings win over all lists.
func move(days []string, from, to, fixed map[string]bool) {
	for _, day := range days {
		if !fixed[day] {
			delete(from, day)
			to[day] = true
		}
	}
}

func set(names []string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}
