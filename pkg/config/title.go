package config

import (
	"io"
	"reflect"
	"strings"
	"text/template"

	"helpdesk/pkg/lazy"
)

// titleVars are the variables of a task's title.
type titleVars struct{ Subject, Name, Address, Mailbox string }

// position matches what text/template puts before the reason of an error.
var position = lazy.Regexp(`^template: [^:]*:(\d+:)*\s*(executing "[^"]*" at )?`)

// title tries a template with all of its variables, with none, without each one and with each one alone. So it finds a
// mistake in any branch.
func title(s string) string {
	t, err := template.New("title").Parse(s)
	if err == nil {
		err = tryTitle(t)
	}
	if err == nil {
		return ""
	}
	reason := position().ReplaceAllString(err.Error(), "")
	reason = strings.ReplaceAll(reason, " in type config.titleVars", "")
	return "must be a template of {{.Subject}}, {{.Name}}, {{.Address}} and {{.Mailbox}}: " + reason
}

func tryTitle(t *template.Template) error {
	full := titleVars{"Subject", "Name", "a@b.ru", "support"}
	samples := []titleVars{full, {}}
	for i := range reflect.TypeFor[titleVars]().NumField() {
		without, with := full, titleVars{}
		reflect.ValueOf(&without).Elem().Field(i).SetZero()
		reflect.ValueOf(&with).Elem().Field(i).Set(reflect.ValueOf(full).Field(i))
		samples = append(samples, without, with)
	}
	for _, v := range samples {
		if err := t.Execute(io.Discard, v); err != nil {
			return err
		}
	}
	return nil
}
