package portal

import (
	"slices"
	"strings"
)

// tasksTaskAdd implements tasks.task.add of v2.
func tasksTaskAdd(w *world, x *execution) (any, error) {
	f, ok := x.params.Get("fields").(*Params)
	if !ok {
		return nil, missing("fields")
	}
	t, err := w.newTask(f)
	if err != nil {
		return nil, err
	}
	view := t.full()
	if w.o.ChatOnlyInGet {
		delete(view, "chatId")
	}
	return object{"task": view}, nil
}

func missing(name string) error {
	return refuse("100", "Could not find value for parameter {%s}", name)
}

// taskID returns the parameter taskId.
func taskID(x *execution) (int64, error) {
	if !x.params.Has("taskId") {
		return 0, missing("taskId")
	}
	id, ok := integer(x.params.Get("taskId"))
	if !ok || id <= 0 {
		return 0, refuse("0", "wrong task id")
	}
	return id, nil
}

// tasksTaskGet implements tasks.task.get of v2.
//
// QUIRK: for a task that is missing or not accessible it returns an empty list instead of an error (tasks REST
// controller, getAction).
func tasksTaskGet(w *world, x *execution) (any, error) {
	id, err := taskID(x)
	if err != nil {
		return nil, err
	}
	t := w.visible(id)
	if t == nil {
		return []any{}, nil
	}
	fields := texts(x.params.Get("select"))
	// QUIRK: reading CHAT_ID of a task without a chat creates the chat (tasks, classes/general/task.php).
	if len(fields) == 0 || slices.Contains(fields, "CHAT_ID") || slices.Contains(fields, "*") {
		t.openChat()
	}
	view := t.full()
	if len(fields) > 0 {
		view = selectFields(view, fields)
	}
	if _, ok := view["action"]; !ok {
		view["action"] = t.actions()
	}
	return object{"task": view}, nil
}

// tasksTaskUpdate implements tasks.task.update of v2.
func tasksTaskUpdate(w *world, x *execution) (any, error) {
	id, err := taskID(x)
	if err != nil {
		return nil, err
	}
	f, ok := x.params.Get("fields").(*Params)
	if !ok {
		return nil, missing("fields")
	}
	t := w.visible(id)
	if t == nil {
		return nil, errNotAllowed()
	}
	before := t.Task
	if err := t.setFields(f); err != nil {
		t.Task = before
		return nil, err
	}
	t.Changed = w.now()
	if n := int(f.Int("STATUS")); n >= 2 && n <= 6 && n != t.Status {
		t.setStatus(w.me, n, statusPhrase(n))
	}
	return object{"task": t.full()}, nil
}

func statusPhrase(status int) string {
	names := map[int]string{2: "renewed", 3: "started", 4: "control", 5: "completed", 6: "deferred"}
	return names[status]
}

// tasksTaskDelete implements tasks.task.delete of v2.
func tasksTaskDelete(w *world, x *execution) (any, error) {
	id, err := taskID(x)
	if err != nil {
		return nil, err
	}
	if w.visible(id) == nil {
		return nil, errNotAllowed()
	}
	delete(w.tasks, id)
	return object{"task": true}, nil
}

// tasksFilesAttach implements tasks.task.files.attach of v2: one file of the Drive, by id without a prefix.
func tasksFilesAttach(w *world, x *execution) (any, error) {
	id, err := taskID(x)
	if err != nil {
		return nil, err
	}
	t := w.visible(id)
	if t == nil {
		return nil, errNotAllowed()
	}
	obj, ok := integer(x.params.Get("fileId"))
	if !ok {
		return nil, refuse("100", "Invalid value {%s} to match with parameter {fileId}", x.params.Str("fileId"))
	}
	file := w.drive.objects[obj]
	if file == nil || file.folder {
		return nil, refuse("ERROR_CORE", "The file was not found.<br>")
	}
	made := w.drive.attach(file)
	t.Files, t.Changed = append(t.Files, made), w.now()
	return object{"attachmentId": made.Attach}, nil
}

// tasksResultList implements tasks.task.result.list of v2. It is the same for both cards.
func tasksResultList(w *world, x *execution) (any, error) {
	id, err := taskID(x)
	if err != nil {
		return nil, err
	}
	t := w.visible(id)
	if t == nil {
		return nil, forbid("ACCESS_DENIED", "Access denied")
	}
	list := []any{}
	for _, r := range t.results {
		files := r.files
		if files == nil {
			files = []int64{}
		}
		list = append(list, object{
			"id": r.id, "taskId": t.ID, "commentId": r.comment, "createdBy": r.user, "createdAt": stamp(r.at),
			"updatedAt": stamp(r.at), "status": 0, "text": r.text,
			"formattedText": strings.ReplaceAll(r.text, "\n", "<br />"), "files": files,
		})
	}
	return list, nil
}

// tasksHistoryList implements tasks.task.history.list of v2.
func tasksHistoryList(w *world, x *execution) (any, error) {
	id, err := taskID(x)
	if err != nil {
		return nil, err
	}
	t := w.visible(id)
	if t == nil {
		return nil, errNotAllowed()
	}
	list := []any{}
	for _, c := range t.history {
		if field := x.params.Str("filter", "FIELD"); field != "" && field != c.field {
			continue
		}
		u := w.users[c.user]
		row := object{
			"id": c.id, "createdDate": c.at.In(zone).Format("02.01.2006 15:04:05"), "field": c.field,
			"value": object{
				"from": c.from,
				"to":   c.to,
			}, "user": object{"id": u.ID, "name": u.Name, "lastName": u.LastName, "secondName": nil, "login": u.Email},
		}
		if strings.EqualFold(x.params.Str("order", "createdDate"), "desc") {
			list = append([]any{row}, list...)
		} else {
			list = append(list, row)
		}
	}
	return object{"list": list}, nil
}
