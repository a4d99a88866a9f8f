package eml

import (
	"strings"
	"time"
)

// calendarLine tells the first event of an iCalendar object (RFC 5545) in one line: what, when, where, by whom.
func calendarLine(s string) string {
	s = strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "").Replace(s)
	fields := map[string]string{}
	params := map[string]string{}
	inside := false
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		key, val, found := cutProperty(line)
		if !found {
			continue
		}
		name, param, _ := strings.Cut(key, ";")
		name = strings.ToUpper(name)
		if name == "BEGIN" && strings.EqualFold(val, "VEVENT") {
			inside = true
		} else if name == "END" && strings.EqualFold(val, "VEVENT") {
			break
		} else if _, again := fields[name]; inside && !again {
			fields[name], params[name] = val, param
		}
	}
	var parts []string
	for _, p := range []string{unescapeCalendar(fields["SUMMARY"]), eventTime(fields, params), unescapeCalendar(fields["LOCATION"]), organizer(fields, params)} {
		if p = oneLine(p); p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " · ")
}

// cutProperty cuts a line at the colon that ends its parameters; quoted parameters may hold colons.
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

func unescapeCalendar(s string) string {
	return strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(s)
}

func eventTime(fields, params map[string]string) string {
	from, day, ok := calendarTime(fields["DTSTART"])
	if !ok {
		return ""
	}
	if day {
		return from.Format("02.01.2006")
	}
	s := from.Format("02.01.2006 15:04")
	if to, _, ok := calendarTime(fields["DTEND"]); ok {
		if to.Format("20060102") == from.Format("20060102") {
			s += "–" + to.Format("15:04")
		} else {
			s += " – " + to.Format("02.01.2006 15:04")
		}
	}
	if strings.HasSuffix(fields["DTSTART"], "Z") {
		return s + " UTC"
	}
	for _, p := range strings.Split(params["DTSTART"], ";") {
		if k, v, _ := strings.Cut(p, "="); strings.EqualFold(k, "TZID") {
			return s + " (" + strings.Trim(v, `"`) + ")"
		}
	}
	return s
}

func calendarTime(s string) (t time.Time, day, ok bool) {
	if t, err := time.Parse("20060102", s); err == nil {
		return t, true, true
	}
	t, err := time.Parse("20060102T150405", strings.TrimSuffix(s, "Z"))
	return t, false, err == nil
}

func organizer(fields, params map[string]string) string {
	addr := fields["ORGANIZER"]
	if len(addr) > 7 && strings.EqualFold(addr[:7], "mailto:") {
		addr = addr[7:]
	}
	for _, p := range strings.Split(params["ORGANIZER"], ";") {
		if k, v, _ := strings.Cut(p, "="); strings.EqualFold(k, "CN") && v != "" {
			if v = strings.Trim(v, `"`); !strings.EqualFold(v, addr) {
				return v + " <" + addr + ">"
			}
		}
	}
	return addr
}
