package portal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// v3Names maps field names of v3 to those of v2.
var v3Names = map[string]string{
	"title": "TITLE", "description": "DESCRIPTION", "creatorId": "CREATED_BY", "responsibleId": "RESPONSIBLE_ID",
	"groupId":  "GROUP_ID",
	"parentId": "PARENT_ID", "deadline": "DEADLINE", "crmItemIds": "UF_CRM_TASK", "xmlId": "XML_ID",
	"fileIds": "UF_TASK_WEBDAV_FILES",
}

// v3Others are further fields of a task that are accepted and ignored here. Any other name is refused (TaskDto).
var v3Others = []string{
	"priority", "needsControl", "startPlan", "endPlan", "checklist", "stageId", "epicId", "storyPoints", "flowId",
	"status", "replicate", "mark",
	"allowsChangeDeadline", "allowsTimeTracking", "matchesWorkTime", "requireResult", "dependsOn", "emailId", "siteId",
}

var v3Priorities = []string{"low", "average", "high"}

var v3Statuses = map[int]string{
	2: "pending",
	3: "in_progress",
	4: "supposedly_completed",
	5: "completed",
	6: "deferred",
	7: "declined",
}

// v3TaskAdd implements tasks.task.add of v3.
func v3TaskAdd(w *world, x *execution) (any, error) {
	f, ok := x.params.Get("fields").(*Params)
	if !ok {
		return nil, v3Invalid("fields")
	}
	fields, err := w.v3Fields(f)
	if err != nil {
		return nil, err
	}
	t, err := w.newTask(fields)
	if err != nil {
		return nil, v3Refuse("VALIDATION_DTOVALIDATIONEXCEPTION", asAPIError(err).text)
	}
	return object{"item": t.v3()}, nil
}

func (w *world) v3Fields(f *Params) (*Params, error) {
	var wrong []string
	for _, name := range []string{"title", "creatorId", "responsibleId"} {
		if strings.TrimSpace(f.Str(name)) == "" {
			wrong = append(wrong, name)
		}
	}
	if utf8.RuneCountInString(f.Str("xmlId")) > maxXMLID {
		wrong = append(wrong, "xmlId")
	}
	if _, ok := readTime(f.Str("deadline")); !ok && f.Str("deadline") != "" {
		wrong = append(wrong, "deadline")
	}
	priority := 1
	if s := f.Str("priority"); s != "" {
		if priority = slices.Index(v3Priorities, s); priority < 0 {
			wrong = append(wrong, "priority")
		}
	}
	if wrong != nil {
		return nil, v3Invalid(wrong...)
	}
	fields := &Params{}
	for _, k := range f.keys {
		if name := v3Names[k]; name != "" {
			fields.set(name, f.vals[k])
		} else if _, ok := v3Relations[k]; !ok && !slices.Contains(v3Others, k) {
			return nil, v3Refuse("UNKNOWNDTOPROPERTYEXCEPTION", "Unknown property `"+k+"`")
		}
	}
	fields.set("PRIORITY", id(int64(priority)))
	return fields, w.v3Related(f, fields)
}

// v3 returns a task in the form of v3: numbers are numbers. QUIRK: tags, people and the group are related objects,
// which are returned only if selected, and never here (tasks/tasks-task-add-rest-v3, its answer).
func (t *task) v3() object {
	chat := any(nil)
	if t.Chat != 0 {
		chat = object{"id": t.Chat, "entityId": t.ID, "entityType": "TASKS_TASK"}
	}
	v := object{
		"id": t.ID, "title": t.Title, "description": t.Description,
		"priority": v3Priorities[t.Priority], "status": v3Statuses[t.Status], "xmlId": orNil(t.XMLID),
		"chatId": t.Chat, "chat": chat,
		"changed": stamp(t.Changed), "activity": stamp(t.Activity), "closed": stampOrNil(t.Closed),
		"deadline": stampOrNil(t.Deadline), "needsControl": t.Control,
		"link":       fmt.Sprintf("/company/personal/user/%d/tasks/task/view/%d/", t.Creator, t.ID),
		"crmItemIds": append([]string{}, t.CRM...),
		"rights": object{
			"read":     true,
			"edit":     true,
			"complete": t.allows(transitions["complete"]),
			"renew":    t.allows(transitions["renew"]),
		},
	}
	return v
}

// v3Select keeps the requested fields. An unknown name at the top level is dropped; one of a related object is an
// error.
func v3Select(full object, fields []string) (object, error) {
	if len(fields) == 0 {
		delete(full, "chat")
		return full, nil
	}
	view := object{}
	for _, f := range fields {
		top, sub, related := strings.Cut(f, ".")
		v, ok := full[top]
		if !ok && !related {
			continue
		}
		if !related {
			view[top] = v
			continue
		}
		if top != "chat" || !slices.Contains([]string{"id", "entityId", "entityType"}, sub) {
			return nil, v3Refuse("UNKNOWNDTOPROPERTYEXCEPTION", "Unknown property `"+f+"`")
		}
		view[top] = v
	}
	return view, nil
}

// v3TaskGet implements tasks.task.get of v3. QUIRK: it creates the missing chat of a task that is older than the new
// card (V2, createChatForExistingTask).
func v3TaskGet(w *world, x *execution) (any, error) {
	n, ok := integer(x.params.Get("id"))
	if !ok {
		return nil, v3Invalid("id")
	}
	t, err := w.v3Visible(n)
	if err != nil {
		return nil, err
	}
	t.openChat()
	view, err := v3Select(t.v3(), texts(x.params.Get("select")))
	if err != nil {
		return nil, err
	}
	return object{"item": view}, nil
}

func (w *world) v3Visible(n int64) (*task, error) {
	if w.tasks[n] == nil {
		return nil, v3Refuse("ENTITYNOTFOUNDEXCEPTION", "Entity not found")
	}
	if t := w.visible(n); t != nil {
		return t, nil
	}
	return nil, v3Denied()
}

var v3SortKeys = map[string]string{
	"id": "ID", "activity": "ACTIVITY_DATE", "changed": "CHANGED_DATE", "created": "CREATED_DATE",
	"closed": "CLOSED_DATE", "deadline": "DEADLINE",
}

// v3TaskList implements tasks.task.list of v3: filtered only by id, up to 1,000 rows a page.
func v3TaskList(w *world, x *execution) (any, error) {
	var found []*task
	for _, t := range w.sorted() {
		hit, err := v3Matches(t, x.params.Get("filter"))
		if err != nil {
			return nil, err
		}
		if hit && w.sees(w.me, t) {
			found = append(found, t)
		}
	}
	if err := v3Sort(found, x); err != nil {
		return nil, err
	}
	limit := x.params.Int("pagination", "limit")
	if limit < 0 || limit > 1000 {
		return nil, v3Refuse("INVALIDPAGINATIONEXCEPTION", "Invalid pagination")
	}
	limit = cmp.Or(limit, pageSize)
	from := max(x.params.Int("pagination", "offset"), (x.params.Int("pagination", "page")-1)*limit)
	from = min(max(0, from), int64(len(found)))
	rows := []object{}
	for _, t := range found[from:min(from+limit, int64(len(found)))] {
		view, err := v3Select(t.v3(), texts(x.params.Get("select")))
		if err != nil {
			return nil, err
		}
		rows = append(rows, view)
	}
	return object{"items": rows}, nil
}

func v3Sort(found []*task, x *execution) error {
	order, _ := x.params.Get("order").(*Params)
	old := &Params{}
	for _, k := range order.Keys() {
		name, ok := v3SortKeys[k]
		if !ok {
			return v3Refuse("INVALIDORDEREXCEPTION", "Invalid order")
		}
		old.set(name, order.Get(k))
	}
	if old.Len() > 0 {
		sortTasks(found, old)
	}
	return nil
}

func v3Matches(t *task, filter any) (bool, error) {
	for _, cond := range items(filter) {
		c := items(cond)
		if len(c) == 2 {
			c = []any{c[0], "=", c[1]}
		}
		if len(c) != 3 || text(c[0]) != "id" {
			return false, v3Refuse("INVALIDFILTEREXCEPTION", "Invalid filter")
		}
		op := text(c[1])
		if !slices.Contains([]string{"=", "!=", ">", ">=", "<", "<=", "in"}, op) {
			return false, v3Refuse("UNKNOWNFILTEROPERATOREXCEPTION", "Unknown operator")
		}
		if !numberHits([]int64{t.ID}, strings.TrimPrefix(op, "in"), integers(c[2])) {
			return false, nil
		}
	}
	return true, nil
}

// v3MessageSend implements tasks.task.chat.message.send. Read access to the task is enough. It returns no id.
func v3MessageSend(w *world, x *execution) (any, error) {
	n, ok := integer(x.params.Get("fields", "taskId"))
	if !ok {
		return nil, v3Invalid("taskId")
	}
	if strings.TrimSpace(x.params.Str("fields", "text")) == "" {
		return nil, v3Invalid("text")
	}
	t := w.visible(n)
	if t == nil {
		return nil, v3Denied()
	}
	// QUIRK: a missing chat and a refused message are not reported (tasks, V2 SendMessageHandler).
	if t.Chat == 0 {
		return object{"result": true}, nil
	}
	t.post(w.me, x.params.Str("fields", "text"), nil)
	return object{"result": true}, nil
}

// v3FileAttach implements tasks.task.file.attach: several files of the Drive, by id without a prefix.
func v3FileAttach(w *world, x *execution) (any, error) {
	n, ok := integer(x.params.Get("taskId"))
	objects := integers(x.params.Get("fileIds"))
	if !ok || len(objects) == 0 {
		return nil, v3Invalid("taskId", "fileIds")
	}
	t := w.visible(n)
	if t == nil {
		return nil, v3Denied()
	}
	for _, n := range objects {
		o := w.drive.objects[n]
		if o == nil || o.folder {
			return nil, v3Refuse("ENTITYNOTFOUNDEXCEPTION", "File not found")
		}
		t.Files = append(t.Files, w.drive.attach(o))
	}
	t.Changed = w.now()
	return object{"result": true}, nil
}
