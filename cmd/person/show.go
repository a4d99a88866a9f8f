// Package person shows and exports the data of a person, and writes the record of its destruction that the law
// requires. It does not search or change the state: package store does.
package person

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"helpdesk/cmd/tui"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/glyph"
	"helpdesk/pkg/store"
)

// Print prints every record with a person's data, by kind, and the work left for people.
func Print(on *tui.Terminal, t *store.Trail) error {
	on.Printf("address  %s\n", strings.Join(t.Addresses, ", "))
	if len(t.Names) > 0 {
		on.Printf("name     %s\n", glyph.Line(strings.Join(t.Names, ", ")))
	}
	rows := [][]string{}
	for _, f := range t.Records {
		whose := "theirs"
		if !f.Theirs {
			whose = "names them"
		}
		rows = append(rows, []string{f.Kind, numbered("t", f.Ticket), tui.When(f.At), whose, glyph.Cut(About(f), 60)})
	}
	on.Printf("\n")
	if err := on.Table([]string{"KIND", "TICKET", "WHEN", "WHOSE", "ABOUT"}, rows); err != nil {
		return err
	}
	Similar(on, t)
	return ByHand(on, t)
}

// Similar prints the other addresses that may be the person's.
func Similar(on *tui.Terminal, t *store.Trail) {
	if len(t.Similar) > 0 {
		on.Printf("\nOther addresses that may be theirs, each with records of its own: %s\n",
			glyph.Line(strings.Join(t.Similar, ", ")))
	}
}

// ByHand prints the data of a person that is not stored yet or stored elsewhere: in the portal and in mailboxes.
func ByHand(on *tui.Terminal, t *store.Trail) error {
	if len(t.Waiting) > 0 {
		on.Printf("\nNot made yet, and not made any more once the person is erased:\n")
		var rows [][]string
		for _, w := range t.Waiting {
			unsure := ""
			if w.Unsure {
				unsure = strings.TrimSpace("an attempt was begun, it may be there " + w.Mark)
			}
			rows = append(rows, []string{fmt.Sprint(w.Seq), string(w.Kind), numbered("t", w.Ticket), unsure})
		}
		if err := on.Table([]string{"ENTRY", "WHAT", "TICKET", ""}, rows); err != nil {
			return err
		}
	}
	if len(t.Tasks) > 0 {
		on.Printf("\nTasks of the portal that a person has to clean:\n")
		var rows [][]string
		for _, k := range t.Tasks {
			rows = append(rows, []string{fmt.Sprint(k.Task), numbered("t", k.Ticket), role(k), k.Link})
		}
		if err := on.Table([]string{"TASK", "TICKET", "THEY", "LINK"}, rows); err != nil {
			return err
		}
	}
	if len(t.Letters) > 0 {
		on.Printf("\nLetters in mailboxes, as far as they still lie there:\n")
		for _, l := range places(t.Letters) {
			on.Printf("%s\n", l)
		}
	}
	return nil
}

func role(k store.TaskOf) string {
	if k.Theirs {
		return "opened it"
	}
	if k.Named {
		return "are named there"
	}
	return "wrote or were in copy"
}

// places returns a line with the UIDs for each mailbox.
func places(all []desk.Place) []string {
	uids := map[string][]uint32{}
	for _, p := range all {
		uids[p.Mailbox] = append(uids[p.Mailbox], p.UID)
	}
	var lines []string
	for mailbox, list := range uids {
		slices.Sort(list)
		lines = append(lines, fmt.Sprintf("%s: UID %s", mailbox, strings.Trim(fmt.Sprint(slices.Compact(list)), "[]")))
	}
	slices.Sort(lines)
	return lines
}

func numbered(prefix string, n uint64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(prefix, n)
}

// About describes a record in a line.
func About(f store.Found) string {
	switch r := f.Record.(type) {
	case desk.Ticket:
		return cmp.Or(r.Subject, r.Requester.String())
	case desk.Record:
		return cmp.Or(r.Subject, r.ID)
	case desk.Step:
		return strings.TrimSpace(r.What + " " + cmp.Or(r.To, r.Note, r.ID, strings.Join(r.Files, ", ")))
	case desk.Effect:
		switch {
		case r.Letter != nil:
			return "letter to " + r.Letter.To.Addr + ": " + r.Letter.Subject
		case r.Post != nil:
			return string(r.Kind) + ": " + cmp.Or(r.Post.Title, r.Post.Subject, r.Post.Text)
		}
	case desk.Quarantined:
		return r.Subject
	case desk.Copy:
		return r.ID
	case desk.Exclusion:
		return strings.TrimSpace(r.Match + " " + r.Note)
	case desk.Accepted:
		return strings.TrimSpace(r.What + " " + r.Note)
	case desk.Profile:
		return r.Name
	}
	switch {
	case f.Text != "":
		return f.Text
	case len(f.Raw) > 0:
		return fmt.Sprintf("%d bytes", len(f.Raw))
	case f.Number != 0:
		return fmt.Sprint("entry ", f.Number)
	}
	return f.Key
}

// Counts returns the number of records of each kind, sorted by kind.
func Counts(t *store.Trail) (kinds []Kind) {
	for _, f := range t.Records {
		i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == f.Kind })
		if i < 0 {
			i = len(kinds)
			kinds = append(kinds, Kind{Name: f.Kind})
		}
		kinds[i].Count++
	}
	slices.SortFunc(kinds, func(a, b Kind) int { return strings.Compare(a.Name, b.Name) })
	return kinds
}

// Kind is a kind of records, and their number.
type Kind struct {
	Name  string
	Count int
}

// Link fills in the web addresses of the tasks.
func Link(t *store.Trail, link func(task int64) string) {
	for i, k := range t.Tasks {
		t.Tasks[i].Link = link(k.Task)
	}
}
