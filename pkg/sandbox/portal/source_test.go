package portal

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// unlimited starts a portal without a rate limit.
func unlimited(t *testing.T, o PortalOptions) *rig {
	t.Helper()
	o.NoLimit = true
	return start(t, o)
}

func (r *rig) upload(name, content string) int64 {
	r.t.Helper()
	return r.ok("disk.folder.uploadfile",
		fmt.Sprintf(`{"id":%d,"data":{"NAME":%q},"fileContent":[%q,%q],"generateUniqueName":true}`,
			rootFolder, name, name, content)).Int("result", "ID")
}

// last returns the newest comment or message of the task.
func (r *rig) last(n int64) Comment {
	r.t.Helper()
	task, _ := r.Task(n)
	return task.Comments[len(task.Comments)-1]
}

func TestCommentsOfTheNewCardAreText(t *testing.T) {
	r := unlimited(t, PortalOptions{NewCard: true})
	n, file := r.task("x"), r.upload("a.txt", "aGVsbG8=")
	got := r.ok("task.commentitem.add",
		fmt.Sprintf(`[%d,{"POST_MESSAGE":"see","UF_FORUM_MESSAGE_DOC":["n%d"],"POST_DATE":"2020-01-01T00:00:00+03:00"}]`, n, file))
	c := r.last(n)
	if got.Int("result") != c.ID || c.Text != "see" || len(c.Files) > 0 || c.At.Year() == 2020 {
		t.Errorf("QUIRK files and date are dropped, the id is the message's: %s, %+v", got.Str("result"), c)
	}
	old := unlimited(t, PortalOptions{})
	n, file = old.task("x"), old.upload("a.txt", "aGVsbG8=")
	old.ok("task.commentitem.add", fmt.Sprintf(`[%d,{"POST_MESSAGE":"see","UF_FORUM_MESSAGE_DOC":["n%d"]}]`, n, file))
	if c := old.last(n); len(c.Files) != 1 {
		t.Errorf("old card: %d files", len(c.Files))
	}
}

func TestAChatThatTakesNothing(t *testing.T) {
	r := unlimited(t, PortalOptions{NewCard: true, Talks: func(text string) bool {
		return !strings.Contains(text, "casino")
	}})
	n, file := r.task("x"), r.upload("a.txt", "aGVsbG8=")
	task, _ := r.Task(n)
	if got := r.ok("task.commentitem.add", fmt.Sprintf(`[%d,{"POST_MESSAGE":"casino"}]`, n)).Str("result"); got != "0" {
		t.Errorf("QUIRK task.commentitem.add answers 0: %q", got)
	}
	if got := r.v3("tasks.task.chat.message.send",
		fmt.Sprintf(`{"fields":{"taskId":%d,"text":"casino"}}`, n)); !truthy(got.body.Get("result", "result")) {
		t.Errorf("QUIRK tasks.task.chat.message.send answers true: %s", got.raw)
	}
	r.refused("im.message.add", r.call("im.message.add",
		fmt.Sprintf(`{"DIALOG_ID":"chat%d","MESSAGE":"casino"}`, task.Chat)), 400, "CANCELED")
	r.refused("im.disk.file.commit", r.call("im.disk.file.commit",
		fmt.Sprintf(`{"CHAT_ID":%d,"FILE_ID":[%d],"MESSAGE":"casino"}`, task.Chat, file)), 400, "SAVE_ERROR")
	if after, _ := r.Task(n); len(after.Comments) != len(task.Comments) {
		t.Errorf("%d comments, before %d", len(after.Comments), len(task.Comments))
	}
}

func TestSendMakesNoChat(t *testing.T) {
	r := unlimited(t, PortalOptions{})
	n := r.task("x")
	r.Upgrade()
	got := r.v3("tasks.task.chat.message.send", fmt.Sprintf(`{"fields":{"taskId":%d,"text":"lost"}}`, n))
	task, _ := r.Task(n)
	if !truthy(got.body.Get("result", "result")) || task.Chat != 0 || r.last(n).Text == "lost" {
		t.Errorf("QUIRK true, and nothing is posted: %s, chat %d", got.raw, task.Chat)
	}
}

func TestWhatMakesAChat(t *testing.T) {
	for name, ask := range map[string]func(r *rig, n int64){
		"v2 get": func(r *rig, n int64) {
			r.ok("tasks.task.get", fmt.Sprintf(`{"taskId":%d,"select":["ID","CHAT_ID"]}`, n))
		},
		"v2 get of everything": func(r *rig, n int64) { r.ok("tasks.task.get", fmt.Sprintf(`{"taskId":%d}`, n)) },
		"v3 get":               func(r *rig, n int64) { r.v3("tasks.task.get", fmt.Sprintf(`{"id":%d}`, n)) },
		"comment": func(r *rig, n int64) {
			r.ok("task.commentitem.add", fmt.Sprintf(`[%d,{"POST_MESSAGE":"x"}]`, n))
		},
		"": func(r *rig, n int64) {
			r.ok("tasks.task.get", fmt.Sprintf(`{"taskId":%d,"select":["ID","TITLE"]}`, n))
			r.ok("tasks.task.list", `{"select":["ID","CHAT_ID"]}`)
			r.ok("im.chat.get", fmt.Sprintf(`{"ENTITY_TYPE":"TASKS_TASK","ENTITY_ID":"%d"}`, n))
		},
	} {
		r := unlimited(t, PortalOptions{})
		n := r.task("x")
		r.Upgrade()
		ask(r, n)
		if task, _ := r.Task(n); task.Chat != 0 != (name != "") {
			t.Errorf("%s: chat %d", name, task.Chat)
		}
	}
}

func TestOldCommentsOnTheNewCard(t *testing.T) {
	r := unlimited(t, PortalOptions{})
	n := r.task("x")
	before := r.Say(n, 7, "before")
	r.Upgrade()
	r.Say(n, 7, "after")
	rows, _ := r.ok("task.commentitem.getlist",
		fmt.Sprintf(`[%d,{"ID":"asc"},{">=ID":%d}]`, n, before)).Get("result").(*Params)
	if rows.Len() != 1 || rows.Str("0", "POST_MESSAGE") != "before" {
		t.Errorf("QUIRK the forum's comments alone: %v", rows)
	}
	if got := r.ok("task.commentitem.get", fmt.Sprintf(`[%d,%d]`, n, before)).Str("result",
		"POST_MESSAGE"); got != "before" {
		t.Errorf("get: %q", got)
	}
	if a := r.call("task.commentitem.delete", fmt.Sprintf(`[%d,%d]`, n, before)); a.status != 400 {
		t.Errorf("delete: %s", a.raw)
	}
}

func TestActivityIsWrittenLate(t *testing.T) {
	c := newClock()
	r := unlimited(t, PortalOptions{NewCard: true, Now: c.Now})
	n := r.task("x")
	made := c.Now()
	activity := func() time.Time { task, _ := r.Task(n); return task.Activity }
	said := c.Advance(time.Minute)
	r.Say(n, 7, "x")
	if !activity().Equal(made) {
		t.Error("QUIRK the date is there at once")
	}
	c.Advance(Lateness)
	if !activity().Equal(said) {
		t.Errorf("later it is %v, want the message's date %v", activity(), said)
	}
	closed := c.Advance(time.Minute)
	r.CloseTask(n, 7)
	c.Advance(Lateness)
	if !activity().Equal(closed) {
		t.Error("QUIRK a message of the tasks module moves it")
	}
	c.Advance(time.Minute)
	r.Say(n, 9, "x") // user 9 joins by writing
	at := c.Now()
	c.Advance(Lateness)
	if !activity().Equal(at) {
		t.Errorf("%v, want %v", activity(), at)
	}
}

func TestActivityOfOlderPortals(t *testing.T) {
	c := newClock()
	r := unlimited(t, PortalOptions{NewCard: true, Now: c.Now, SilentSystem: true, ActivityAtOnce: true})
	n := r.task("x")
	said := c.Advance(time.Minute)
	r.Say(n, 7, "x")
	c.Advance(time.Minute)
	r.CloseTask(n, 7)
	c.Advance(time.Minute)
	if task, _ := r.Task(n); !task.Activity.Equal(said) {
		t.Errorf("%v, want %v", task.Activity, said)
	}
}

func TestWhoReadsATaskReadsItsChat(t *testing.T) {
	users := []User{{ID: 17, Name: "Mail", Admin: true}, {ID: 1, Name: "Vera"}, {ID: 7, Name: "Anna"}}
	r := unlimited(t, PortalOptions{NewCard: true, Users: users})
	n, file := r.task("x"), r.upload("a.txt", "aGVsbG8=")
	task, _ := r.Task(n)
	r.RemoveUser(n)
	r.search(task.Chat, "")
	r.ok("im.dialog.messages.get", fmt.Sprintf(`{"DIALOG_ID":"chat%d"}`, task.Chat))
	commit := fmt.Sprintf(`{"CHAT_ID":%d,"FILE_ID":[%d]}`, task.Chat, file)
	r.refused("QUIRK a commit wants membership", r.call("im.disk.file.commit", commit), 400, "ACCESS_ERROR")
	r.ok("im.message.add", fmt.Sprintf(`{"DIALOG_ID":"chat%d","MESSAGE":"x"}`, task.Chat))
	r.ok("im.disk.file.commit", commit)

	users[0].Admin = false
	r = unlimited(t, PortalOptions{NewCard: true, Users: users})
	n = r.task("x")
	task, _ = r.Task(n)
	r.RemoveUser(n)
	r.refused("a stranger", r.call("im.dialog.messages.search", fmt.Sprintf(`{"CHAT_ID":%d}`, task.Chat)), 403,
		"ACCESS_ERROR")
}

func TestChatTextsComeParsed(t *testing.T) {
	r := unlimited(t, PortalOptions{NewCard: true})
	n := r.task("x")
	task, _ := r.Task(n)
	for said, want := range map[string]string{
		"see https://a.example/x?a=1 now":                "see [URL]https://a.example/x?a=1[/URL] now",
		"[URL=https://a.example]here[/URL]":              "[URL=https://a.example]here[/URL]",
		"[CODE]https://a.example[/CODE]":                 "[CODE]https://a.example[/CODE]",
		"[IMG]https://a.example/a.png[/IMG]":             "[IMG]https://a.example/a.png[/IMG]",
		"a &lt;b&gt; &amp;amp; c":                        "a <b> &amp; c",
		"[USER=7][/USER], look":                          "[USER=7]Anna Kim[/USER], look",
		"[USER=7]Anna[/USER], look":                      "[USER=7]Anna[/USER], look",
		"[URL]https://a.example[/URL] https://b.example": "[URL]https://a.example[/URL] [URL]https://b.example[/URL]",
	} {
		made := r.Say(n, 7, said)
		rows, _ := r.search(task.Chat,
			fmt.Sprintf(`,"LAST_ID":%d,"ORDER":{"ID":"ASC"}`, made-1)).Get("messages").(*Params)
		if got := rows.Str("0", "text"); got != want {
			t.Errorf("%s: %s, want %s", said, got, want)
		}
	}
}

func TestCommitCopiesFiles(t *testing.T) {
	r := unlimited(t, PortalOptions{NewCard: true, Copies: func(name string) bool { return name != "bad.txt" }})
	n := r.task("x")
	task, _ := r.Task(n)
	one, bad, two := r.upload("a.txt", "aGVsbG8="), r.upload("bad.txt", "aGVsbG8="), r.upload("b.txt", "aGVsbG8=")
	got, _ := r.ok("im.disk.file.commit",
		fmt.Sprintf(`{"CHAT_ID":%d,"FILE_ID":[%d,%d,%d,4],"MESSAGE":"see"}`, task.Chat, one, bad,
			two)).Get("result").(*Params)
	c := r.last(n)
	ids := integers(got.Get("DISK_ID"))
	if got.Int("MESSAGE_ID") != c.ID || c.Text != "see" || len(c.Files) != 2 || len(ids) != 2 ||
		ids[0] != c.Files[0].Object || ids[0] == one {
		t.Errorf("answer %v, message %+v", got, c)
	}
	if got.Int("FILES", "disk"+id(one), "id") != ids[0] || !got.Has("FILES", "disk"+id(bad), "id") ||
		got.Int("FILES", "disk"+id(bad), "id") != 0 {
		t.Errorf("files: %v", got.Get("FILES"))
	}
	commit := func(body string) reply { return r.call("im.disk.file.commit", body) }
	r.refused("no chat", commit(`{"FILE_ID":[1]}`), 400, "CHAT_ID_EMPTY")
	r.refused("empty dialog", commit(`{"DIALOG_ID":"","FILE_ID":[1]}`), 400, "DIALOG_ID_EMPTY")
	r.refused("no file", commit(fmt.Sprintf(`{"CHAT_ID":%d}`, task.Chat)), 400, "FILES_ERROR")
	r.refused("none of them", commit(fmt.Sprintf(`{"CHAT_ID":%d,"FILE_ID":[%d]}`, task.Chat, bad)), 400, "SAVE_ERROR")
	r.ok("im.disk.file.commit", fmt.Sprintf(`{"DIALOG_ID":"chat%d","FILE_ID":[%d]}`, task.Chat, one))
}

func TestATextAttachesFiles(t *testing.T) {
	for name, send := range map[string]func(r *rig, n, chat int64, text string){
		"im.message.add": func(r *rig, _, chat int64, text string) {
			r.ok("im.message.add", fmt.Sprintf(`{"DIALOG_ID":"chat%d","MESSAGE":%q}`, chat, text))
		},
		"task.commentitem.add": func(r *rig, n, _ int64, text string) {
			r.ok("task.commentitem.add", fmt.Sprintf(`[%d,{"POST_MESSAGE":%q}]`, n, text))
		},
		"tasks.task.chat.message.send": func(r *rig, n, _ int64, text string) {
			r.v3("tasks.task.chat.message.send", fmt.Sprintf(`{"fields":{"taskId":%d,"text":%q}}`, n, text))
		},
	} {
		r := unlimited(t, PortalOptions{NewCard: true})
		n, file := r.task("x"), r.upload("secret.txt", "aGVsbG8=")
		task, _ := r.Task(n)
		r.Say(n, 7, "mine", File{Name: "hers.txt", Content: []byte("x")})
		hers := r.last(n).Files[0].Object
		send(r, n, task.Chat, fmt.Sprintf("look [disk=%d] and [DISK=%d] and [DISK=4]", file, hers))
		if c := r.last(n); len(c.Files) != 1 || c.Files[0].Object != file ||
			c.Text != fmt.Sprintf("look  and [DISK=%d] and [DISK=4]", hers) {
			t.Errorf("%s: %q with %d files", name, c.Text, len(c.Files))
		}
	}
}

func TestContactsByOneAddress(t *testing.T) {
	r := unlimited(t, PortalOptions{Contacts: []Contact{
		{
			ID:     5,
			Name:   "Ivan",
			Emails: []string{"a@b.example"},
		}, {ID: 6, Name: "Other", Emails: []string{"A@b.example.org"}}, {ID: 7, Emails: []string{"c@b.example"}},
	}})
	rows, _ := r.ok("crm.contact.list",
		`{"filter":{"EMAIL":["a@b.example","c@b.example"]},"select":["ID"]}`).Get("result").(*Params)
	if rows.Len() != 2 || rows.Int("0", "ID") != 5 || rows.Int("1", "ID") != 6 {
		t.Errorf("QUIRK the first address alone, and what begins with it: %v", rows)
	}
}

func TestV3RefusesRelations(t *testing.T) {
	r := unlimited(t, PortalOptions{NewCard: true})
	with := func(fields string) reply {
		return r.v3("tasks.task.add", strings.Replace(v3Add, `"title"`, fields+`,"title"`, 1))
	}
	for _, fields := range []string{`"auditors":[{"id":9}]`, `"accomplices":[{"id":9}]`, `"tags":[{"name":"x"}]`} {
		r.refusedV3(fields, with(fields), 400, "VALIDATION_DTOVALIDATIONEXCEPTION")
	}
	if a := with(`"auditors":[9]`); a.status != 500 {
		t.Errorf("numbers: %s", a.raw)
	}
	if tasks := r.Tasks(); len(tasks) != 0 {
		t.Errorf("%d tasks", len(tasks))
	}
}

func TestTheWebhookActsAsAnother(t *testing.T) {
	r := unlimited(t, PortalOptions{NewCard: true})
	mine := r.task("mine")
	r.ActAs(44)
	if got := r.ok("profile", `{}`).Int("result", "ID"); got != 44 {
		t.Errorf("profile: %d", got)
	}
	if rows, _ := r.ok("tasks.task.list", `{}`).Get("result", "tasks").(*Params); rows.Len() != 0 {
		t.Errorf("he sees %d tasks", rows.Len())
	}
	n := r.task("his")
	if task, _ := r.Task(n); task.Creator != 44 {
		t.Errorf("creator %d", task.Creator)
	}
	task, _ := r.Task(mine)
	r.refused("the old chat", r.call("im.dialog.messages.search", fmt.Sprintf(`{"CHAT_ID":%d}`, task.Chat)), 403,
		"ACCESS_ERROR")
	other := unlimited(t, PortalOptions{NewCard: true, ActsAs: 1})
	if got := other.ok("profile", `{}`).Str("result", "ID"); got != "1" {
		t.Errorf("from the beginning: %q", got)
	}
}

func TestTheSystemUserIsToldInChats(t *testing.T) {
	r := unlimited(t, PortalOptions{
		NewCard: true,
		Users:   []User{{ID: 1, Admin: true}, {ID: 7}, {ID: 50, Name: "Guest", Type: "collaber", AuthID: "im_guest"}},
	})
	n := r.task("x")
	task, _ := r.Task(n)
	r.ActAs(44)
	r.ok("tasks.task.add", `{"fields":{"TITLE":"x","RESPONSIBLE_ID":7}}`)
	r.ActAs(17)
	r.Say(n, 44, "from a machine")
	r.Say(n, 50, "from a guest")
	r.Forward(n, 7, "from elsewhere")
	got := r.search(task.Chat, `,"ORDER":{"ID":"ASC"}`)
	kinds := map[string]bool{}
	users, _ := got.Get("users").(*Params)
	for _, k := range users.Keys() {
		kinds[users.Str(k, "externalAuthId")+" "+users.Str(k, "type")] = true
	}
	if !kinds["rest_system user"] || !kinds["im_guest collaber"] || !kinds["default user"] {
		t.Errorf("%v", kinds)
	}
	rows, _ := got.Get("messages").(*Params)
	forwarded := 0
	for _, k := range rows.Keys() {
		if rows.Get(k, "forward") != nil {
			forwarded++
		}
	}
	if forwarded != 1 || rows.Get(fmt.Sprint(rows.Len()-1), "forward") == nil {
		t.Errorf("%d forwarded", forwarded)
	}
}

func TestResultsAndFilesOfTheTaskAreSystemMessages(t *testing.T) {
	r := unlimited(t, PortalOptions{NewCard: true})
	n := r.task("x")
	r.AddResult(n, 7, "done")
	if c := r.last(n); c.Author != 0 || strings.Contains(c.Text, "done") {
		t.Errorf("%+v", c)
	}
	rows, _ := r.ok("tasks.task.result.list", `{"taskId":`+id(n)+`}`).Get("result").(*Params)
	if rows.Len() != 1 || rows.Str("0", "text") != "done" || rows.Int("0", "createdBy") != 7 ||
		rows.Str("0", "commentId") != "0" {
		t.Errorf("%v", rows)
	}
	r.PutFile(n, 7, File{Name: "a.txt", Content: []byte("x")})
	if task, _ := r.Task(n); r.last(n).Author != 0 || len(task.Files) != 1 {
		t.Errorf("%+v", r.last(n))
	}
}

func TestNoSubscription(t *testing.T) {
	r := unlimited(t, PortalOptions{NewCard: true, NoSubscription: true})
	a := r.call("profile", `{}`)
	r.refused("v2", a, 403, "ACCESS_DENIED")
	if !strings.Contains(a.raw, "REST is available only by subscription.") {
		t.Error(a.raw)
	}
	r.refusedV3("v3", r.v3("tasks.task.list", `{}`), 402, "MARKETSUBSCRIPTIONREQUIREDEXCEPTION")
	r.Subscribe(true)
	r.ok("profile", `{}`)
}

func TestASmallPlan(t *testing.T) {
	r := unlimited(t, PortalOptions{SmallPlan: true})
	n := r.ok("tasks.task.add",
		`{"fields":{"TITLE":"x","RESPONSIBLE_ID":7,"AUDITORS":[9],"ACCOMPLICES":[9],"GROUP_ID":3}}`).Int("result",
		"task", "id")
	if task, _ := r.Task(n); len(task.Auditors)+len(task.Accomplices) > 0 || task.Group != 0 {
		t.Errorf("%+v", task)
	}
}

// TestAnErrorAfterTheTaskWasSaved checks that this fault exists: a client has to look before it repeats.
func TestAnErrorAfterTheTaskWasSaved(t *testing.T) {
	r := unlimited(t, PortalOptions{NewCard: true})
	r.Inject(func(c *Call) Fault {
		if c.Method == "tasks.task.add" {
			return Fault{Kind: ErrorAnswer, After: true, Code: "ERROR_CORE", Text: "Unknown error<br>"}
		}
		return Fault{}
	})
	add := `{"fields":{"TITLE":"x","RESPONSIBLE_ID":7}}`
	r.refused("alone", r.call("tasks.task.add", add), 400, "ERROR_CORE")
	b := r.batch(0, "a", "tasks.task.add?fields[TITLE]=x&fields[RESPONSIBLE_ID]=7")
	if b.Str("result", "result_error", "a", "error") != "ERROR_CORE" || len(r.Tasks()) != 2 {
		t.Errorf("%v, %d tasks", b.Get("result"), len(r.Tasks()))
	}
}
