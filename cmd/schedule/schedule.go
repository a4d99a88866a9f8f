// Package schedule writes the schedules of the passes: a crontab, systemd units, tasks for Windows. The printed
// schedules, the examples and the units in packages all come from here. It installs nothing.
package schedule

import (
	"embed"
	"io"
	"path"
	"path/filepath"
	"strings"
	"text/template"
)

// Plan is the content of a schedule.
type Plan struct {
	User    string
	Foreign bool     // the passes run as another user than the caller
	File    string   // path of the configuration
	Env     string   // path of the variables next to it
	Folder  string   // the passes write into it
	Copy    string   // path of the daily backup of the state
	Program []string // the binary and the flags of every command
	MailTo  string   // recipient of cron's mail

	Language string // of the comments; ru, everything else is English
}

func (p Plan) command(words ...string) []string {
	return append(p.Program[:len(p.Program):len(p.Program)], words...)
}

// Poll returns the command line of poll.
func (p Plan) Poll() []string { return p.command("poll") }

// Notify returns the command line of notify.
func (p Plan) Notify() []string { return p.command("notify") }

// Verify returns the command line of the daily comparison.
func (p Plan) Verify() []string { return p.command("verify", "--days", "3") }

// Backup returns the command line of the daily backup.
func (p Plan) Backup() []string { return p.command("state", "backup", p.Copy) }

// Folders returns the folders that the passes write to.
func (p Plan) Folders() []string { return []string{p.Folder} }

// Home reports whether one of the files is in a home directory, which a unit sees only if it says so.
func (p Plan) Home() bool {
	for _, name := range []string{p.File, p.Folder, p.Program[0]} {
		for _, home := range []string{"/home/", "/root/", "/run/user/"} {
			if strings.HasPrefix(filepath.ToSlash(name)+"/", home) {
				return true
			}
		}
	}
	return false
}

// Kinds are the supported schedules.
var Kinds = []string{"cron", "systemd", "windows"}

//go:embed texts
var texts embed.FS

// parsed returns the templates in a language. Templates of a language replace the English ones with the same name.
func parsed(language string) *template.Template {
	funcs := template.FuncMap{
		"sh":      Word,
		"cron":    cronCommand,
		"percent": percent,
		"unit":    unitCommand,
		"windows": windowsCommand,
	}
	t := template.Must(template.New("").Funcs(funcs).ParseFS(texts, "texts/*.tmpl"))
	if language == "ru" {
		t = template.Must(t.ParseFS(texts, "texts/ru/*.tmpl"))
	}
	return t
}

// Print writes the schedule of one of the Kinds.
func Print(w io.Writer, kind string, p Plan) error {
	units, err := Units(p)
	if err != nil {
		return err
	}
	data := struct {
		Plan
		Units  []Unit
		Timers []string
	}{p, units, nil}
	for _, u := range units {
		if path.Ext(u.Name) == ".timer" {
			data.Timers = append(data.Timers, u.Name)
		}
	}
	return parsed(p.Language).ExecuteTemplate(w, kind+".tmpl", data)
}

// Unit is a file for systemd.
type Unit struct{ Name, Text string }

// unit is the data for a service and its timer.
type unit struct {
	Plan     Plan
	Name     string
	Page     string // the command whose manual page documents the unit
	About    string
	Command  []string
	Within   string // time limit of the service
	Often    string
	Calendar string
	Spread   string
	Daily    bool
}

// Units returns the systemd units.
func Units(p Plan) ([]Unit, error) {
	const passEnds, soon = "15min", "20s"
	var all []Unit
	for _, u := range []unit{
		{Name: "poll", Page: "poll", About: "new mail becomes Bitrix24 tasks and comments", Command: p.Poll(),
			Within: passEnds, Often: "every minute",
			Calendar: "*:*:00", Spread: soon},
		{Name: "notify", Page: "notify", About: "specialists' comments become letters", Command: p.Notify(),
			Within: passEnds,
			Often:  "every minute, half a minute after poll", Calendar: "*:*:30", Spread: soon},
		{Name: "verify", Page: "verify", About: "does every letter have its task?", Command: p.Verify(), Within: "1h",
			Often:    "once a day",
			Calendar: "*-*-* 06:17:00", Spread: "15min", Daily: true},
		{Name: "backup", Page: "state-backup", About: "a hot copy of the state", Command: p.Backup(), Within: "1h",
			Often:    "once a day",
			Calendar: "*-*-* 06:37:00", Spread: "15min", Daily: true},
	} {
		u.Plan = p
		for _, kind := range []string{"service", "timer"} {
			var b strings.Builder
			if err := parsed("").ExecuteTemplate(&b, kind+".tmpl", u); err != nil {
				return nil, err
			}
			all = append(all, Unit{"helpdesk-" + u.Name + "." + kind, b.String()})
		}
	}
	var b strings.Builder
	err := parsed("").ExecuteTemplate(&b, "failed.tmpl", nil)
	return append(all, Unit{"helpdesk-failed@.service", b.String()}), err
}
