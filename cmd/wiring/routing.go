package wiring

import (
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

// routes are the routing rules of the settings. A route changes some of a mailbox's task settings, so what a task gets
// by it depends on both.
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
		Workdays: set(cfg.Calendar.Workdays),
		Zone:     cfg.CalendarLocation()}
	c.From, c.To = cfg.Calendar.Open()
	return c
}

func set(names []string) map[string]bool {
	out := map[string]bool{}
	for _, n := range names {
		out[n] = true
	}
	return out
}
