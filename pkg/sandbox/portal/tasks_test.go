package portal

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTaskAdd(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	a := r.call("tasks.task.add", `{"fields":{"TITLE":" `+strings.Repeat("ж", 300)+
		` ","DESCRIPTION":"urgent #printer now","RESPONSIBLE_ID":"7","AUDITORS":[9],
		"TAGS":["helpdesk"],"XML_ID":"hd-1","UF_CRM_TASK":["C_275"],"NONSENSE":1,"PRIORITY":9}}`)
	for _, want := range []string{`"id":"3701"`, `"status":"2"`, `"priority":"1"`, `"xmlId":"hd-1"`, `"group":[]`,
		`"deadline":null`, `"auditors":["9"]`, `"createdBy":"17"`} {
		if !strings.Contains(a.raw, want) {
			t.Errorf("no %s in %s", want, a.raw)
		}
	}
	task, _ := r.Task(3701)
	if n := len([]rune(task.Title)); n != 250 {
		t.Errorf("title of %d characters", n)
	}
	if diff := cmp.Diff([]string{"helpdesk", "printer"}, task.Tags); diff != "" {
		t.Error(diff)
	}
	r.ok("tasks.task.add", `{"fields":{"TITLE":"again","RESPONSIBLE_ID":7,"XML_ID":"hd-1"}}`) // not unique
	r.ok("tasks.task.add", `{"fields":{"TITLE":"long","RESPONSIBLE_ID":7,"XML_ID":"`+strings.Repeat("ж", 200)+`"}}`)
	for fields, code := range map[string]string{
		`{"TITLE":"  ","RESPONSIBLE_ID":7}`:           "ERROR_CORE",
		`{"TITLE":"x"}`:                               "ERROR_CORE",
		`{"TITLE":"x","RESPONSIBLE_ID":4711}`:         "ERROR_CORE",
		`{"TITLE":"x","RESPONSIBLE_ID":7,"STATUS":1}`: "ERROR_CORE",
		`{"TITLE":"x","RESPONSIBLE_ID":7,"XML_ID":"` + strings.Repeat("x", 201) + `"}`: "ERROR_CORE",
		`{"TITLE":"x","RESPONSIBLE_ID":7,"PARENT_ID":1}`:                               "ERROR_CORE",
	} {
		r.refused(fields, r.call("tasks.task.add", `{"fields":`+fields+`}`), 400, code)
	}
	r.refused("no fields", r.call("tasks.task.add", `{}`), 400, "100")
	must := start(t, PortalOptions{NoLimit: true, MandatoryField: "UF_CLIENT"})
	must.refused("mandatory field", must.call("tasks.task.add", `{"fields":{"TITLE":"x","RESPONSIBLE_ID":7}}`), 400,
		"ERROR_CORE")
}

func TestHashtags(t *testing.T) {
	got := hashtags("#first of\tall", "in #a,b #12 x#no #б[c] ##d #\u200be\n#f # g [#h] http://x.example/#i \u00a0#j",
		"", "#")
	if diff := cmp.Diff([]string{"first", "a", "12", "б", "#d", "\u200be", "f"}, got); diff != "" {
		t.Error(diff)
	}
}

func (r *rig) list(body string) (ids []int64, whole *Params) {
	r.t.Helper()
	whole = r.ok("tasks.task.list", body)
	rows, _ := whole.Get("result", "tasks").(*Params)
	for i := range rows.Len() {
		ids = append(ids, rows.Int(fmt.Sprint(i), "id"))
	}
	return ids, whole
}

func TestTaskList(t *testing.T) {
	c := newClock()
	r := start(t, PortalOptions{NoLimit: true, Now: c.Now})
	for i := range 60 {
		r.ok("tasks.task.add", fmt.Sprintf(`{"fields":{"TITLE":"t%d","RESPONSIBLE_ID":7,"XML_ID":"x%d"}}`, i, i))
		c.Advance(time.Minute)
	}
	got, whole := r.list(`{}`)
	if len(got) != 50 || got[0] != 3760 || whole.Int("total") != 60 || whole.Int("next") != 50 {
		t.Errorf("first page: %d rows from %d, total %s, next %s", len(got), got[0], whole.Str("total"),
			whole.Str("next"))
	}
	got, whole = r.list(`{"start":70}`)
	if len(got) != 10 || whole.Has("next") {
		t.Errorf("QUIRK start 70 is that of the page: %d rows", len(got))
	}
	got, whole = r.list(`{"start":-1,"order":{"ID":"asc"},"filter":{">ID":3755}}`)
	if len(got) != 5 || got[0] != 3756 || whole.Has("total") || whole.Has("next") {
		t.Errorf("start -1: %v, %v", got, whole.Keys())
	}
	if got, _ = r.list(`{"filter":{"NONSENSE":"x"}}`); len(got) != 50 {
		t.Errorf("QUIRK an unknown filter key: %d rows", len(got))
	}
	if got, _ = r.list(`{"filter":{"XML_ID":"x3"}}`); len(got) != 1 || got[0] != 3704 {
		t.Errorf("XML_ID: %v", got)
	}
	if got, _ = r.list(`{"filter":{"ID":[3701,"3703"],"REAL_STATUS":[2,3],"CREATED_BY":17}}`); len(got) != 2 {
		t.Errorf("IN: %v", got)
	}
	// 12:58 in the portal's zone is 09:58 UTC, which matches the last two tasks.
	if got, _ = r.list(`{"filter":{">=CREATED_DATE":"2026-08-20T12:58:00+03:00"}}`); len(got) != 2 {
		t.Errorf("date: %v", got)
	}
	if got, _ = r.list(`{"filter":{">=CREATED_DATE":"2026-08-20T12:58:00"}}`); len(got) != 2 {
		t.Errorf("QUIRK a date without offset is in the portal's zone: %v", got)
	}
	r.refused("order", r.call("tasks.task.list", `{"order":{"XML_ID":"asc"}}`), 400, "0")
	_, whole = r.list(`{"select":["ID","XML_ID","STATUS","REAL_STATUS","RESPONSIBLE_ID","title"],"filter":{"ID":3701}}`)
	row, _ := whole.Get("result", "tasks", "0").(*Params)
	raw, _ := json.Marshal(row)
	if row.Has("title") || row.Has("realStatus") || !row.Has("subStatus") ||
		row.Str("responsible", "name") != "Anna Kim" || row.Str("xmlId") != "x0" {
		t.Errorf("select: %s", raw)
	}
}

func TestTaskListVisibility(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	n := r.task("x")
	r.RemoveUser(n)
	if got, _ := r.list(`{}`); len(got) != 0 {
		t.Errorf("a task of others is listed: %v", got)
	}
	if a := r.call("tasks.task.get", `{"taskId":`+id(n)+`}`); a.status != 200 ||
		!strings.Contains(a.raw, `"result":[]`) {
		t.Errorf("QUIRK get of a foreign task: %d %s", a.status, a.raw)
	}
	if a := r.call("tasks.task.get", `{"taskId":4711}`); a.status != 200 || !strings.Contains(a.raw, `"result":[]`) {
		t.Errorf("QUIRK get of a missing task: %d %s", a.status, a.raw)
	}
	r.refused("update", r.call("tasks.task.update", `{"taskId":`+id(n)+`,"fields":{"AUDITORS":[17]}}`), 400, "1048582")
	r.refused("comment", r.call("task.commentitem.add", `{"TASKID":`+id(n)+`,"FIELDS":{"POST_MESSAGE":"x"}}`), 400,
		"ERROR_CORE")
}

func TestActivityDate(t *testing.T) {
	for _, card := range []bool{false, true} {
		c := newClock()
		r := start(t, PortalOptions{NoLimit: true, NewCard: card, SilentSystem: true, ActivityAtOnce: true, Now: c.Now})
		n := r.task("x")
		at := func() (activity, changed time.Time) { task, _ := r.Task(n); return task.Activity, task.Changed }
		made, _ := at()
		c.Advance(time.Hour)
		r.SaySystem(n, 7, "overdue")
		if activity, _ := at(); activity.After(made) == card {
			t.Errorf("new card %v: a system message moved ACTIVITY_DATE: %v", card, activity.After(made))
		}
		c.Advance(time.Hour)
		r.ok("task.commentitem.add", `[`+id(n)+`,{"POST_MESSAGE":"ours"}]`)
		if activity, changed := at(); !activity.Equal(c.Now()) || !changed.Equal(made) {
			t.Errorf("new card %v: our comment: activity %v, changed %v", card, activity, changed)
		}
		c.Advance(time.Hour)
		r.CloseTask(n, 7)
		if activity, changed := at(); !changed.Equal(c.Now()) || activity.Equal(c.Now()) == card {
			t.Errorf("new card %v: closing: activity %v, changed %v", card, activity, changed)
		}
	}
}

func TestActivityFilterIgnored(t *testing.T) {
	for _, ignored := range []bool{false, true} {
		r := start(t, PortalOptions{NoLimit: true, ActivityFilterIgnored: ignored})
		r.task("x")
		got, _ := r.list(`{"filter":{">=ACTIVITY_DATE":"2099-01-01T00:00:00+03:00"}}`)
		if (len(got) == 1) != ignored {
			t.Errorf("ignored %v: %v", ignored, got)
		}
	}
}

func TestStatus(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	n := r.task("x")
	body := `{"taskId":` + id(n) + `}`
	r.refused("renew an open task", r.call("tasks.task.renew", body), 400, "1048582")
	r.ok("tasks.task.start", body)
	r.refused("renew a task in progress", r.call("tasks.task.renew", body), 400, "1048582")
	r.refused("renew a missing task", r.call("tasks.task.renew", `{"taskId":4711}`), 400, "1048582")
	r.CloseTask(n, 7)
	r.refused("complete a closed task", r.call("tasks.task.complete", body), 400, "0")
	got := r.ok("tasks.task.get", body)
	if got.Str("result", "task", "status") != "5" || got.Str("result", "task", "closedBy") != "7" ||
		got.Str("result", "task", "action", "renew") != "1" {
		t.Errorf("closed: %v", got.Get("result", "task"))
	}
	if got := r.ok("tasks.task.renew", body); got.Str("result", "task", "status") != "2" ||
		got.Get("result", "task", "closedDate") != nil {
		t.Errorf("renewed: %v", got.Get("result", "task"))
	}
	history := r.ok("tasks.task.history.list",
		`{"taskId":`+id(n)+`,"filter":{"FIELD":"STATUS"},"order":{"createdDate":"DESC"}}`)
	if history.Str("result", "list", "1", "value", "to") != "5" ||
		history.Int("result", "list", "1", "user", "id") != 7 {
		t.Errorf("history: %v", history.Get("result"))
	}
	controlled := r.ok("tasks.task.add",
		`{"fields":{"TITLE":"x","RESPONSIBLE_ID":7,"TASK_CONTROL":"Y"}}`).Int("result", "task", "id")
	r.CloseTask(controlled, 7)
	for _, action := range []string{"disapprove", "renew"} {
		if got := r.ok("tasks.task."+action, `{"taskId":`+id(controlled)+`}`); got.Str("result", "task",
			"status") != "2" {
			t.Errorf("%s: %v", action, got.Get("result", "task", "status"))
		}
		r.CloseTask(controlled, 7)
	}
}
