package person

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"text/template"
	"time"

	"helpdesk/pkg/desk"
	"helpdesk/pkg/store"
)

// Act is the record of the destruction of personal data, required by order 179 of Roskomnadzor (28.10.2022): paragraph
// 3 lists its content, paragraph 5 that of the log excerpt.
type Act struct {
	Operator        string // the operator of personal data
	OperatorAddress string
	Processor       string // who processes the data for the operator; "" = nobody
	System          string // name of the information system
	State           string // where the system keeps its data
	File            bool   // State is the path of a file
	Rewritten       bool   // the file was rewritten, so that free pages keep nothing
	By              string // name and post of the person who destroyed the data
	User            string // the user who ran the command
	Reason          string
	Order           string // the request or order behind it
	Version         string // of the program
	Date            string

	Names      []string
	Addresses  []string
	Categories []string // as Categories returns them
	Tasks      []store.TaskOf
	Letters    []string
	Log        []Kind
}

// Missing returns an error that names the flags of missing values.
func (a Act) Missing() error {
	var names []string
	for _, f := range []struct{ value, flag string }{{a.Operator, "--operator or operator.name"},
		{a.OperatorAddress, "--operator-address or operator.address"}, {a.By, "--by"}, {a.Reason, "--reason"},
		{a.Order, "--order"}} {
		if strings.TrimSpace(f.value) == "" {
			names = append(names, f.flag)
		}
	}
	if names == nil {
		return nil
	}
	return errors.New("--act: the record must say more: " + strings.Join(names, ", "))
}

// Of fills in the values of a trail.
func (a Act) Of(t *store.Trail, at time.Time) Act {
	a.Names, a.Addresses, a.Tasks = t.Names, t.Addresses, t.Tasks
	a.Categories, a.Letters, a.Log = Categories(t), places(t.Letters), Counts(t)
	a.Date = at.Local().Format("02.01.2006 15:04:05 -07:00")
	return a
}

// Categories returns the categories of personal data in a trail.
func Categories(t *store.Trail) []string {
	has := map[string]bool{"address": true, "name": len(t.Names) > 0}
	for _, f := range t.Records {
		for _, c := range categories[f.Kind] {
			has[c] = true
		}
		if p, ok := f.Record.(interface{ Codes() []string }); ok && len(p.Codes()) > 0 {
			has["crm"] = true
		}
		if p, ok := f.Record.(desk.Profile); ok && len(p.CRM) > 0 {
			has["crm"] = true
		}
	}
	return slices.DeleteFunc([]string{"address", "name", "texts", "letters", "ids", "journal", "counters", "crm"},
		func(c string) bool { return !has[c] })
}

// categories are the categories of personal data in each kind of record.
var categories = map[string][]string{
	"message": {"texts", "ids", "journal"}, "ticket": {"texts", "ids"}, "text": {"texts"}, "subject": {"texts"},
	"thread": {"ids"}, "journal": {"journal"}, "outbox": {"texts"}, "effect": {"texts"}, "unseen": {"texts"},
	"quarantine": {"texts"}, "letter": {"letters"}, "copy": {"letters", "ids"}, "counter": {"counters"},
	"picture": {"counters"}, "hits": {"counters"}, "returned": {"counters"}, "accepted": {"texts"},
	"attempt": {"ids"},
}

// Write writes the record in the language of the locale, by its template.
func (a Act) Write(w io.Writer, files fs.FS, locale string) error {
	name := locale + "/act.tmpl"
	src, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	t, err := template.New(name).Option("missingkey=error").Parse(string(src))
	if err != nil {
		return fmt.Errorf("templates: %w", err)
	}
	if err := t.Execute(w, a); err != nil {
		return fmt.Errorf("templates: %w", err)
	}
	return nil
}
