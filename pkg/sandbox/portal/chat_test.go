package portal

import (
	"fmt"
	"strings"
	"testing"
)

func (r *rig) search(chat int64, rest string) *Params {
	r.t.Helper()
	p, _ := r.ok("im.dialog.messages.search", fmt.Sprintf(`{"CHAT_ID":%d%s}`, chat, rest)).Get("result").(*Params)
	return p
}

func TestChatSearch(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true, NewCard: true})
	n := r.task("x")
	task, _ := r.Task(n)
	first := r.Say(n, 7, "one", File{Name: "a.png", Content: []byte("png")})
	second := r.Say(n, 9, "two")
	r.DeleteComment(n, second)
	got := r.search(task.Chat, `,"LAST_ID":`+id(first-1)+`,"ORDER":{"ID":"ASC"},"LIMIT":200`)
	rows, _ := got.Get("messages").(*Params)
	if rows.Len() < 2 || rows.Int("0", "id") != first || rows.Int("0", "authorId") != 7 {
		t.Fatalf("ASC: %v", got.Get("messages"))
	}
	object := rows.Int("0", "params", "FILE_ID", "0")
	if object == 0 || got.Int("files", "0", "id") != object || got.Str("users", "0", "name") != "Anna Kim" {
		t.Errorf("files and users: %v %v", got.Get("files"), got.Get("users"))
	}
	last := fmt.Sprint(rows.Len() - 1)
	if rows.Str(last, "params", "IS_DELETED") != "Y" || rows.Str(last, "text") != phrase("deleted") {
		t.Errorf("QUIRK a deleted message leaves a phrase: %v", rows.Get(last))
	}
	if a := r.call("im.dialog.messages.search",
		fmt.Sprintf(`{"CHAT_ID":%d,"LAST_ID":%d}`, task.Chat, first)); !strings.Contains(a.raw, `"params":[]`) {
		t.Errorf("QUIRK params without any are a list: %s", a.raw)
	}
	// User 9 joined by writing, so a system message is in between.
	if rows.Int("1", "authorId") != 0 || !truthy(rows.Get("1", "isSystem")) || rows.Get("1", "uuid") != nil ||
		rows.Str("1", "params", "CODE", "0") != "CHAT_JOIN" {
		t.Errorf("system message: %v", rows.Get("1"))
	}
	down := r.search(task.Chat, `,"LAST_ID":`+id(first))
	if older, _ := down.Get("messages").(*Params); older.Len() != 1 || older.Int("0", "id") >= first {
		t.Errorf("QUIRK without an order LAST_ID looks back: %v", down.Get("messages"))
	}
	for range 210 {
		r.Say(n, 7, "more")
	}
	for limit, want := range map[string]int{"": 50, `,"LIMIT":500`: 200} {
		if rows, _ := r.search(task.Chat, limit).Get("messages").(*Params); rows.Len() != want {
			t.Errorf("limit %q: %d rows", limit, rows.Len())
		}
	}
	r.refused("no chat", r.call("im.dialog.messages.search", `{}`), 400, "CHAT_ID_EMPTY")
	r.refused("unknown chat", r.call("im.dialog.messages.search", `{"CHAT_ID":1}`), 403, "ACCESS_ERROR")
}

func TestChatGetIsInNoOrder(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true, NewCard: true})
	n := r.task("x")
	task, _ := r.Task(n)
	var ids []int64
	for i := range 60 {
		ids = append(ids, r.Say(n, 7, fmt.Sprint(i)))
	}
	body := fmt.Sprintf(`{"DIALOG_ID":"chat%d","FIRST_ID":%d,"LIMIT":70}`, task.Chat, ids[0]-1)
	got := r.ok("im.dialog.messages.get", body)
	rows, _ := got.Get("result", "messages").(*Params)
	if rows.Len() != 50 || rows.Int("0", "id") != ids[1] || rows.Int("1", "id") != ids[0] ||
		rows.Int("0", "author_id") != 7 {
		t.Errorf("%d rows, first %s, %s", rows.Len(), rows.Str("0", "id"), rows.Str("1", "id"))
	}
	if rows, _ = r.ok("im.dialog.messages.get", fmt.Sprintf(`{"CHAT_ID":%d}`, task.Chat)).Get("result",
		"messages").(*Params); rows.Len() != 20 {
		t.Errorf("without a limit: %d rows", rows.Len())
	}
	r.DeleteComment(n, ids[59])
	gone := r.ok("im.dialog.messages.get", fmt.Sprintf(`{"DIALOG_ID":"chat%d","LIMIT":1}`, task.Chat))
	if rows, _ = gone.Get("result", "messages").(*Params); rows.Str("0", "params", "IS_DELETED") != "Y" ||
		rows.Str("0", "text") != phrase("deleted") {
		t.Errorf("deleted: %v", rows.Get("0"))
	}
	r.refused("FIRST_ID", r.call("im.dialog.messages.get",
		fmt.Sprintf(`{"DIALOG_ID":"chat%d","FIRST_ID":"x"}`, task.Chat)), 400, "FIRST_ID_STRING")
	r.refused("no dialog", r.call("im.dialog.messages.get", `{}`), 400, "DIALOG_ID_EMPTY")
}

func TestChatIsForMembers(t *testing.T) {
	admin := User{ID: 17, Name: "Mail", Admin: true}
	r := start(t, PortalOptions{
		NoLimit:        true,
		NewCard:        true,
		ChatForMembers: true,
		Users:          []User{admin, {ID: 1, Name: "Vera"}, {ID: 7, Name: "Anna"}},
	})
	n := r.task("x")
	task, _ := r.Task(n)
	r.RemoveUser(n)
	r.refused("QUIRK an administrator is no member",
		r.call("im.dialog.messages.search", fmt.Sprintf(`{"CHAT_ID":%d}`, task.Chat)), 403, "ACCESS_ERROR")
	r.refused("im.dialog.messages.get",
		r.call("im.dialog.messages.get", fmt.Sprintf(`{"DIALOG_ID":"chat%d"}`, task.Chat)), 403, "ACCESS_ERROR")
	r.refused("im.message.add", r.call("im.message.add",
		fmt.Sprintf(`{"DIALOG_ID":"chat%d","MESSAGE":"x"}`, task.Chat)), 403, "ACCESS_ERROR")
	r.ok("tasks.task.update", `{"taskId":`+id(n)+`,"fields":{"AUDITORS":[17]}}`)
	r.search(task.Chat, "")
}

func TestChatPosting(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true, NewCard: true})
	n := r.task("x")
	task, _ := r.Task(n)
	got := r.ok("im.message.add", fmt.Sprintf(`{"DIALOG_ID":"chat%d","MESSAGE":%q}`, task.Chat,
		strings.Repeat("x", 20001)))
	task, _ = r.Task(n)
	last := task.Comments[len(task.Comments)-1]
	if got.Int("result") != last.ID || !strings.HasSuffix(last.Text, "x (...)") || len(last.Text) != 20006 {
		t.Errorf("answer %s, message %d of %d bytes", got.Str("result"), last.ID, len(last.Text))
	}
	for _, o := range []PortalOptions{{NoLimit: true}, {NoLimit: true, NewCard: true}} {
		other := start(t, o)
		n := other.task("x")
		other.ok("task.commentitem.add", fmt.Sprintf(`[%d,{"POST_MESSAGE":%q}]`, n, strings.Repeat("x", 20001)))
		got, _ := other.Task(n)
		if text := got.Comments[len(got.Comments)-1].Text; strings.HasSuffix(text, " (...)") != o.NewCard {
			t.Errorf("new card %v: %d bytes are left", o.NewCard, len(text))
		}
	}
	up := r.ok("im.v2.File.upload", fmt.Sprintf(
		`{"dialogId":"chat%d","fields":{"name":"a.txt","content":"aGVsbG8=","message":"see"}}`, task.Chat))
	down := r.ok("im.v2.File.download",
		fmt.Sprintf(`{"dialogId":"chat%d","fileId":%d}`, task.Chat, up.Int("result", "file", "id")))
	address := down.Str("result", "downloadUrl")
	if got := r.download(address); got != "hello" {
		t.Errorf("content %q", got)
	}
	if got := r.download(address); got == "hello" {
		t.Error("the address served twice")
	}
	r.refused("bad content", r.call("im.v2.File.upload",
		fmt.Sprintf(`{"dialogId":"chat%d","fields":{"name":"a.txt","content":"a b"}}`, task.Chat)), 400,
		"FILE_INVALID_CONTENT")
	r.refused("empty text", r.call("im.message.add", fmt.Sprintf(`{"DIALOG_ID":"chat%d","MESSAGE":""}`, task.Chat)),
		400, "MESSAGE_EMPTY")
}

func TestChatOfAnOldTask(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	n := r.task("x")
	r.Say(n, 7, "before")
	r.Upgrade()
	ask := `{"ENTITY_TYPE":"TASKS_TASK","ENTITY_ID":"` + id(n) + `"}`
	if a := r.call("im.chat.get", ask); !strings.Contains(a.raw, `"result":null`) {
		t.Errorf("before: %s", a.raw)
	}
	got := r.v3("tasks.task.get", `{"id":`+id(n)+`,"select":["id","chat.id"]}`)
	chat := got.body.Int("result", "item", "chat", "id")
	if chat == 0 || r.ok("im.chat.get", ask).Int("result", "ID") != chat {
		t.Errorf("after: %s", got.raw)
	}
	rows, _ := r.search(chat, "").Get("messages").(*Params)
	if rows.Len() != 1 || !strings.Contains(rows.Str("0", "text"), "/task/comments/") {
		t.Errorf("old comments are not moved, a link is: %v", rows)
	}
}

func TestChatGetHidesWhatWasBeforeJoining(t *testing.T) {
	admin := User{ID: 17, Name: "Mail", Admin: true}
	r := start(t, PortalOptions{
		NoLimit: true,
		NewCard: true,
		Users:   []User{admin, {ID: 1, Name: "Vera"}, {ID: 7, Name: "Anna"}},
	})
	n := r.task("x")
	r.RemoveUser(n)
	r.Say(n, 7, "before")
	r.ok("tasks.task.update", `{"taskId":`+id(n)+`,"fields":{"AUDITORS":[17]}}`)
	after := r.Say(n, 7, "after")
	task, _ := r.Task(n)
	got := r.ok("im.dialog.messages.get", fmt.Sprintf(`{"DIALOG_ID":"chat%d","FIRST_ID":0}`, task.Chat))
	if rows, _ := got.Get("result", "messages").(*Params); rows.Len() != 1 || rows.Int("0", "id") != after {
		t.Errorf("%v", got.Get("result", "messages"))
	}
}

func TestChatOnlyInGet(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true, NewCard: true, ChatOnlyInGet: true})
	a := r.call("tasks.task.add", `{"fields":{"TITLE":"x","RESPONSIBLE_ID":7}}`)
	list := r.call("tasks.task.list", `{"select":["ID","CHAT_ID"]}`)
	if strings.Contains(a.raw, "chatId") || strings.Contains(list.raw, "chatId") {
		t.Errorf("add %s, list %s", a.raw, list.raw)
	}
	got := r.call("tasks.task.get", `{"taskId":`+a.body.Str("result", "task", "id")+`,"select":["ID","CHAT_ID"]}`)
	if chat := got.body.Get("result", "task", "chatId"); chat == nil || !strings.Contains(got.raw, `"chatId":2531`) {
		t.Errorf("QUIRK chatId is a number: %s", got.raw)
	}
}

// A like is put once; a repeat, an unknown message and one of a chat that the user may not read change nothing.
func TestLikes(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true, NewCard: true})
	n := r.task("x")
	said := r.Say(n, 7, "one")
	for i, c := range []struct{ body, want string }{
		{`{"ACTION":"plus"}`, "MESSAGE_ID_ERROR"},
		{fmt.Sprintf(`{"MESSAGE_ID":%d,"ACTION":"plus"}`, said+999), "WITHOUT_CHANGES"},
		{fmt.Sprintf(`{"MESSAGE_ID":%d,"ACTION":"minus"}`, said), "WITHOUT_CHANGES"},
		{fmt.Sprintf(`{"MESSAGE_ID":%d,"ACTION":"plus"}`, said), `"result":true`},
		{fmt.Sprintf(`{"MESSAGE_ID":%d,"ACTION":"plus"}`, said), "WITHOUT_CHANGES"},
		{fmt.Sprintf(`{"MESSAGE_ID":%d}`, said), `"result":true`}, // auto takes it away again
		{fmt.Sprintf(`{"MESSAGE_ID":%d}`, said), `"result":true`},
	} {
		if a := r.call("im.message.like", c.body); !strings.Contains(a.raw, c.want) {
			t.Errorf("%d: %s, want %s", i, a.raw, c.want)
		}
	}
	r.RemoveUser(n)
	if a := r.call("im.message.like", fmt.Sprintf(`{"MESSAGE_ID":%d}`, said)); !strings.Contains(a.raw,
		"WITHOUT_CHANGES") {
		t.Errorf("a message of a foreign chat was liked: %s", a.raw)
	}
}
