package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	json "github.com/go-json-experiment/json/v1"

	"helpdesk/pkg/bitrix"
	"helpdesk/pkg/desk"
)

// related returns the related objects of a new task in the form of REST v3.
//
// QUIRK: REST v3 takes objects, {"name": "…"} and {"id": 7}. Its documentation does not mention tags and shows people
// as numbers. By the source, a portal of 2025 refuses any list with 400; one of 2026 accepts objects and answers
// numbers with a server error (rest, V3 FieldsStructure; tasks, V2 TaskDto; bitrix-tools/b24-rest-docs#271).
func related(f *desk.Fields) bitrix.Params {
	var p bitrix.Params
	for _, kind := range relations {
		var list []bitrix.Params
		for _, v := range kind.of(f) {
			list = append(list, bitrix.With(kind.key, v))
		}
		p = appendList(p, kind.name, list)
	}
	return p
}

// relations are the kinds of related objects: their names in REST v3 and v2, and the key of such an object.
var relations = []struct {
	name, old, key string
	of             func(*desk.Fields) []any
}{
	{"tags", "TAGS", "name", func(f *desk.Fields) []any { return anys(f.Tags) }},
	{"auditors", "AUDITORS", "id", func(f *desk.Fields) []any { return anys(f.Auditors) }},
	{"accomplices", "ACCOMPLICES", "id", func(f *desk.Fields) []any { return anys(f.Accomplices) }},
}

func anys[T any](list []T) []any {
	var all []any
	for _, v := range list {
		all = append(all, v)
	}
	return all
}

// kept returns the known kinds: true if REST v3 keeps them, false if it loses or refuses them.
func (c *Maker) kept() map[string]bool {
	known := map[string]bool{}
	c.Recall(savedKept, &known)
	return known
}

// dropped returns the kinds that REST v3 is known to lose or refuse.
func (c *Maker) dropped() []string {
	var kinds []string
	for kind, kept := range c.kept() {
		if !kept {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// loses reports whether REST v3 is known to lose or refuse a related object of the effect's task.
func (c *Maker) loses(e desk.Effect) bool {
	dropped := c.dropped()
	return slices.ContainsFunc(untried(e, nil), func(kind string) bool { return slices.Contains(dropped, kind) })
}

// untried returns the kinds of related objects that the effect's task has and that are not in known.
func untried(e desk.Effect, known map[string]bool) []string {
	var kinds []string
	for _, kind := range relations {
		if _, ok := known[kind.name]; !ok && e.Kind == desk.OpenTask && e.Post.Fields != nil &&
			len(kind.of(e.Post.Fields)) > 0 {
			kinds = append(kinds, kind.name)
		}
	}
	return kinds
}

// doubt records the untried kinds of the task as refused if REST v3 rejected the form of the call. The caller looks for
// such a task, and creates it by REST v2 if it does not exist.
func (c *Maker) doubt(e desk.Effect, err error) {
	var told *bitrix.Error
	if !errors.As(err, &told) || told.Status != http.StatusInternalServerError &&
		!told.Coded("UNKNOWNDTOPROPERTYEXCEPTION",
			"VALIDATION_REQUESTVALIDATIONEXCEPTION", "VALIDATION_DTOVALIDATIONEXCEPTION") {
		return
	}
	known := c.kept()
	if kinds := untried(e, known); len(kinds) > 0 {
		for _, kind := range kinds {
			known[kind] = false
		}
		c.Remember(savedKept, known)
	}
}

// confirm reads a new task back and records whether REST v3 kept its related objects, once a day for each kind. It sets
// lost objects by REST v2. If the task can't be read, the next task decides.
func (c *Maker) confirm(ctx context.Context, e desk.Effect, number int64) {
	known := c.kept()
	kinds := untried(e, known)
	if number == 0 || len(kinds) == 0 {
		return
	}
	has, err := c.relatedOf(ctx, number)
	if err != nil {
		c.log.Debug("portal: task not read back", "task", number, "err", err)
		return
	}
	var lost bitrix.Params
	for _, kind := range relations {
		if !slices.Contains(kinds, kind.name) {
			continue
		}
		wanted := kind.of(e.Post.Fields)
		known[kind.name] = !slices.ContainsFunc(wanted, func(v any) bool {
			return !slices.Contains(has[kind.name], folded(v))
		})
		if !known[kind.name] {
			lost = lost.With(kind.old, wanted)
		}
	}
	c.Remember(savedKept, known)
	if len(lost) == 0 {
		return
	}
	if err := c.Call(ctx, "tasks.task.update", bitrix.With("taskId", number).With("fields", lost), nil); err != nil {
		c.log.Warn("portal: task made without its tags or people", "task", number, "err", err)
	}
}

// folded returns the value in the form for comparison: the same tag may be written in several ways.
func folded(v any) string { return strings.ToLower(strings.TrimSpace(fmt.Sprint(v))) }

// relatedOf returns the task's related objects by kind, folded.
//
// QUIRK: tasks.task.get does not return TAGS; the list does, keyed by their numbers (bitrix-tools/b24-rest-docs#189,
// tasks/fields).
func (c *Maker) relatedOf(ctx context.Context, number int64) (map[string][]string, error) {
	var r struct {
		Tasks []struct {
			Tags        json.RawMessage `json:"tags"`
			Auditors    json.RawMessage `json:"auditors"`
			Accomplices json.RawMessage `json:"accomplices"`
		} `json:"tasks"`
	}
	err := c.Call(ctx, "tasks.task.list",
		bitrix.With("filter", bitrix.With("ID", number)).With("select",
			[]string{"ID", "TAGS", "AUDITORS", "ACCOMPLICES"}).With("start", -1), &r)
	if err != nil {
		return nil, err
	}
	if len(r.Tasks) != 1 {
		return nil, errors.New("the task is not listed")
	}
	has := map[string][]string{}
	for _, tag := range bitrix.Rows[struct{ Title bitrix.Text }](r.Tasks[0].Tags) {
		has["tags"] = append(has["tags"], folded(tag.Title))
	}
	for _, user := range bitrix.Rows[bitrix.ID](r.Tasks[0].Auditors) {
		has["auditors"] = append(has["auditors"], folded(user))
	}
	for _, user := range bitrix.Rows[bitrix.ID](r.Tasks[0].Accomplices) {
		has["accomplices"] = append(has["accomplices"], folded(user))
	}
	return has, nil
}
