package portal

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
)

// The first batch asks who we are. If the user has changed, what the former one made is still read, a person is
// informed once, and what was found out for the former user is forgotten.
func TestQuirkAddressTellsNoUser(t *testing.T) {
	values := map[string]string{savedUsers: "[9,17]", savedFolder: "5"}
	nothing := `"c0":{"tasks":[]},"c1":{"tasks":[]},"c2":{"tasks":[]},"c3":{"tasks":[]},"c4":{"tasks":[]},"c5":{"tasks":[]},"c6":{"tasks":[]},"c7":{"tasks":[]}`
	first := `{"result":{"result":{` + nothing + `,"c8":{"ID":"42"}}}}`
	second := `{"result":{"result":{` + nothing +
		`,"c8":{"tasks":[]},"c9":{"tasks":[]},"c10":{"tasks":[]},"c11":{"tasks":[]}}}}`
	s := testkit.NewScript(t, testkit.Answer(200, first), testkit.Answer(200, second), testkit.Answer(200, second))
	o := Options{Options: bitrix.Options{Webhook: s.URL + "/rest/17/" + secret + "/"}}
	saved(values)(&o)
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if c.Self() != 17 {
		t.Error(c.Self())
	}
	if _, err := c.Changes(t.Context(), at("10:00:00")); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(s.Commands(t, 1), " "); c.Self() != 42 || !strings.Contains(got, "[AUDITOR]=9&") ||
		!strings.Contains(got, "[CREATED_BY]=17&") || !strings.Contains(got, "[CREATED_BY]=42&") {
		t.Error(c.Self(), got)
	}
	if err := c.Moved(); err == nil || !strings.Contains(err.Error(), "42") || !strings.Contains(err.Error(), "17") {
		t.Error(err)
	}
	if c.Moved() != nil || values[savedUsers] != "[9,17,42]" || values[savedFolder] != "" {
		t.Error("told twice, or not remembered:", values)
	}
	if _, err := c.Changes(t.Context(), at("10:00:00")); err != nil || len(s.Commands(t, 2)) != 12 {
		t.Error(err, s.Commands(t, 2))
	}
	next, err := New(o)
	if err != nil || next.Self() != 42 || next.Moved() != nil {
		t.Error(next.Self(), err)
	}
}

// If the first batch is full, the tasks that it makes answer the question.
func TestFullBatchLearnsFromItsTasks(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200, `{"result":{"result":{"c0":{"task":{"id":"5","createdBy":"42"}}}}}`))
	o := Options{Options: bitrix.Options{Webhook: s.URL + "/rest/17/" + secret + "/"}}
	saved(map[string]string{"portal.times": quick})(&o)
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var effects []desk.Effect
	for range 50 {
		effects = append(effects, openEffect("k", "a"))
	}
	if c.Make(t.Context(), effects); c.Self() != 42 || s.Count() != 1 {
		t.Error(c.Self(), s.Count())
	}
}

// The first meeting is not reported as a change: there is nothing to compare with.
func TestFirstMeetingIsNoChange(t *testing.T) {
	values := map[string]string{}
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"result":{"c0":"2026-08-20T14:15:00+03:00","c1":{"ID":"42"}}}}`))
	o := Options{Options: bitrix.Options{Webhook: s.URL + "/rest/17/" + secret + "/"}}
	saved(values)(&o)
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.portalTime(t.Context()); err != nil || c.Self() != 42 || c.Moved() != nil {
		t.Error(c.Self(), err)
	}
	if diff := cmp.Diff("[42]", values[savedUsers]); diff != "" {
		t.Error(diff)
	}
}
