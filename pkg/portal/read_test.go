package portal

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"helpdesk/internal/testkit"
	"helpdesk/pkg/desk"
	"helpdesk/pkg/fault"
)

func at(clock string) time.Time {
	t, err := time.Parse(time.RFC3339, "2026-08-20T"+clock+"+03:00")
	if err != nil {
		panic(err)
	}
	return t
}

var sameTime = cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })

func TestChangesIsOneRequest(t *testing.T) {
	s := testkit.NewScript(t, fixture(t, "changes.json"))
	got, err := client(t, s).Changes(t.Context(), at("10:00:00").Add(300*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	list := "&order[%[1]s]=desc&select[0]=ID&select[1]=TITLE&select[2]=STATUS&select[3]=ACTIVITY_DATE&select[4]=CHANGED_DATE" +
		"&select[5]=CREATED_DATE&select[6]=CLOSED_DATE&select[7]=XML_ID&select[8]=CHAT_ID&select[9]=RESPONSIBLE_ID&start=-1"
	head := "tasks.task.list?filter[%[2]s]=17&filter[>=%[1]s]=2026-08-20T10:00:00+03:00"
	var want []string
	for _, part := range []string{"CREATED_BY", "AUDITOR"} {
		want = append(want, fmt.Sprintf(head+list, "ACTIVITY_DATE", part), fmt.Sprintf(head+list, "CHANGED_DATE", part))
	}
	if diff := cmp.Diff(want, s.Commands(t, 0)); diff != "" {
		t.Error(diff)
	}
	tasks := []desk.TaskState{
		{
			Task:     3600,
			Status:   desk.Done,
			Title:    "done",
			Activity: at("13:40:00").AddDate(0, 0, -1),
			Changed:  at("13:41:00"),
			ClosedAt: at("13:41:00"),
		},
		{
			Task:     3650,
			Status:   desk.Done,
			Title:    "VPN",
			Activity: at("13:40:00"),
			Changed:  at("13:41:00"),
			ClosedAt: at("13:40:00"),
		},
		{
			Task:     3711,
			Status:   desk.Open,
			Title:    "Не печатает",
			Chat:     2603,
			Activity: at("14:11:05"),
			Changed:  at("10:06:08"),
		},
	}
	if diff := cmp.Diff(desk.Changes{Tasks: tasks, Now: at("14:15:00")}, got, sameTime); diff != "" {
		t.Error(diff)
	}
}

func page(from, n int, date string) string {
	var rows []string
	for i := range n {
		rows = append(rows, fmt.Sprintf(`{"id":"%d","status":"2","activityDate":%q,"changedDate":%q,"xmlId":"hd-k%d"}`,
			from+i, date, date, from+i))
	}
	return `{"tasks":[` + strings.Join(rows, ",") + `]}`
}

func TestChangesPagesOnlyWhatIsAllNew(t *testing.T) {
	now, old := at("11:00:00").Format(time.RFC3339), at("09:00:00").Format(time.RFC3339)
	two := `{"result":{"result":{"c0":%s,"c1":%s,"c2":{"tasks":[]},"c3":{"tasks":[]}},"result_error":[]}}`
	s := testkit.NewScript(t,
		testkit.Answer(200, fmt.Sprintf(two, page(1, 50, now), page(1, 50, old))),
		testkit.Answer(200, fmt.Sprintf(`{"result":{"result":{"c0":%s},"result_error":[]}}`, page(50, 50, old))))
	got, err := client(t, s).Changes(t.Context(), at("10:00:00"))
	if err != nil || len(got.Tasks) != 50 {
		t.Error(len(got.Tasks), err)
	}
	if cmds := s.Commands(t, 1); len(cmds) != 1 || !strings.HasSuffix(cmds[0], "&start=50") {
		t.Error(cmds)
	}
}

func TestChangesFromZeroTakesTheClock(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"result":{"c0":"2026-08-20T14:15:00+03:00"},"result_error":[]}}`))
	got, err := client(t, s).Changes(t.Context(), time.Time{})
	if err != nil || !got.Now.Equal(at("14:15:00")) || len(got.Tasks) != 0 {
		t.Error(got, err)
	}
}

func TestChangesFailWhenOneListFails(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"result":{"c0":{"tasks":[]}},"result_error":{"c1":{"error":"INTERNAL_SERVER_ERROR"}}}}`))
	_, err := client(t, s).Changes(t.Context(), at("10:00:00"))
	tells(t, err, told{fault.Unsure, fault.One})
}

func TestStatesOfManyTasksIsOneRequest(t *testing.T) {
	two := `{"result":{"result":{"c0":{"tasks":[{"id":"1","status":"5","closedDate":"2026-08-20T13:40:00+03:00"}]},"c1":{"tasks":[{"id":60,"status":6}]}},"result_error":[]}}`
	s := testkit.NewScript(t, testkit.Answer(200, two))
	var ids []int64
	for i := range 60 {
		ids = append(ids, int64(i+1))
	}
	got, err := client(t, s).States(t.Context(), ids)
	if err != nil || len(got) != 2 || got[1].Status != desk.Done || got[60].Status != desk.Open {
		t.Error(got, err)
	}
	if cmds := s.Commands(t, 0); len(cmds) != 2 || !strings.HasPrefix(cmds[1], "tasks.task.list?filter[ID][0]=51&") {
		t.Error(cmds)
	}
	if _, err := client(t, testkit.NewScript(t)).States(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func TestFindTasks(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200, `{"result":{"result":{"c0":`+page(1, 50, "")+`}}}`),
		testkit.Answer(200, `{"result":{"result":{"c0":`+page(51, 3, "")+`}}}`))
	effects := []desk.Effect{openEffect("k7", "a"), openEffect("none", "b"), openEffect("k52", "c")}
	made, err := client(t, s).Find(t.Context(), effects, at("10:00:00"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]desk.Made{{Task: 7}, {}, {Task: 52}}, made); diff != "" {
		t.Error(diff)
	}
	want := "tasks.task.list?filter[CREATED_BY]=17&filter[>=CREATED_DATE]=2026-08-20T09:55:00+03:00&filter[>ID]=50&select[0]=ID&select[1]=XML_ID" +
		"&select[2]=CHAT_ID&order[ID]=asc&start=-1"
	if got := s.Commands(t, 1)[0]; got != want {
		t.Error(got)
	}
}

func TestFindTakesTheLowerOfTwo(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"result":{"c0":{"tasks":[{"id":"4","xmlId":"hd-k"},{"id":"5","xmlId":"hd-k"}]}}}}`))
	made, err := client(t, s).Find(t.Context(), []desk.Effect{openEffect("k", "a")}, at("10:00:00"))
	if err != nil || made[0].Task != 4 {
		t.Error(made, err)
	}
}

func TestFindCommentsOnEitherCard(t *testing.T) {
	const mark = "hd-0011223344556677"
	old := `{"result":{"result":{"c0":[{"ID":"9","AUTHOR_ID":"7","POST_MESSAGE":"` + mark +
		`"},{"ID":"10","AUTHOR_ID":"17","POST_MESSAGE":"[QUOTE]x\n` + mark + `[/QUOTE]\ny"},
		{"ID":"11","AUTHOR_ID":"17","POST_MESSAGE":"[B]x ` + mark +
		`[/B]\ny"}],"c1":{"task":{"id":"3","chatId":null}},"c2":null},"result_error":[]}}`
	s := testkit.NewScript(t, testkit.Answer(200, old))
	made, err := client(t, s).Find(t.Context(), []desk.Effect{commentEffect(3, "t")}, at("10:00:00"))
	if err != nil || made[0].Comment != 11 || made[0].Err != nil {
		t.Error(made, err)
	}
	ours := "task.commentitem.getlist?TASKID=3&ORDER[ID]=asc&FILTER[>=POST_DATE]=2026-08-20T09:55:00+03:00"
	if got := s.Commands(t, 0)[0]; got != ours {
		t.Error(got)
	}
	isNew := `{"result":{"result":{"c1":{"task":{"id":"3","chatId":26}},"c2":{"ID":26}},"result_error":{"c0":{"error":"ERROR_CORE"}}}}`
	search := `{"result":{"result":{"c0":{"messages":[{"id":50,"authorId":17,"text":"t\n\n` + mark +
		`"}],"users":[],"files":[]}},"result_error":[]}}`
	s = testkit.NewScript(t, testkit.Answer(200, isNew), testkit.Answer(200, search))
	made, err = client(t, s).Find(t.Context(), []desk.Effect{commentEffect(3, "t")}, at("10:00:00"))
	if diff := cmp.Diff([]desk.Made{{Task: 3, Comment: 50, Chat: 26}}, made); diff != "" || err != nil {
		t.Error(diff, err)
	}
	want := "im.dialog.messages.search?CHAT_ID=26&LAST_ID=0&ORDER[ID]=ASC&LIMIT=200&DATE_FROM=2026-08-20T09:55:00+03:00"
	if got := s.Commands(t, 1)[0]; got != want {
		t.Error(got)
	}
}

func TestFindSaysWhatCouldNotBeLookedFor(t *testing.T) {
	none := `{"result":{"result":{"c1":{"task":{"id":"3"}},"c2":null},"result_error":{"c0":{"error":"ERROR_CORE"}}}}`
	made, err := client(t, testkit.NewScript(t, testkit.Answer(200, none))).Find(t.Context(),
		[]desk.Effect{commentEffect(3, "t")}, at("10:00:00"))
	if err != nil {
		t.Fatal(err)
	}
	tells(t, made[0].Err, told{fault.Unsure, fault.One})
	gone := `{"result":{"result":{"c1":[],"c2":null},"result_error":{"c0":{"error":"ERROR_CORE"}}}}`
	made, err = client(t, testkit.NewScript(t, testkit.Answer(200, gone))).Find(t.Context(),
		[]desk.Effect{commentEffect(3, "t")}, at("10:00:00"))
	if err != nil || made[0].Comment != 0 || made[0].Err != nil {
		t.Error(made, err)
	}
}

func TestTalksOfBothCardsIsOneRequest(t *testing.T) {
	s := testkit.NewScript(t, fixture(t, "talks.json"))
	got, err := client(t, s).Talks(t.Context(), []desk.Watch{{
		Task: 3711,
		Chat: 2603,
		Last: 84877,
	}, {Task: 3650, Last: 3157}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"im.dialog.messages.search?CHAT_ID=2603&LAST_ID=84876&ORDER[ID]=ASC&LIMIT=200",
		"task.commentitem.getlist?TASKID=3650&ORDER[ID]=asc&FILTER[>=ID]=3157",
		"tasks.task.get?taskId=3650&select[0]=ID&select[1]=CHAT_ID",
		"im.chat.get?ENTITY_TYPE=TASKS_TASK&ENTITY_ID=3650",
	}
	if diff := cmp.Diff(want, s.Commands(t, 0)); diff != "" {
		t.Error(diff)
	}
	anna := func(id int64, clock, text string) desk.Comment {
		return desk.Comment{ID: id, Author: 7, Name: "Анна Ким", Position: "инженер", At: at(clock), Text: text}
	}
	file, deleted, empty := anna(84901, "14:11:05", "Перезагрузите [B]принтер[/B]"), anna(84905, "14:11:09",
		"phrase"), anna(84906, "14:11:10", " ")
	file.Files = []desk.File{{Name: "шаг1.png", Size: 2144, Object: 9817}}
	deleted.Deleted, empty.Deleted = true, true
	talks := []desk.Talk{
		{Task: 3711, Chat: 2603, Comments: []desk.Comment{
			file, {ID: 84902, At: at("14:11:06"), Text: "changed", System: true},
			{ID: 84903, Author: 8, Name: "Bot", At: at("14:11:07"), Text: "bot", Bot: true},
			{ID: 84904, Author: 9, Name: "Guest", At: at("14:11:08"), Text: "guest", Guest: true}, deleted, empty,
		}},
		{Task: 3650, Comments: []desk.Comment{
			{ID: 3160, Author: 9, Name: "Олег", At: at("13:39:58"), Text: "Готово, проверьте"},
			{ID: 3161, Author: 9, Name: "Олег", At: at("13:40:58"), Text: "file",
				Files: []desk.File{{Name: "photo1.png", Size: 1495700, Attach: 973,
					URL: "/bitrix/tools/disk/uf.php?attachedId=973&auth%5Bauth%5D=x&action=download&ncc=1"}}},
		}},
	}
	if diff := cmp.Diff(talks, got, sameTime); diff != "" {
		t.Error(diff)
	}
}

func TestTalksOfFiftyOldTasksIsOneRequest(t *testing.T) {
	for _, n := range []int{40, 50} {
		s := testkit.NewScript(t, nil)
		s.Answers[0] = func(w http.ResponseWriter, _ *http.Request) {
			var rs []string
			for i := range s.Commands(t, 0) {
				rs = append(rs, fmt.Sprintf(`"c%d":[{"ID":"5","AUTHOR_ID":"7","POST_MESSAGE":"x"}]`, i))
			}
			fmt.Fprintf(w, `{"result":{"result":{%s},"result_error":[]}}`, strings.Join(rs, ","))
		}
		var ws []desk.Watch
		for i := range n {
			ws = append(ws, desk.Watch{Task: int64(i + 1)})
		}
		got, err := client(t, s).Talks(t.Context(), ws)
		if err != nil || len(got) != n || len(got[n-1].Comments) != 1 {
			t.Error(err)
		}
	}
}

func messages(from, n int) string {
	var ms []string
	for i := range n {
		ms = append(ms, fmt.Sprintf(`{"id":%d,"authorId":7,"text":"m","isSystem":false,"params":[]}`, from+i))
	}
	return `{"result":{"result":{"c0":{"messages":[` + strings.Join(ms, ",") +
		`],"users":[],"files":[]}},"result_error":[]}}`
}

func TestMoreThanTwoHundredMessages(t *testing.T) {
	s := testkit.NewScript(t, testkit.Answer(200, messages(10, 200)), testkit.Answer(200, messages(210, 5)))
	got, err := client(t, s).Talks(t.Context(), []desk.Watch{{Task: 1, Chat: 2, Last: 9}})
	if err != nil || len(got[0].Comments) != 205 {
		t.Error(err)
	}
	if want := "im.dialog.messages.search?CHAT_ID=2&LAST_ID=209&ORDER[ID]=ASC&LIMIT=200"; s.Commands(t, 1)[0] != want {
		t.Error(s.Commands(t, 1))
	}
}

func TestMigratedTaskIsReadFromTheBeginningOfItsChat(t *testing.T) {
	for _, first := range []string{
		`{"result":{"result":{"c0":[],"c1":{"task":{"id":"1","chatId":26}},"c2":null},"result_error":[]}}`,
		`{"result":{"result":{"c1":{"task":{"id":"1"}},"c2":{"ID":26}},"result_error":{"c0":{"error":"ERROR_CORE"}}}}`,
	} {
		s := testkit.NewScript(t, testkit.Answer(200, first), testkit.Answer(200, messages(10, 1)))
		got, err := client(t, s).Talks(t.Context(), []desk.Watch{{Task: 1, Last: 90000}})
		if err != nil || got[0].Err != nil || got[0].Chat != 26 || len(got[0].Comments) != 1 {
			t.Error(got, err)
		}
	}
}

func TestTalkThatCannotBeRead(t *testing.T) {
	denied := `{"result":{"result":[],"result_error":{"c0":{"error":"ACCESS_ERROR","error_description":"You don't have access"}}}}`
	got, err := client(t, testkit.NewScript(t, testkit.Answer(200, denied))).Talks(t.Context(), []desk.Watch{{
		Task: 1,
		Chat: 2,
	}})
	if err != nil {
		t.Fatal(err)
	}
	tells(t, got[0].Err, told{fault.Never, fault.One})
	gone := `{"result":{"result":{"c1":[],"c2":null},"result_error":{"c0":{"error":"ERROR_CORE","error_description":"TASKS_ERROR_EXCEPTION_#8; x<br>"}}}}`
	got, err = client(t, testkit.NewScript(t, testkit.Answer(200, gone))).Talks(t.Context(), []desk.Watch{{Task: 1}})
	if err != nil {
		t.Fatal(err)
	}
	tells(t, got[0].Err, told{fault.Never, fault.One})
}

func TestResultsAreMarked(t *testing.T) {
	body := `{"result":{"result":{"c0":{"messages":[{"id":5,"authorId":7,"text":"a "},{"id":6,"authorId":7,"text":"b"},{"id":7,"authorId":8,"text":"a"}],"users":[],"files":[]},
		"c1":[{"id":23,"commentId":0,"createdBy":7,"text":"a"},{"id":24,"commentId":6,"createdBy":7,"text":"?"}]},"result_error":[]}}`
	s := testkit.NewScript(t, testkit.Answer(200, body))
	got, err := client(t, s, func(o *Options) { o.Results = true }).Talks(t.Context(), []desk.Watch{{Task: 1, Chat: 2}})
	if err != nil {
		t.Fatal(err)
	}
	cs := got[0].Comments
	if !cs[0].Result || !cs[1].Result || cs[2].Result || s.Commands(t, 0)[1] != "tasks.task.result.list?taskId=1" {
		t.Error(cs, s.Commands(t, 0))
	}
}

func TestDownload(t *testing.T) {
	var s *testkit.Script
	s = testkit.NewScript(t,
		func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"result":{"ID":"9817","DOWNLOAD_URL":"%s/rest/download.json?auth=s&token=t"}}`, s.URL)
		},
		func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.Header.Get("User-Agent"), "helpdesk/") || r.Header.Get("Referer") != s.URL+"/" ||
				r.Header.Get("Accept-Language") == "" {
				t.Error(r.Header)
			}
			io.WriteString(w, "content")
		},
		testkit.Answer(400, `{"error":"ERROR_NOT_FOUND"}`), testkit.Answer(200, "old"), testkit.Answer(404, "<html>"),
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "cut")
		})
	c := client(t, s)
	var b bytes.Buffer
	if err := c.Download(t.Context(), desk.File{Object: 9817}, &b); err != nil || b.String() != "content" {
		t.Error(err, b.String())
	}
	b.Reset()
	old := desk.File{Attach: 973, URL: "/bitrix/tools/disk/uf.php?attachedId=973"}
	if err := c.Download(t.Context(), old, &b); err != nil || b.String() != "old" {
		t.Error(err, b.String())
	}
	if s.Request(2).Body != `{"id":973}` || s.Request(3).Path != old.URL {
		t.Error(s.Request(2).Body, s.Request(3).Path)
	}
	only := desk.File{URL: "/x?token=" + secret}
	tells(t, c.Download(t.Context(), only, &b), told{fault.Never, fault.One})
	tells(t, c.Download(t.Context(), only, &b), told{fault.Refused, fault.One})
	tells(t, c.Download(t.Context(), desk.File{}, &b), told{fault.Never, fault.One})
	tells(t, c.Download(t.Context(), desk.File{URL: "http://portal.example/x"}, &b), told{fault.Never, fault.One})
}

func TestDownloadFollowsToWhereTheFileLies(t *testing.T) {
	store := testkit.NewScript(t, testkit.Answer(200, "content"))
	s := testkit.NewScript(t,
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, store.URL+"/bucket/1", http.StatusFound)
		},
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://plain.example/x", http.StatusFound)
		})
	var b bytes.Buffer
	if err := client(t, s).Download(t.Context(), desk.File{URL: "/x?token=" + secret}, &b); err != nil ||
		b.String() != "content" {
		t.Error(err, b.String())
	}
	if ref := store.Request(0).Header.Get("Referer"); strings.Contains(ref, secret) {
		t.Error("the token travels on:", ref)
	}
	tells(t, client(t, s).Download(t.Context(), desk.File{URL: "/x?token=" + secret}, &b), told{fault.Never, fault.One})
}

// The portal's own messages are recognised by either sign, on both cards.
func TestMessagesOfTheSystem(t *testing.T) {
	chat := `{"messages":[{"id":5,"authorId":0,"isSystem":false,"text":"x"},{"id":6,"authorId":7,"isSystem":true,"text":"x"},
		{"id":7,"authorId":7,"isSystem":false,"text":"x"}],"users":[],"files":[]}`
	forum := `[{"ID":"8","AUTHOR_ID":"0","POST_MESSAGE":"x"},{"ID":"9","AUTHOR_ID":"7","POST_MESSAGE":"x"}]`
	s := testkit.NewScript(t, testkit.Answer(200,
		`{"result":{"result":{"c0":`+chat+`,"c1":`+forum+`},"result_error":[]}}`))
	got, err := client(t, s).Talks(t.Context(), []desk.Watch{{Task: 1, Chat: 2}, {Task: 3}})
	if err != nil {
		t.Fatal(err)
	}
	var system []int64
	for _, talk := range got {
		for _, m := range talk.Comments {
			if m.System {
				system = append(system, m.ID)
			}
		}
	}
	if diff := cmp.Diff([]int64{5, 6, 8}, system); diff != "" {
		t.Error(diff)
	}
}

// PHP writes a list with gaps as a map, and an empty map as a list.
func TestUsersAndFilesOfAnyForm(t *testing.T) {
	for _, tt := range []struct{ users, files, name, file string }{
		{`[{"id":7,"name":"Anna"}]`, `[{"id":9,"name":"a.png"}]`, "Anna", "a.png"},
		{`{"7":{"id":"7","name":"Anna"}}`, `{"9":{"id":"9","name":"a.png"}}`, "Anna", "a.png"},
		{`[]`, `{}`, "", ""}, {`{}`, `null`, "", ""},
	} {
		body := `{"messages":[{"id":5,"authorId":7,"text":"x","params":{"FILE_ID":[9]}}],"users":` + tt.users +
			`,"files":` + tt.files + `}`
		s := testkit.NewScript(t, testkit.Answer(200, `{"result":{"result":{"c0":`+body+`},"result_error":[]}}`))
		got, err := client(t, s).Talks(t.Context(), []desk.Watch{{Task: 1, Chat: 2}})
		if err != nil || got[0].Err != nil {
			t.Fatal(err, got)
		}
		if m := got[0].Comments[0]; m.Name != tt.name || len(m.Files) != 1 || m.Files[0].Name != tt.file ||
			m.Files[0].Object != 9 {
			t.Errorf("%s %s: %+v", tt.users, tt.files, m)
		}
	}
	for _, objects := range []string{`,"ATTACHED_OBJECTS":[]`, `,"ATTACHED_OBJECTS":{}`, `,"ATTACHED_OBJECTS":null`,
		""} {
		list, err := readForum([]byte(`[{"ID":"9","AUTHOR_ID":"7","POST_MESSAGE":"x"` + objects + `}]`))
		if err != nil || len(list) != 1 || len(list[0].Files) != 0 {
			t.Error(objects, list, err)
		}
	}
}
