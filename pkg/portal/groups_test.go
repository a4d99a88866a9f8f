package portal

import (
	"fmt"
	"testing"

	sandbox "helpdesk/pkg/sandbox/portal"
)

// Groups are found by either method and over several pages, without archived and secret ones.
func TestGroups(t *testing.T) {
	for _, scope := range GroupScopes {
		o := sandbox.PortalOptions{Scopes: []string{"task", scope}, Groups: []sandbox.Group{
			{ID: 5, Name: "Warehouse", Archived: true}, {ID: 6, Name: "Board", Secret: true},
		}}
		for n := range 60 {
			o.Groups = append(o.Groups, sandbox.Group{ID: int64(100 + n), Name: fmt.Sprintf("Project %d", n)})
		}
		_, c := live(t, o)
		all, err := c.Groups(t.Context())
		if err != nil || len(all) != 60 || all[0].Name != "Project 0" || all[59].ID != 159 {
			t.Errorf("%s: %d groups, %v: %v", scope, len(all), all, err)
		}
		for id, want := range map[int64]string{
			5: "{5 Warehouse false} true", 6: "{0  false} false", 7: "{0  false} false",
			159: "{159 Project 59 true} true",
		} {
			g, ok, err := c.Group(t.Context(), id)
			if got := fmt.Sprint(g, ok); got != want || err != nil {
				t.Errorf("%s: group %d is %s, %v; want %s", scope, id, got, err, want)
			}
		}
	}
	_, c := live(t, sandbox.PortalOptions{Scopes: []string{"task"}})
	if _, err := c.Groups(t.Context()); err == nil {
		t.Error("without a scope groups are listed")
	}
}
