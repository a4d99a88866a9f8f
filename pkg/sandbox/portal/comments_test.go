package portal

import (
	"fmt"
	"strings"
	"testing"
)

func TestCommentQUIRKPositionalParameters(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	n := id(r.task("x"))
	wrong := r.call("task.commentitem.add", `{"FIELDS":{"POST_MESSAGE":"x"},"TASKID":`+n+`}`)
	r.refused("FIELDS before TASKID", wrong, 400, "ERROR_CORE")
	const want = `TASKS_ERROR_EXCEPTION_#256; Param #0 (taskId) for method ctaskcommentitem::add() expected to be of type "integer", ` +
		"but given something else.; 256/TE/WRONG_ARGUMENTS<br>"
	if text := wrong.body.Str("error_description"); text != want {
		t.Errorf("description %q", text)
	}
	r.refused("FILTER before TASKID", r.call("task.commentitem.getlist", `{"FILTER":{},"ORDER":{},"TASKID":`+n+`}`),
		400, "ERROR_CORE")
	for _, body := range []string{`{"TASKID":"` + n + `","FIELDS":{"POST_MESSAGE":"x"}}`,
		`{"b":` + n + `,"a":{"POST_MESSAGE":"x"}}`, `[` + n + `,{"POST_MESSAGE":"x"}]`} {
		a := r.call("task.commentitem.add", body)
		if _, ok := integer(a.body.Get("result")); a.status != 200 || !ok {
			t.Errorf("%s: %s", body, a.raw)
		}
	}
	in := r.batch(0, "a", "task.commentitem.add?0="+n+"&1%5BPOST_MESSAGE%5D=x", "b",
		"task.commentitem.add?FIELDS%5BPOST_MESSAGE%5D=x&TASKID="+n)
	if _, ok := integer(in.Get("result", "result", "a")); !ok ||
		in.Str("result", "result_error", "b", "error") != "ERROR_CORE" {
		t.Errorf("batch: %v", in.Get("result"))
	}
	for _, body := range []string{`[` + n + `,{"POST_MESSAGE":"x","NONSENSE":1}]`, `[` + n + `,{"POST_MESSAGE":" "}]`,
		`[` + n + `,{"POST_MESSAGE":"x","UF_FORUM_MESSAGE_DOC":["n1"]}]`, `[4711,{"POST_MESSAGE":"x"}]`} {
		r.refused(body, r.call("task.commentitem.add", body), 400, "ERROR_CORE")
	}
	r.refused("unknown filter key", r.call("task.commentitem.getlist", `[`+n+`,{},{"NONSENSE":1}]`), 400, "ERROR_CORE")
}

func TestOldCardComments(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	n := r.task("x")
	said := r.Say(n, 7, "restart it", File{Name: "a.png", Content: []byte("png")})
	r.CloseTask(n, 9)
	list := r.ok("task.commentitem.getlist",
		`{"TASKID":`+id(n)+`,"ORDER":{"ID":"asc"},"FILTER":{">ID":`+id(said-1)+`}}`)
	rows, _ := list.Get("result").(*Params)
	if rows.Len() != 2 || rows.Str("0", "ID") != id(said) || rows.Str("0", "AUTHOR_NAME") != "Anna Kim" ||
		rows.Str("0", "POST_MESSAGE") != "restart it" {
		t.Fatalf("list: %v", list.Get("result"))
	}
	if rows.Str("1", "AUTHOR_ID") != "9" || rows.Str("1", "POST_MESSAGE") != "Задача завершена." {
		t.Errorf("QUIRK a service comment is by a real user: %v", rows.Get("1"))
	}
	if files, _ := rows.Get("1", "ATTACHED_OBJECTS").(*Params); files.Len() != 0 {
		t.Error("no files: not empty")
	}
	files, _ := rows.Get("0", "ATTACHED_OBJECTS").(*Params)
	file, _ := files.Get(files.Keys()[0]).(*Params)
	if file.Str("NAME") != "a.png" || file.Str("FILE_ID") == file.Str("ATTACHMENT_ID") ||
		!strings.HasPrefix(file.Str("DOWNLOAD_URL"), "/bitrix/tools/disk/uf.php?attachedId=") {
		t.Errorf("file: %v", file)
	}
	got := r.download(strings.Split(r.hook, "/rest/")[0] + file.Str("DOWNLOAD_URL"))
	if got != "png" {
		t.Errorf("content %q", got)
	}
	if all := r.ok("task.commentitem.getlist", `[`+id(n)+`]`); all.Get("result", "0", "ID") != id(said+1) {
		t.Errorf("QUIRK the ordinary order is ID desc: %v", all.Get("result"))
	}
	r.DeleteComment(n, said)
	r.refused("deleted comment", r.call("task.commentitem.get", fmt.Sprintf(`[%d,%d]`, n, said)), 400, "ERROR_CORE")
}

func TestResults(t *testing.T) {
	for _, card := range []bool{false, true} {
		r := start(t, PortalOptions{NoLimit: true, NewCard: card})
		n := r.task("x")
		said := r.Say(n, 7, "done")
		r.MarkResult(n, said)
		list := r.ok("tasks.task.result.list", `{"taskId":`+id(n)+`}`)
		want := said
		if card {
			want = 0
		}
		if list.Int("result", "0", "commentId") != want || list.Str("result", "0", "text") != "done" ||
			list.Int("result", "0", "createdBy") != 7 {
			t.Errorf("new card %v: %v", card, list.Get("result"))
		}
	}
}

func TestNewCardComments(t *testing.T) {
	for _, fails := range []bool{false, true} {
		r := start(t, PortalOptions{NoLimit: true, NewCard: true, GetListFails: fails})
		n := r.task("x")
		added := r.ok("task.commentitem.add", `[`+id(n)+`,{"POST_MESSAGE":"x"}]`).Int("result")
		task, _ := r.Task(n)
		if last := task.Comments[len(task.Comments)-1]; !last.Chat || last.Text != "x" || last.ID != added {
			t.Errorf("add goes to the chat: %+v, answer %d", last, added)
		}
		// it is not a comment of the forum
		r.refused("get", r.call("task.commentitem.get", fmt.Sprintf(`[%d,%d]`, n, added)), 400, "ERROR_CORE")
		a := r.call("task.commentitem.getlist", `[`+id(n)+`]`)
		if fails {
			r.refused("getlist", a, 400, "ERROR_CORE")
		} else if !strings.Contains(a.raw, `"result":[]`) {
			t.Errorf("getlist: %s", a.raw)
		}
	}
}

func TestCommentQUIRKForgedAuthor(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	n := r.task("x")
	r.ok("task.commentitem.add", `[`+id(n)+`,{"POST_MESSAGE":"x","AUTHOR_ID":7}]`)
	task, _ := r.Task(n)
	if last := task.Comments[len(task.Comments)-1]; last.Author != 7 {
		t.Errorf("author %d", last.Author)
	}
}
