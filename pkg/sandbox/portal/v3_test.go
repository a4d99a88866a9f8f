package portal

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func (r *rig) refusedV3(what string, a reply, status int, code string) {
	r.t.Helper()
	if got := a.body.Str("error", "code"); a.status != status || got != "BITRIX_REST_V3_EXCEPTION_"+code {
		r.t.Errorf("%s: %d %q, want %d %q: %s", what, a.status, got, status, code, a.raw)
	}
}

const v3Add = `{"fields":{"title":"x","creatorId":17,"responsibleId":7,"xmlId":"hd-1","priority":"high","crmItemIds":["C_275"]}}`

func TestV3Tasks(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true, NewCard: true})
	a := r.v3("tasks.task.add", v3Add)
	n := a.body.Int("result", "item", "id")
	if a.status != 200 || !strings.Contains(a.raw, `"id":3701`) || a.body.Int("result", "item", "chatId") == 0 ||
		a.body.Str("result", "item", "priority") != "high" {
		t.Errorf("add: %s", a.raw)
	}
	if task, _ := r.Task(n); task.XMLID != "hd-1" || len(task.CRM) != 1 || task.Priority != 2 {
		t.Errorf("task: %+v", task)
	}
	a = r.v3("tasks.task.add", `{"fields":{"title":"x","responsibleId":7}}`)
	r.refusedV3("no creatorId", a, 400, "VALIDATION_REQUESTVALIDATIONEXCEPTION")
	if a.body.Str("error", "validation", "0", "field") != "creatorId" {
		t.Errorf("validation: %s", a.raw)
	}
	r.refusedV3("form", r.send(strings.Replace(r.hook, "/rest/", "/rest/api/", 1)+"tasks.task.list",
		"application/x-www-form-urlencoded", "a=b"), 400, "INVALIDJSONEXCEPTION")
	r.refusedV3("JSON called a form", r.send(strings.Replace(r.hook, "/rest/", "/rest/api/", 1)+"tasks.task.list",
		"application/x-www-form-urlencoded", "{}"), 400, "INVALIDJSONEXCEPTION")
	r.refusedV3("query string", r.send(strings.Replace(r.hook, "/rest/", "/rest/api/", 1)+"tasks.task.get?id="+id(n),
		"", ""), 400, "VALIDATION_REQUESTVALIDATIONEXCEPTION")
	r.refusedV3("filter", r.v3("tasks.task.list", `{"filter":[["xmlId","=","hd-1"]]}`), 400, "INVALIDFILTEREXCEPTION")
	r.refusedV3("related name", r.v3("tasks.task.list", `{"select":["chat.nonsense"]}`), 400,
		"UNKNOWNDTOPROPERTYEXCEPTION")
	r.refusedV3("missing task", r.v3("tasks.task.get", `{"id":4711}`), 400, "ENTITYNOTFOUNDEXCEPTION")
	a = r.v3("tasks.task.list",
		`{"select":["id","xmlId","nonsense"],"order":{"activity":"DESC"},"pagination":{"limit":1000}}`)
	if a.body.Int("result", "items", "0", "id") != n || a.body.Has("result", "items", "0", "nonsense") ||
		a.body.Has("result", "items", "0", "title") {
		t.Errorf("list: %s", a.raw)
	}
	if a := r.v3("tasks.task.nonsense", `{}`); a.status != 404 {
		t.Errorf("unknown method: %d", a.status)
	}
	r.RemoveUser(n)
	r.refusedV3("foreign task", r.v3("tasks.task.chat.message.send", `{"fields":{"taskId":3701,"text":"x"}}`), 403,
		"ACCESSDENIEDEXCEPTION")
}

// Tags and people are objects or missing, files have no object ids, and unknown fields of a task are refused.
func TestV3RelatedObjects(t *testing.T) {
	with := func(fields string) string { return strings.Replace(v3Add, `"title"`, fields+`,"title"`, 1) }
	const objects = `"tags":[{"name":"a"},{"name":"b"}],"auditors":[{"id":9}],"accomplices":[{"id":1}]`
	for portal, want := range map[V3Related]string{V3RelatedKept: "[a b] [9] [1]", V3RelatedLost: "[] [] []"} {
		r := start(t, PortalOptions{NoLimit: true, NewCard: true, V3Related: portal})
		a := r.v3("tasks.task.add", with(objects))
		task, _ := r.Task(a.body.Int("result", "item", "id"))
		if got := fmt.Sprint(task.Tags, task.Auditors, task.Accomplices); got != want ||
			strings.Contains(a.raw, "auditors") {
			t.Errorf("%q: %s, want %s: %s", portal, got, want, a.raw)
		}
	}
	r := start(t, PortalOptions{NoLimit: true, NewCard: true})
	r.refusedV3("numbers", r.v3("tasks.task.add", with(`"auditors":[9]`)), 500, "INTERNAL_SERVER_ERROR")
	r.refusedV3("names", r.v3("tasks.task.add", with(`"tags":["a"]`)), 500, "INTERNAL_SERVER_ERROR")
	r.refusedV3("no field", r.v3("tasks.task.add", with(`"tag":"a"`)), 400, "UNKNOWNDTOPROPERTYEXCEPTION")
	old := start(t, PortalOptions{NoLimit: true, NewCard: true, V3Related: V3RelatedRefused})
	for _, list := range []string{`"auditors":[9]`, `"auditors":[{"id":9}]`, `"tags":[{"name":"a"}]`} {
		old.refusedV3(list, old.v3("tasks.task.add", with(list)), 400, "VALIDATION_REQUESTVALIDATIONEXCEPTION")
	}
	if len(r.Tasks())+len(old.Tasks()) != 0 {
		t.Error("a refused task was made")
	}
	root := r.ok("disk.storage.getlist", `{"filter":{"ENTITY_TYPE":"user","ENTITY_ID":"17"}}`).Str("result", "0",
		"ROOT_OBJECT_ID")
	file := r.ok("disk.folder.uploadfile",
		`{"id":`+root+`,"data":{"NAME":"a"},"fileContent":["a","eA=="]}`).Int("result", "ID")
	a := r.v3("tasks.task.add", with(`"fileIds":[`+id(file)+`]`))
	if task, _ := r.Task(a.body.Int("result", "item", "id")); len(task.Files) != 0 {
		t.Errorf("the number of an object is taken for a file: %s", a.raw)
	}
}

func TestV3IdempotencyKey(t *testing.T) {
	c := newClock()
	r := start(t, PortalOptions{NoLimit: true, NewCard: true, Now: c.Now})
	first := r.v3("tasks.task.add", v3Add, "Idempotency-Key", "hd-1")
	again := r.v3("tasks.task.add", v3Add, "Idempotency-Key", "hd-1")
	if first.header.Get("Idempotency-Key") != "hd-1" || first.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("first answer: %v", first.header)
	}
	if again.raw != first.raw || again.header.Get("Idempotent-Replayed") != "true" || len(r.Tasks()) != 1 {
		t.Errorf("second answer: %v, %d tasks", again.header, len(r.Tasks()))
	}
	r.refusedV3("other body", r.v3("tasks.task.add", strings.Replace(v3Add, `"x"`, `"y"`, 1), "Idempotency-Key",
		"hd-1"), 422, "IDEMPOTENCYKEYREUSEDEXCEPTION")
	r.refusedV3("key not in ASCII", r.v3("tasks.task.add", v3Add, "Idempotency-Key", "ключ"), 400,
		"INVALIDIDEMPOTENCYKEYEXCEPTION")
	r.refusedV3("long key", r.v3("tasks.task.add", v3Add, "Idempotency-Key", strings.Repeat("x", 256)), 400,
		"INVALIDIDEMPOTENCYKEYEXCEPTION")
	bad := `{"fields":{"title":"x"}}`
	r.v3("tasks.task.add", bad, "Idempotency-Key", "hd-2")
	if a := r.v3("tasks.task.add", v3Add, "Idempotency-Key", "hd-2"); a.status != 200 {
		t.Errorf("a failed call was stored: %s", a.raw)
	}
	send := `{"fields":{"taskId":3701,"text":"hello"}}`
	for range 2 { // the same key for another method is a different key
		if a := r.v3("tasks.task.chat.message.send", send, "Idempotency-Key", "hd-1"); !strings.Contains(a.raw,
			`"result":{"result":true}`) {
			t.Errorf("send: %s", a.raw)
		}
	}
	task, _ := r.Task(3701)
	if last := task.Comments[len(task.Comments)-1]; len(task.Comments) != 2 || last.Text != "hello" {
		t.Errorf("comments: %+v", task.Comments)
	}
	for _, tt := range []struct {
		later time.Duration
		tasks int
	}{{23 * time.Hour, 2}, {2 * time.Hour, 3}} {
		c.Advance(tt.later)
		r.v3("tasks.task.add", v3Add, "Idempotency-Key", "hd-1")
		if len(r.Tasks()) != tt.tasks {
			t.Errorf("%v later: %d tasks", tt.later, len(r.Tasks()))
		}
	}
	r.SetCode("another-hook")
	r.hook = strings.Replace(r.hook, "sandbox-code", "another-hook", 1)
	if r.v3("tasks.task.add", v3Add, "Idempotency-Key", "hd-1"); len(r.Tasks()) != 4 {
		t.Errorf("by another webhook: %d tasks", len(r.Tasks()))
	}
	for range 2 {
		a := r.send(r.hook+"tasks.task.add", "application/json", `{"fields":{"TITLE":"x","RESPONSIBLE_ID":7}}`,
			"Idempotency-Key", "hd-1")
		if a.status != 200 || a.header.Get("Idempotency-Key") != "" {
			t.Errorf("v2 takes the key: %d %v", a.status, a.header)
		}
	}
	if len(r.Tasks()) != 6 {
		t.Errorf("by v2: %d tasks", len(r.Tasks()))
	}
}

func TestV3Switches(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true, NewCard: true, NoIdempotency: true})
	for range 2 {
		if a := r.v3("tasks.task.add", v3Add, "Idempotency-Key", "hd-1"); a.header.Get("Idempotency-Key") != "" {
			t.Errorf("the key is echoed: %v", a.header)
		}
	}
	if len(r.Tasks()) != 2 {
		t.Errorf("%d tasks", len(r.Tasks()))
	}
	none := start(t, PortalOptions{NoLimit: true, NoV3: true})
	none.refused("no v3", none.v3("tasks.task.list", `{}`), 404, "ERROR_METHOD_NOT_FOUND")
	old := start(t, PortalOptions{NoLimit: true})
	old.refusedV3("old card", old.v3("tasks.task.add", v3Add), 403, "ACCESSDENIEDEXCEPTION")
	if a := old.v3("tasks.task.list", `{"pagination":{"limit":1}}`); a.status != 200 {
		t.Errorf("old card, reading: %s", a.raw)
	}
}
