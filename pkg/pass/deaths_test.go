package pass_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// deaths are the steps at which a scenario may die, as an undisturbed run takes them. A part of a scenario is a pass
// or what follows until nothing is left to do. What dies settles before the next part begins, so that a scenario can
// die once in each of its parts.
type deaths struct {
	scenario func(*world)
	parts    [][]string // names of steps
}

// undisturbed runs the scenario and records its steps.
func undisturbed(w *world, scenario func(*world)) *deaths {
	d := &deaths{scenario: scenario}
	w.part = func() { d.parts = append(d.parts, nil) }
	w.steps = func(name string) {
		last := len(d.parts) - 1
		d.parts[last] = append(d.parts[last], name)
	}
	scenario(w)
	w.part, w.steps = nil, nil
	return d
}

// run runs the scenario until every step was died at, or every so-many-th. The n-th of these scenarios dies at the n-th
// step of each part, or with -dying.alone at one step only. The steps that the earlier deaths of a scenario have made
// unnecessary get a scenario of their own. After each, check is told whether it died while an auto-reply was sent.
func (d *deaths) run(t *testing.T, every int, newWorld func(*testing.T) *world,
	check func(t *testing.T, w *world, sending bool)) {
	for n, at := range d.scenarios() {
		if n%every != 0 {
			continue
		}
		t.Run(fmt.Sprintf("%03d", n), func(t *testing.T) {
			t.Parallel()
			for len(at) > 0 {
				w := newWorld(t)
				t.Logf("dies at: %s", d.name(at))
				missed := d.die(w, at)
				check(t, w, d.sending(at))
				if len(missed) == len(at) {
					t.Fatal("none of these steps was reached")
				}
				at = missed
			}
		})
	}
}

// scenarios returns for each scenario at which step of which part it dies.
func (d *deaths) scenarios() (all []map[int]int) {
	for part, names := range d.parts {
		for step := range names {
			switch {
			case *dyingAlone:
				all = append(all, map[int]int{part: step})
			case step == len(all):
				all = append(all, map[int]int{part: step})
			default:
				all[step][part] = step
			}
		}
	}
	return all
}

// die runs the scenario, dies at the given steps, and returns those which were not reached.
func (d *deaths) die(w *world, at map[int]int) (missed map[int]int) {
	missed = maps.Clone(at)
	part := -1
	w.part = func() {
		part++
		last, dies := at[part]
		n := 0
		w.steps = func(name string) {
			if n++; dies && n == last+1 {
				delete(missed, part)
				w.steps, w.dead = nil, name
				panic(died{name})
			}
		}
	}
	d.scenario(w)
	w.part, w.steps = nil, nil
	return missed
}

func (d *deaths) name(at map[int]int) string {
	var names []string
	for part, all := range d.parts {
		if step, dies := at[part]; dies {
			names = append(names, all[step])
		}
	}
	return strings.Join(names, "; ")
}

// sending reports whether one of the steps is between the recording of attempts to send letters and the recording of
// their results. Only there it is unknown whether an auto-reply was sent.
func (d *deaths) sending(at map[int]int) bool {
	for part, step := range at {
		if sending(d.parts[part], step) {
			return true
		}
	}
	return false
}
