package portal

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func id(n int64) string { return strconv.FormatInt(n, 10) }

func ids(ns []int64) []string {
	ss := []string{}
	for _, n := range ns {
		ss = append(ss, id(n))
	}
	return ss
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// full returns a task in the form of v2: camelCase, ids as strings, empty maps as lists.
func (t *task) full() object {
	v := object{
		"id": id(t.ID), "parentId": id(t.Parent), "title": t.Title, "description": t.Description, "mark": nil,
		"priority": strconv.Itoa(t.Priority), "multitask": "N", "notViewed": "N", "replicate": "N", "stageId": "0",
		"createdBy": id(t.Creator), "createdDate": stamp(t.Created), "responsibleId": id(t.Responsible),
		"changedBy": id(t.Creator), "changedDate": stamp(t.Changed), "activityDate": stamp(t.Activity),
		"closedBy": id(t.ClosedBy), "closedDate": stampOrNil(t.Closed), "deadline": stampOrNil(t.Deadline),
		"guid": fmt.Sprintf("{c2794da9-0000-4000-8000-%012d}", t.ID), "xmlId": orNil(t.XMLID),
		"commentsCount": nil, "serviceCommentsCount": nil, "forumTopicId": nil, "forumId": nil, "siteId": "s1",
		"descriptionInBbcode": "Y", "status": strconv.Itoa(t.Status), "subStatus": t.subStatus(),
		"groupId":     id(t.Group),
		"taskControl": map[bool]string{true: "Y", false: "N"}[t.Control], "auditors": ids(t.Auditors),
		"accomplices": ids(t.Accomplices), "group": t.group(), "creator": t.w.person(t.Creator),
		"responsible": t.w.person(t.Responsible),
		"tags":        tagMap(t.Tags), "action": t.actions(), "chatId": nil, "newCommentsCount": 0,
		"ufCrmTask": falseIfEmpty(t.CRM), "ufMailMessage": nil, "ufTaskWebdavFiles": falseIfEmpty(attachments(t.Files)),
	}
	if t.ClosedBy == 0 {
		v["closedBy"] = nil
	}
	if t.Chat != 0 {
		v["chatId"] = t.Chat // QUIRK: a number, although id is a string (docs of tasks.task.get)
	}
	for k, s := range t.Fields {
		v[camel(k)] = s
	}
	countComments(t, v)
	return v
}

// countComments sets the counts of the old card: all comments, and those of the system.
func countComments(t *task, v object) {
	all, service := 0, 0
	for _, c := range t.Comments {
		if c.Chat {
			continue
		}
		all++
		if c.System {
			service++
		}
	}
	if all > service {
		v["commentsCount"], v["serviceCommentsCount"] = strconv.Itoa(all), strconv.Itoa(service)
	}
}

// subStatus returns the status, or one derived from the dates: -1 is overdue.
func (t *task) subStatus() string {
	if !t.Deadline.IsZero() && t.Status < 4 && t.Deadline.Before(t.w.o.Now()) {
		return "-1"
	}
	return strconv.Itoa(t.Status)
}

func (t *task) group() any {
	if t.Group == 0 {
		return []any{}
	}
	return object{"id": id(t.Group), "name": t.w.groupName(t.Group), "opened": true, "image": ""}
}

func (w *world) person(user int64) object {
	u := w.users[user]
	return object{
		"id": id(user), "name": u.FullName(), "link": fmt.Sprintf("/company/personal/user/%d/", user), "icon": "",
		"workPosition": u.Position,
	}
}

func tagMap(tags []string) any {
	if len(tags) == 0 {
		return []any{}
	}
	m := object{}
	for i, tag := range tags {
		m[strconv.Itoa(30+i)] = object{"id": 30 + i, "title": tag}
	}
	return m
}

func attachments(files []File) []int64 {
	var ns []int64
	for _, f := range files {
		ns = append(ns, f.Attach)
	}
	return ns
}

// falseIfEmpty returns a multiple custom field in the portal's form: false if it has no value.
func falseIfEmpty[T any](vs []T) any {
	if len(vs) == 0 {
		return false
	}
	return vs
}

// camel converts UPPER_CASE to camelCase.
func camel(name string) string {
	words := strings.Split(strings.ToLower(name), "_")
	for i, w := range words {
		if i > 0 && w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

// companions are keys that are returned together with another one.
var companions = map[string][]string{
	"RESPONSIBLE_ID":       {"responsible"},
	"CREATED_BY":           {"creator"},
	"STATUS":               {"subStatus"},
	"GROUP_ID":             {"group"},
	"UF_CRM_TASK":          {"ufTaskWebdavFiles", "ufMailMessage"},
	"UF_TASK_WEBDAV_FILES": {"ufCrmTask", "ufMailMessage"},
	"UF_MAIL_MESSAGE":      {"ufCrmTask", "ufTaskWebdavFiles"},
}

// selectFields keeps the requested fields, given in UPPER_CASE, and ignores unknown ones.
func selectFields(full object, fields []string) object {
	if slices.Contains(fields, "*") {
		return full
	}
	view := object{"id": full["id"]}
	for _, f := range fields {
		if f != strings.ToUpper(f) {
			continue
		}
		for _, key := range append([]string{camel(f)}, companions[f]...) {
			if v, ok := full[key]; ok {
				view[key] = v
			}
		}
	}
	if _, ok := view["group"]; !ok {
		view["group"] = []any{}
	}
	return view
}
