package eml

import (
	"strings"

	"helpdesk/pkg/desk"
)

// maxEventText bounds a description, in bytes.
const maxEventText = 16 << 10

// property is a line of iCalendar (RFC 5545, 3.1).
type property struct {
	value  string
	params map[string]string // unquoted, by name in upper case
}

// calendarEvent returns the first event of an iCalendar object (RFC 5545). method comes from the part's Content-Type.
// Components inside the event, such as an alarm, are ignored.
func calendarEvent(s, method string) (desk.Event, bool) {
	s = unfold(s)
	e := desk.Event{Method: strings.ToUpper(strings.TrimSpace(method))}
	fields, zones := map[string]property{}, calendarZones{}
	var (
		within []string
		zone   zoneReading
		found  bool
	)
	for line := range strings.Lines(s) {
		key, value, ok := cutProperty(strings.TrimSpace(line))
		if !ok {
			continue
		}
		name, params := readParams(key)
		switch inner := innermost(within); {
		case name == "BEGIN":
			within = append(within, strings.ToUpper(value))
			zone.begin(value)
		case name == "END" && len(within) > 0:
			within = within[:len(within)-1]
			switch {
			case inner == "VTIMEZONE":
				zones.add(zone)
			case isEntry(inner) && !found:
				found = true
			}
		case name == "METHOD" && inner == "VCALENDAR":
			e.Method = strings.ToUpper(strings.TrimSpace(value))
		case name == "X-WR-TIMEZONE" && inner == "VCALENDAR":
			zones.usual = zoneID(value)
		case inner == "VTIMEZONE" || inner == "STANDARD" || inner == "DAYLIGHT":
			zone.read(inner, name, value)
		case isEntry(inner) && !found:
			if _, again := fields[name]; !again {
				fields[name] = property{value, params}
			}
		}
	}
	if len(fields) == 0 {
		return e, false
	}
	fill(&e, fields, zones)
	return e, true
}

// unfold joins folded lines of iCalendar (RFC 5545, 3.1). A fold may split a multibyte character, so lines are joined
// before decoding.
func unfold(s string) string {
	return strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "").Replace(s)
}

func innermost(within []string) string {
	if len(within) == 0 {
		return ""
	}
	return within[len(within)-1]
}

func isEntry(component string) bool { return component == "VEVENT" || component == "VTODO" }

// fill sets the fields of an event from its properties.
func fill(e *desk.Event, fields map[string]property, zones calendarZones) {
	text := func(name string) string {
		s := fields[name].value
		return strings.TrimSpace(unescapeCalendar(s[:min(len(s), maxEventText)]))
	}
	e.Summary, e.Location = oneLine(text("SUMMARY")), oneLine(text("LOCATION"))
	e.Description, e.Comment = text("DESCRIPTION"), text("COMMENT")
	e.Status = strings.ToUpper(fields["STATUS"].value)
	e.Organizer, e.Attendee = calendarUser(fields["ORGANIZER"]), calendarUser(fields["ATTENDEE"])
	e.Answer = strings.ToUpper(fields["ATTENDEE"].params["PARTSTAT"])
	from, ok := zones.time(fields["DTSTART"])
	if !ok {
		return
	}
	e.Start, e.Day, e.Local, e.Zone = from.at, from.day, from.local, from.zone
	if to, ok := zones.time(fields["DTEND"]); ok && to.zone == e.Zone && to.local == e.Local && to.day == e.Day {
		e.End = to.at
	} else if length := calendarLength(fields["DURATION"].value); !ok && length > 0 {
		e.End = e.Start.Add(length)
	}
	if e.Day && e.End.After(e.Start) {
		e.End = e.End.AddDate(0, 0, -1) // RFC 5545, 3.6.1: DTEND is the day after the last
	}
}

// cutProperty splits a line at the colon after its parameters. Quoted parameters may contain colons.
func cutProperty(line string) (key, val string, found bool) {
	quoted := false
	for i := 0; i < len(line); i++ {
		if line[i] == '"' {
			quoted = !quoted
		}
		if line[i] == ':' && !quoted {
			return line[:i], line[i+1:], true
		}
	}
	return line, "", false
}

// readParams splits a property into its name and parameters.
func readParams(key string) (name string, params map[string]string) {
	params = map[string]string{}
	from, quoted, first := 0, false, true
	for i := 0; i <= len(key); i++ {
		if i < len(key) && key[i] == '"' {
			quoted = !quoted
		}
		if i < len(key) && (key[i] != ';' || quoted) {
			continue
		}
		if one := key[from:i]; first {
			name, first = strings.ToUpper(one), false
		} else if k, v, ok := strings.Cut(one, "="); ok {
			params[strings.ToUpper(k)] = strings.Trim(v, `"`)
		}
		from = i + 1
	}
	return name, params
}

func unescapeCalendar(s string) string {
	return strings.NewReplacer(`\n`, "\n", `\N`, "\n", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(s)
}

func calendarUser(p property) desk.Address {
	addr := strings.TrimSpace(p.value)
	if len(addr) > 7 && strings.EqualFold(addr[:7], "mailto:") {
		addr = addr[7:]
	}
	name := oneLine(p.params["CN"])
	if strings.EqualFold(name, addr) {
		name = ""
	}
	return desk.Address{Name: name, Addr: oneLine(addr)}
}
