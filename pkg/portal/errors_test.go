package portal

import (
	"strings"
	"testing"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// A custom field that the portal requires fails every task: the error must show its name.
func TestMandatoryFieldIsNamed(t *testing.T) {
	for _, o := range []sandbox.PortalOptions{{MandatoryField: "UF_BRANCH"}, {
		MandatoryField: "UF_BRANCH",
		NewCard:        true,
	}} {
		_, c := live(t, o)
		for _, effects := range [][]desk.Effect{{openEffect("k", "a")}, {openEffect("k", "a"), openEffect("l", "b")}} {
			err := c.Make(t.Context(), effects)[0].Err
			tells(t, err, told{fault.Never, fault.One})
			if !strings.Contains(err.Error(), "UF_BRANCH") {
				t.Error(err)
			}
		}
	}
}

func TestAnswerWithoutATask(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200, `{"result":[]}`))
	err := client(t, s).Make(t.Context(), []desk.Effect{openEffect("k", "cost $total")})[0].Err
	if tells(t, err, told{fault.Unsure, fault.One}); !strings.Contains(err.Error(), "no task") {
		t.Error(err)
	}
}
