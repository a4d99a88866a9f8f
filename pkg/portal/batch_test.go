package portal

import (
	"encoding/json"
	"strings"
	"testing"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/desk"
)

func TestWhatBatchWouldRewriteGoesAlone(t *testing.T) {
	comment := commentEffect(8, "hd-0011223344556677 pay $TOTAL")
	comment.Post.Reopen = true
	s := testkit.NewScript(t,
		testkit.Answer(200,
			`{"result":{"result":{"c1":{"task":{"id":"8"}},"c3":{"task":{"id":"9"}}},"result_error":[]}}`),
		testkit.Answer(200, `{"result":12}`))
	made := client(t, s).Make(t.Context(), []desk.Effect{comment, openEffect("k", "plain")})
	if made[0].Err != nil || made[0].Comment != 12 || made[1].Task != 9 {
		t.Error(made)
	}
	if got := s.Commands(t, 0); len(got) != 4 || !strings.HasPrefix(got[1], "tasks.task.renew") {
		t.Error(got) // the task is reopened first
	}
	want := `{"0":8,"1":{"POST_MESSAGE":"hd-0011223344556677 pay $TOTAL"}}`
	if s.Request(1).Body != want || !strings.HasSuffix(s.Request(1).Path, "/task.commentitem.add") {
		t.Errorf("%s %s", s.Request(1).Path, s.Request(1).Body)
	}
}

func TestLongTitleIsCutByUs(t *testing.T) {
	cmd := (&Client{}).taskAdd(openEffect("k", strings.Repeat("é", 300)))
	b, err := json.Marshal(cmd.Params)
	if err != nil || strings.Count(string(b), "é") != maxTitle {
		t.Error(err, strings.Count(string(b), "é"))
	}
}
