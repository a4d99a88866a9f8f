package portal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
	sandbox "helpdesk/pkg/sandbox/portal"
)

// stepped returns a portal with its own clock, its client, an open task, and a function that advances the clock.
func stepped(t *testing.T, o sandbox.PortalOptions) (*sandbox.Portal, *Client, int64, func(time.Duration) time.Time) {
	t.Helper()
	clock := sandbox.NewClock(time.Now().Truncate(time.Second))
	o.Now = clock.Now
	p, c := live(t, o)
	id := opened(t, c, 1)[0]
	return p, c, id, clock.Advance
}

func changed(t *testing.T, c *Client, since time.Time) []int64 {
	t.Helper()
	got, err := c.Changes(t.Context(), since)
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, s := range got.Tasks {
		ids = append(ids, s.Task)
	}
	return ids
}

func TestQuirkWholeSeconds(t *testing.T) {
	p, c, id, later := stepped(t, sandbox.PortalOptions{})
	at := later(time.Minute)
	p.Say(id, 7, "x")
	if got := changed(t, c, at.Add(900*time.Millisecond)); !slices.Equal(got, []int64{id}) {
		t.Error("a comment of the same second is missed", got)
	}
}

func TestQuirkUnknownFilterIsIgnored(t *testing.T) {
	p, c, id, later := stepped(t, sandbox.PortalOptions{ActivityFilterIgnored: true})
	at := later(time.Hour)
	if got := changed(t, c, at); len(got) != 0 {
		t.Error("all tasks are changed", got)
	}
	p.Say(id, 7, "x")
	if got := changed(t, c, at); !slices.Equal(got, []int64{id}) {
		t.Error(got)
	}
}

func TestQuirkStatusLeavesActivityAlone(t *testing.T) {
	p, c, id, later := stepped(t, sandbox.PortalOptions{NewCard: true})
	at := later(time.Hour)
	p.CloseTask(id, 7)
	if task, _ := p.Task(id); !task.Activity.Before(at) {
		t.Fatal("the portal moves the date")
	}
	if got := changed(t, c, at); !slices.Equal(got, []int64{id}) {
		t.Error("the closing is missed", got)
	}
}

func TestQuirkAnotherCreator(t *testing.T) {
	p, c, id, later := stepped(t, sandbox.PortalOptions{
		NewCard: true,
		Users:   []sandbox.User{{ID: 1}, {ID: 7}, {ID: 17, Admin: true}},
	})
	p.RemoveUser(id)
	at := later(time.Hour)
	if joined, err := c.Rejoin(t.Context(), []int64{id}); err != nil || len(joined) != 1 {
		t.Fatal(joined, err)
	}
	p.Say(id, 7, "x")
	if got := changed(t, c, at); !slices.Equal(got, []int64{id}) {
		t.Error("a task we merely observe is missed", got)
	}
}

func TestQuirkInactiveUserIsEmpty(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"result":{"c0":{},"c1":["task"],"c2":[],"c3":{"tasks":[]}},"result_error":[]}}`),
		testkit.Answer(404, `{"error":"ERROR_METHOD_NOT_FOUND"}`))
	for _, f := range client(t, s).Check(t.Context(), Want{}) {
		if f.What == "webhook user" && (f.OK || f.Note.Key != "check.portal.owner.inactive") {
			t.Error(f)
		}
	}
}

func TestQuirkLastIDFollowsTheOrder(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{NewCard: true})
	id := opened(t, c, 1)[0]
	first := p.Say(id, 7, "one")
	p.Say(id, 7, "two")
	task, _ := p.Task(id)
	talks, err := c.Talks(t.Context(), []desk.Watch{{Task: id, Chat: task.Chat, Last: first}})
	if err != nil || len(talks[0].Comments) != 1 || talks[0].Comments[0].Text != "two" {
		t.Error(err, talks)
	}
	if cmd := (&reading{chat: 5}).search(); !strings.Contains(fmt.Sprint(cmd.Params), "{ID ASC}") {
		t.Error(cmd)
	}
}

func TestQuirkParamsOfAMessage(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{NewCard: true})
	id := opened(t, c, 1)[0]
	p.Say(id, 7, "plain")
	gone := p.Say(id, 7, "taken back")
	p.Say(id, 7, "", sandbox.File{Name: "a.png", Content: []byte("x")})
	p.DeleteComment(id, gone)
	task, _ := p.Task(id)
	talks, err := c.Talks(t.Context(), []desk.Watch{{Task: id, Chat: task.Chat}})
	if err != nil {
		t.Fatal(err)
	}
	cs := talks[0].Comments
	if n := len(cs); cs[n-3].Deleted || !cs[n-2].Deleted || cs[n-1].Deleted || len(cs[n-1].Files) != 1 ||
		cs[n-1].Files[0].Name != "a.png" {
		t.Errorf("%+v", cs)
	}
}

func TestQuirkServiceCommentsAreSigned(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	id := opened(t, c, 1)[0]
	p.CloseTask(id, 7)
	talks, err := c.Talks(t.Context(), []desk.Watch{{Task: id}})
	if err != nil {
		t.Fatal(err)
	}
	cs := talks[0].Comments
	if last := cs[len(cs)-1]; last.Author != 7 || last.System {
		t.Errorf("only the text could tell, and it is the policy's to read: %+v", last)
	}
}

func TestQuirkFilterByMarkIsNotTrusted(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	opened(t, c, 3)
	found, err := c.Find(t.Context(), []desk.Effect{openEffect("other", "x")}, time.Now())
	if err != nil || found[0].Task != 0 {
		t.Error(err, found)
	}
	for _, k := range p.Calls() {
		if f, ok := k.Params.Get("filter").(*sandbox.Params); ok && f.Has("XML_ID") {
			t.Error("it relies on a filter that is not documented")
		}
	}
}

func TestQuirkContactListGivesAll(t *testing.T) {
	var contacts []sandbox.Contact
	for i := range 120 {
		contacts = append(contacts, sandbox.Contact{
			ID:     int64(i + 1),
			Name:   "Clerk",
			Emails: []string{"office@b.example"},
		})
	}
	contacts = append(contacts, sandbox.Contact{ID: 500, Name: "Ivan", Emails: []string{"ivan@b.example"}})
	p, c := live(t, sandbox.PortalOptions{Contacts: contacts})
	got, err := c.Prepare(t.Context(), []string{"office@b.example", "ivan@b.example"}, nil, nil)
	if err != nil || got.Profiles["ivan@b.example"].Name != "Ivan" ||
		got.Profiles["ivan@b.example"].CRM[0] != "C_500" ||
		len(got.Profiles["office@b.example"].CRM) != maxBound || p.Hits() != 3 {
		t.Error(err, got.Profiles, p.Hits())
	}
}

// Each of several addresses finds its own contact, and none whose address merely begins with it.
func TestQuirkOneAddressIsLookedUp(t *testing.T) {
	_, c := live(t, sandbox.PortalOptions{Contacts: []sandbox.Contact{{
		ID:     1,
		Name:   "One",
		Emails: []string{"one@a.example"},
	},
		{
			ID:     2,
			Name:   "Two",
			Emails: []string{"two@a.example"},
		}, {ID: 3, Name: "Three", Emails: []string{"two@a.example.org"}}}})
	p, err := c.Prepare(t.Context(), []string{"one@a.example", "two@a.example", "nobody@a.example"}, nil, nil)
	if err != nil || len(p.Profiles) != 2 || p.Profiles["one@a.example"].Name != "One" ||
		p.Profiles["two@a.example"].Name != "Two" {
		t.Error(err, p.Profiles)
	}
}

func TestQuirkEitherCardAnswers(t *testing.T) {
	for _, o := range []sandbox.PortalOptions{{}, {NewCard: true}, {NewCard: true, GetListFails: true}} {
		p, c := live(t, o)
		id := opened(t, c, 1)[0]
		p.Say(id, 7, "x")
		talks, err := c.Talks(t.Context(), []desk.Watch{{Task: id}})
		if err != nil || talks[0].Err != nil || len(people(talks[0].Comments, c.Self())) != 1 {
			t.Error(err, talks)
		}
	}
}

func TestQuirkChatIDIsANumber(t *testing.T) {
	r := &reading{task: 3711}
	r.takeTask(bitrix.Answer{Result: json.RawMessage(`{"task":{"id":"3711","chatId":2603}}`)})
	if r.chat != 2603 {
		t.Error(r.chat)
	}
	p, c := live(t, sandbox.PortalOptions{NewCard: true, ChatOnlyInGet: true})
	id := opened(t, c, 1)[0]
	p.Say(id, 7, "x")
	talks, err := c.Talks(t.Context(), []desk.Watch{{Task: id}})
	if err != nil || talks[0].Chat == 0 {
		t.Error(err, talks)
	}
}

func TestQuirkGoneTaskIsAnEmptyList(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	id := opened(t, c, 1)[0]
	p.DeleteTask(id)
	var raw json.RawMessage
	if err := c.Call(t.Context(), "tasks.task.get", bitrix.With("taskId", id), &raw); err != nil ||
		string(raw) != "[]" {
		t.Fatal(string(raw), err)
	}
	talks, err := c.Talks(t.Context(), []desk.Watch{{Task: id}})
	if err != nil {
		t.Fatal(err)
	}
	tells(t, talks[0].Err, told{fault.Never, fault.One})
}

func TestQuirkNoChatIsNull(t *testing.T) {
	r := &reading{}
	r.takeChat(bitrix.Answer{Result: json.RawMessage("null")})
	if r.chat != 0 {
		t.Error(r.chat)
	}
	if r.takeChat(bitrix.Answer{Result: json.RawMessage(`{"ID":1437}`)}); r.chat != 1437 {
		t.Error(r.chat)
	}
}

func TestQuirkAdministratorIsNoMember(t *testing.T) {
	p, c, id, _ := stepped(t, sandbox.PortalOptions{
		NewCard:        true,
		ChatForMembers: true,
		Users:          []sandbox.User{{ID: 1}, {ID: 7}, {ID: 17, Admin: true}},
	})
	p.RemoveUser(id)
	task, _ := p.Task(id)
	talks, err := c.Talks(t.Context(), []desk.Watch{{Task: id, Chat: task.Chat}})
	if err != nil || talks[0].Err == nil || !talks[0].Barred {
		t.Error(err, talks)
	}
}

func TestQuirkUpdateReplacesTheList(t *testing.T) {
	p, c, _, _ := stepped(t, sandbox.PortalOptions{
		NewCard: true,
		Users:   []sandbox.User{{ID: 1}, {ID: 7}, {ID: 9}, {ID: 17, Admin: true}},
	})
	e := openEffect("k", "observed")
	e.Post.Fields.Auditors = []int64{9}
	id := c.Make(t.Context(), []desk.Effect{e})[0].Task
	p.RemoveUser(id)
	if joined, err := c.Rejoin(t.Context(), []int64{id, 999999}); err != nil || !slices.Equal(joined, []int64{id}) {
		t.Fatal(joined, err)
	}
	if task, _ := p.Task(id); !slices.Contains(task.Auditors, 9) || !slices.Contains(task.Auditors, 17) {
		t.Error(task.Auditors)
	}
}

func TestQuirkResultWithoutItsMessage(t *testing.T) {
	for _, o := range []sandbox.PortalOptions{{}, {NewCard: true}} {
		p, c := live(t, o, func(o *Options) { o.Results = true })
		id := opened(t, c, 1)[0]
		at := p.Say(id, 7, "done")
		p.Say(id, 7, "done") // the same words again
		p.MarkResult(id, at)
		talks, err := c.Talks(t.Context(), []desk.Watch{{Task: id}})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, m := range talks[0].Comments {
			if m.Result {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d results of one: %+v", n, talks[0].Comments)
		}
	}
}

// A result by a user whom the portal does not list is a guest's.
func TestResultOfAStranger(t *testing.T) {
	body := `{"result":{"result":{"c0":{"messages":[],"users":[],"files":[]},"c1":[{"id":23,"commentId":0,"createdBy":42,"text":"a","files":[]}]},"result_error":[]}}`
	s := testkit.NewScript(t, testkit.Answer(200, body), testkit.Answer(200, `{"result":{"result":{"c0":[]}}}`))
	talks, err := client(t, s, func(o *Options) {
		o.Results = true
	}).Talks(t.Context(), []desk.Watch{{Task: 1, Chat: 2, Last: 9}})
	if err != nil || talks[0].Err != nil || len(talks[0].Comments) != 1 || talks[0].Comments[0].Name != "" ||
		talks[0].Comments[0].ResultID != 23 ||
		!talks[0].Comments[0].Guest {
		t.Error(err, talks)
	}
}

func TestQuirkNewCardAnswersTheOldMethod(t *testing.T) {
	for _, fails := range []bool{false, true} {
		p, c := live(t, sandbox.PortalOptions{NewCard: true, GetListFails: fails})
		var ids []int64
		var ws []desk.Watch
		for _, id := range opened(t, c, 30) { // more than can be asked for their chats in the same request
			p.Say(id, 7, "x")
			ids, ws = append(ids, id), append(ws, desk.Watch{Task: id})
		}
		talks, err := c.Talks(t.Context(), ws)
		if err != nil {
			t.Fatal(err)
		}
		for i, talk := range talks {
			if talk.Err != nil || len(people(talk.Comments, c.Self())) != 1 {
				t.Fatal(ids[i], talk)
			}
		}
	}
}

func TestQuirkUpperAndCamelCase(t *testing.T) {
	p, c := live(t, sandbox.PortalOptions{})
	id := opened(t, c, 1)[0]
	p.CloseTask(id, 7)
	states, err := c.States(t.Context(), []int64{id})
	if err != nil || states[id].Title != "task 0" || states[id].ClosedAt.IsZero() || states[id].Activity.IsZero() {
		t.Error(err, states)
	}
}

func TestQuirkActivityMayBeNull(t *testing.T) {
	var row task
	if err := json.Unmarshal(
		[]byte(`{"id":"1","activityDate":null,"changedDate":"","createdDate":"2026-08-20T10:06:08+03:00"}`),
		&row); err != nil {
		t.Fatal(err)
	}
	if row.activity().IsZero() || row.changed().IsZero() {
		t.Error(row.activity(), row.changed())
	}
}

func TestQuirkControlIsDone(t *testing.T) {
	for status, want := range map[bitrix.ID]desk.Status{
		2: desk.Open,
		3: desk.Open,
		4: desk.Done,
		5: desk.Done,
		6: desk.Open,
	} {
		row := task{ID: 1, Status: status, ChangedDate: bitrix.Time{Time: time.Unix(5, 0)}}
		if s := row.state(); s.Status != want || (want == desk.Done) == s.ClosedAt.IsZero() {
			t.Error(status, s)
		}
	}
}

func TestQuirkMachinesAndOutsiders(t *testing.T) {
	for _, tt := range []struct {
		user, message    string
		bot, guest, away bool
	}{
		{`"type":"user","externalAuthId":"default"`, ``, false, false, false},
		{`"type":"user","externalAuthId":"rest_system"`, ``, true, false, false},
		{`"type":"user","externalAuthId":"calendar_sharing"`, ``, true, false, false},
		{`"type":"user","connector":true`, ``, true, false, false},
		{`"type":"user","externalAuthId":"__controller"`, ``, true, false, false},
		{`"type":"user","externalAuthId":"document_editor"`, ``, false, true, false},
		{`"type":"user","externalAuthId":"call"`, ``, false, true, false},
		{`"type":"user","externalAuthId":"saleanonymous"`, ``, false, true, false},
		{`"type":"user","externalAuthId":"socservices"`, ``, false, false, false},
		{`"type":"guest"`, ``, false, true, false},
		{`"type":"collaber"`, ``, false, true, false},
		{`"type":"user","externalAuthId":"im_guest"`, ``, false, true, false},
		{`"type":"user"`, `,"forward":{"id":"chat5/7","userId":9}`, false, false, true},
		{`"type":"user"`, `,"forward":null`, false, false, false},
	} {
		page := `{"result":{"result":{"c0":{"messages":[{"id":5,"authorId":7,"text":"x"` + tt.message +
			`}],"users":[{"id":7,` + tt.user + `}],"files":[]}}}}`
		talks, err := client(t, testkit.NewScript(t, testkit.Answer(200, page))).Talks(t.Context(), []desk.Watch{{
			Task: 1,
			Chat: 2,
		}})
		if err != nil || len(talks[0].Comments) != 1 {
			t.Fatal(err, talks)
		}
		if m := talks[0].Comments[0]; m.Bot != tt.bot || m.Guest != tt.guest || m.Forwarded != tt.away {
			t.Errorf("%s%s: %+v", tt.user, tt.message, m)
		}
	}
}

func TestQuirkGroupsComeWithoutNames(t *testing.T) {
	_, c := live(t, sandbox.PortalOptions{Scopes: []string{"socialnetwork"}})
	var bare struct {
		Workgroups []groupRow `json:"workgroups"`
	}
	err := c.Call(t.Context(), "socialnetwork.api.workgroup.list", nil, &bare)
	if err != nil || len(bare.Workgroups) != 1 || bare.Workgroups[0].ID != 3 || bare.Workgroups[0].Name != "" {
		t.Errorf("without select: %v, %v", bare, err)
	}
	if all, err := c.Groups(t.Context()); err != nil || len(all) != 1 || all[0].Name != "Support" {
		t.Errorf("%v, %v", all, err)
	}
}
