package portal

import (
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxTitle    = 250   // characters; the rest is cut silently
	maxXMLID    = 200   // characters; more is an error
	maxChatText = 20000 // characters; the rest is replaced by " (...)"
)

func cutRunes(s string, n int, tail string) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + tail
}

const phpSpace = " \t\n\v\f\r"

// hashtags returns the words after # in title and description, which the portal turns into tags.
//
// QUIRK: any text after white space and # is a tag, even digits and invisible characters. The portal compares bytes and
// matches /\s#([^\s,\[\]<>]+)/ (tasks, Control\Task::parseTags; V2 ParseTextTrait).
func hashtags(texts ...string) []string {
	var tags []string
	for _, s := range texts {
		for at := strings.IndexByte(s, '#'); at >= 0; {
			rest := s[at+1:]
			if at == 0 || strings.IndexByte(phpSpace, s[at-1]) >= 0 {
				end := strings.IndexAny(rest, phpSpace+",[]<>")
				if end < 0 {
					end = len(rest)
				}
				if end > 0 {
					tags = append(tags, rest[:end])
				}
			}
			next := strings.IndexByte(rest, '#')
			if next < 0 {
				break
			}
			at += 1 + next
		}
	}
	return tags
}

// setFields sets fields of v2 in the task and ignores unknown ones.
func (t *task) setFields(f *Params) error {
	for _, k := range f.Keys() {
		v := f.Get(k)
		switch k {
		case "TITLE":
			t.Title = cutRunes(strings.TrimSpace(text(v)), maxTitle, "")
		case "DESCRIPTION":
			t.Description = text(v)
		case "XML_ID":
			t.XMLID = text(v)
		case "PRIORITY":
			n, ok := integer(v)
			if !ok || n < 0 || n > 2 {
				n = 1
			}
			t.Priority = int(n)
		case "CREATED_BY":
			t.Creator = f.Int(k)
		case "RESPONSIBLE_ID":
			t.Responsible = f.Int(k)
		case "ACCOMPLICES", "AUDITORS", "GROUP_ID":
			t.setFeature(k, v)
		case "PARENT_ID":
			t.Parent = f.Int(k)
		case "TASK_CONTROL":
			t.Control = text(v) == "Y"
		case "DEADLINE":
			t.Deadline, _ = readTime(text(v))
		case "TAGS":
			t.Tags = tags(v)
		case "UF_CRM_TASK":
			t.CRM = texts(v)
		case "UF_TASK_WEBDAV_FILES":
			t.Files = t.w.drive.bind(texts(v), t.Files)
		default:
			if strings.HasPrefix(k, "UF_") {
				t.Fields[k] = text(v)
			}
		}
	}
	return t.check()
}

// setFeature sets a field that not every plan has. QUIRK: without the feature it is dropped silently (tasks,
// EntityFieldService::applyRestrictions).
func (t *task) setFeature(field string, v any) {
	switch {
	case t.w.o.SmallPlan:
	case field == "ACCOMPLICES":
		t.Accomplices = integers(v)
	case field == "AUDITORS":
		t.setAuditors(integers(v))
	default:
		t.Group, _ = integer(v)
	}
}

func (t *task) setAuditors(users []int64) {
	for _, u := range users {
		if !t.hasMember(u) && t.Chat != 0 {
			t.joined[u] = t.w.serial["message"]
		}
	}
	t.Auditors = users
}

func tags(v any) []string {
	var ts []string
	for _, s := range texts(v) {
		for tag := range strings.SplitSeq(s, ",") {
			if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(ts, tag) {
				ts = append(ts, tag)
			}
		}
	}
	return ts
}

// check refuses values that the portal cannot store.
func (t *task) check() error {
	_, responsible := t.w.users[t.Responsible]
	_, creator := t.w.users[t.Creator]
	switch {
	case t.Title == "":
		return refuse("ERROR_CORE", "The task name is not specified.<br>")
	case t.Responsible == 0:
		return refuse("ERROR_CORE", "The assignee is not specified.<br>")
	case !responsible:
		return refuse("ERROR_CORE", "The user specified in the field \"Assignee\" was not found.<br>")
	case !creator:
		return refuse("ERROR_CORE", "The user specified in the field \"Creator\" was not found.<br>")
	case utf8.RuneCountInString(t.XMLID) > maxXMLID:
		return refuse("ERROR_CORE", "The value of the field \"External ID\" is too long.<br>")
	case t.Parent != 0 && t.w.tasks[t.Parent] == nil:
		return refuse("ERROR_CORE", "The parent task was not found.<br>")
	case t.w.o.MandatoryField != "" && t.Fields[t.w.o.MandatoryField] == "":
		return refuse("ERROR_CORE", "The field \"%s\" is mandatory.<br>", t.w.o.MandatoryField)
	}
	return nil
}

// newTask creates a task from fields. It stores the task only if they are valid, and notifies nobody.
func (w *world) newTask(f *Params) (*task, error) {
	now := w.now()
	t := &task{w: w, joined: map[int64]int64{}}
	t.Task = Task{
		Status:   2,
		Priority: 1,
		Creator:  w.me,
		Created:  now,
		Changed:  now,
		Activity: now,
		Fields:   map[string]string{},
	}
	if f.Has("STATUS") {
		n, ok := integer(f.Get("STATUS"))
		if !ok || n < 2 || n > 6 {
			return nil, refuse("ERROR_CORE", "Incorrect status.<br>")
		}
		t.Status = int(n)
		if n == 5 {
			t.Closed, t.ClosedBy = now, t.Creator
		}
	}
	if err := t.setFields(f); err != nil {
		return nil, err
	}
	if found := hashtags(t.Title, t.Description); len(found) > 0 {
		t.Tags = tags(listOf(append(t.Tags, found...)))
	}
	t.ID = w.next("task")
	w.tasks[t.ID] = t
	if w.o.NewCard {
		t.Chat = w.next("chat")
		t.remark(0, phrase("created"))
	} else if len(t.members()) > 1 {
		t.remark(t.Creator, phrase("created"))
		t.Activity = now
	}
	return t, nil
}

func listOf[T any](vs []T) *Params {
	p := &Params{}
	for _, v := range vs {
		p.push(any(v))
	}
	return p
}
