package desk_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helpdesk/pkg/desk"
)

// tally counts letters. machine are those that must not be answered, caught those of them that were not, and alarms
// other letters that were not answered.
type tally struct{ letters, machine, caught, alarms int }

func (n *tally) add(machine, caught bool) {
	n.letters++
	switch {
	case machine && caught:
		n.machine++
		n.caught++
	case machine:
		n.machine++
	case caught:
		n.alarms++
	}
}

func (n tally) row(name string) string {
	return fmt.Sprintf("| %s | %d | %d | %d | %.1f %% | %d |\n", name, n.letters, n.machine, n.caught,
		100*float64(n.caught)/float64(max(1, n.machine)), n.alarms)
}

// TestFigures measures how well machines are distinguished from people. docs/mail.md shows the table.
func TestFigures(t *testing.T) {
	own, foreign, unmarked := ownTally(t), tally{}, 0
	foreign, unmarked = foreignTally(t)
	if own.caught != own.machine || foreign.caught != foreign.machine || own.alarms+foreign.alarms > 0 {
		t.Errorf("own %+v, foreign %+v: nothing may be missed, and no alarm be false", own, foreign)
	}
	table := "| corpus | letters | must not be answered | were not | recall | false alarms " +
		"|\n|---|---|---|---|---|---|\n" +
		own.row("own, pkg/desk/testdata/corpus") + foreign.row("given, parse and tolerate") +
		fmt.Sprintf("\nOf the given letters that may be answered, %d are advertisements and notices with nothing in "+
			"them that says so.\n", unmarked)
	t.Logf("\n%s", table)
	compare(t, "testdata/figures.golden", table)
}

func ownTally(t *testing.T) (n tally) {
	rules, cutter := corpusRules(t)
	for i, l := range labels(t) {
		m := read(t, cutter, filepath.Join("testdata/corpus", l.file), uint32(i+1))
		d := rules.Decide(&m, world(rules, rules.Ask(&m, corpusSigner)))
		n.add(!l.reply, !d.AutoReply)
	}
	return n
}

// foreignTally judges by the class: our address is in none of those letters, so none of them would get an auto-reply.
func foreignTally(t *testing.T) (n tally, unmarked int) {
	root := os.Getenv("HELPDESK_CORPUS")
	if root == "" {
		root = "../../../shared/corpus"
	}
	kinds := foreignLabels(t)
	rules, cutter := corpusRules(t)
	for _, pattern := range []string{"parse/*/*.eml", "tolerate/*/*.eml"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil || len(files) == 0 {
			t.Skipf("no letters in %s; HELPDESK_CORPUS names another folder (%v)", root, err)
		}
		for i, path := range files {
			name, _ := filepath.Rel(root, path)
			m := read(t, cutter, path, uint32(i+1))
			d := rules.Decide(&m, world(rules, rules.Ask(&m, corpusSigner)))
			kind := kinds[filepath.ToSlash(name)]
			delete(kinds, filepath.ToSlash(name))
			if kind == "unmarked" {
				unmarked++
			}
			n.add(kind == "marked", d.Class != "human" || hit(d, "suppress"))
		}
	}
	if len(kinds) > 0 {
		t.Errorf("labels of letters that are not there: %v", kinds)
	}
	return n, unmarked
}

func hit(d desk.Decision, rule string) bool {
	for _, r := range d.Reasons {
		if r.Rule == rule && r.Hit {
			return true
		}
	}
	return false
}

func foreignLabels(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open("testdata/foreign.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kinds := map[string]string{}
	for s := bufio.NewScanner(f); s.Scan(); {
		if w := strings.Fields(s.Text()); len(w) > 2 && w[0] != "#" {
			kinds[w[0]] = w[1]
		}
	}
	return kinds
}
