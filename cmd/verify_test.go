package cmd

import (
	"encoding/json"
	"strings"
	"testing"

	"helpdesk/pkg/pass"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// Accepting the id of a file that a specialist deleted on purpose hides this difference and no other. Withdrawing shows
// it again.
func TestAcceptedDifference(t *testing.T) {
	for name, o := range map[string]sandbox.PortalOptions{"old card": {}, "new card": {NewCard: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDrive(t, o, "")
			d.letter("1@a.example", "ivan@a.example", "Printer",
				"--b\n\nSee it.\n--b\nContent-Disposition: attachment; filename=one.txt\n\n1\n--b\n"+
					"Content-Disposition: attachment; filename=two.txt\n\n2\n--b--",
				`Content-Type: multipart/mixed; boundary="b"`)
			for range 4 {
				d.minute("poll")
			}
			d.must(0, "verify")
			task := d.portal.Tasks()[0].ID
			d.portal.DropFiles(task, func(f sandbox.File) bool { return f.Name == "one.txt" })
			ds := d.differences(3)
			if len(ds) != 1 || ds[0].File != "one.txt" || ds[0].From != "ivan@a.example" || ds[0].Do == "" {
				t.Fatalf("%+v", ds)
			}
			id := ds[0].ID
			d.must(0, "verify", "accept", id, "--note", "it was blank")
			d.differences(0)
			d.portal.DropFiles(task, func(f sandbox.File) bool { return f.Name == "two.txt" })
			if ds = d.differences(3); len(ds) != 1 || ds[0].File != "two.txt" {
				t.Errorf("%+v", ds)
			}
			for range 6 {
				d.minute("poll")
				d.minute("notify")
			}
			if got, _ := d.portal.Task(task); len(got.Files) != 0 {
				t.Errorf("they are attached again: %+v", got.Files)
			}
			if out := d.must(0, "verify", "accepted"); !strings.Contains(out, id) ||
				!strings.Contains(out, "it was blank") {
				t.Error(out)
			}
			d.must(0, "verify", "withdraw", id)
			if ds = d.differences(3); len(ds) != 2 {
				t.Errorf("%+v", ds)
			}
		})
	}
}

// A difference that was accepted before its confirmation is not repaired.
func TestAcceptedIsNotRepaired(t *testing.T) {
	for name, o := range map[string]sandbox.PortalOptions{"old card": {}, "new card": {NewCard: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDrive(t, o, "")
			d.letter("1@a.example", "ivan@a.example", "Printer", "It does not print.")
			d.minute("poll")
			d.letter("2@a.example", "ivan@a.example", "Re: Printer", "And it blinks.", "In-Reply-To: <1@a.example>")
			d.must(0, "poll")
			task := d.portal.Tasks()[0]
			for _, c := range task.Comments {
				d.portal.LoseComment(task.ID, c.ID)
			}
			if ds := d.differences(3); len(ds) != 1 || ds[0].What != pass.CommentNotOnTask {
				t.Fatalf("%+v", ds)
			}
			d.must(0, "verify", "accept", "--all")
			for range 6 {
				d.minute("poll")
			}
			task, _ = d.portal.Task(task.ID)
			for _, c := range task.Comments {
				if strings.Contains(c.Text, "And it blinks.") {
					t.Error("it is made again")
				}
			}
		})
	}
}

// differences returns what verify finds; verify must end with the status.
func (d *drive) differences(status int) []pass.Difference {
	d.t.Helper()
	var v verified
	if err := json.Unmarshal([]byte(d.must(status, "verify", "--json")), &v); err != nil {
		d.t.Fatal(err)
	}
	return v.Differences
}
