package portal

import (
	"cmp"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"helpdesk/pkg/lazy"
)

const pageSize = 50

// sortKeys are the sort keys of tasks.task.list. Those with nil are accepted but have no effect here.
var sortKeys = map[string]func(t *task) int64{
	"ID":            func(t *task) int64 { return t.ID },
	"CREATED_DATE":  func(t *task) int64 { return t.Created.Unix() },
	"CHANGED_DATE":  func(t *task) int64 { return t.Changed.Unix() },
	"CLOSED_DATE":   func(t *task) int64 { return t.Closed.Unix() },
	"ACTIVITY_DATE": func(t *task) int64 { return t.Activity.Unix() },
	"DEADLINE":      func(t *task) int64 { return t.Deadline.Unix() },
	"REAL_STATUS":   func(t *task) int64 { return int64(t.Status) },
	"PRIORITY":      func(t *task) int64 { return int64(t.Priority) },
	"GROUP_ID":      func(t *task) int64 { return t.Group },
	"TITLE":         nil, "TIME_SPENT_IN_LOGS": nil, "DATE_START": nil, "START_DATE_PLAN": nil, "END_DATE_PLAN": nil,
	"STATUS_COMPLETE": nil, "MARK": nil, "CREATED_BY_LAST_NAME": nil, "RESPONSIBLE_LAST_NAME": nil,
	"TIME_ESTIMATE":         nil,
	"ALLOW_CHANGE_DEADLINE": nil, "ALLOW_TIME_TRACKING": nil, "MATCH_WORK_TIME": nil, "FAVORITE": nil, "SORTING": nil,
	"IS_PINNED": nil, "IS_PINNED_IN_GROUP": nil,
}

// tasksTaskList implements tasks.task.list of v2.
func tasksTaskList(w *world, x *execution) (any, error) {
	order, _ := x.params.Get("order").(*Params)
	for _, k := range order.Keys() {
		if _, ok := sortKeys[k]; !ok {
			return nil, refuse("0", "Invalid sorting key")
		}
	}
	filter, _ := x.params.Get("filter").(*Params)
	conditions := w.conditions(filter)
	var found []*task
	for t := range w.candidates(conditions) {
		if t.matches(conditions) && w.sees(w.me, t) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b *task) int { return cmp.Compare(a.ID, b.ID) })
	sortTasks(found, order)
	rows := []any{}
	for _, t := range page(x, found) {
		view := t.full()
		if w.o.ChatOnlyInGet {
			delete(view, "chatId")
		}
		delete(view, "action")
		if fields := texts(x.params.Get("select")); len(fields) > 0 {
			view = selectFields(view, fields)
		}
		rows = append(rows, view)
	}
	return object{"tasks": rows}, nil
}

func sortTasks(ts []*task, order *Params) {
	if order.Len() == 0 {
		order = &Params{}
		order.set("ID", "desc")
	}
	var keys []func(t *task) int64
	for _, k := range order.Keys() {
		key := sortKeys[k]
		switch {
		case key == nil:
		case strings.HasPrefix(strings.ToLower(order.Str(k)), "desc"):
			keys = append(keys, func(t *task) int64 { return -key(t) })
		default:
			keys = append(keys, key)
		}
	}
	slices.SortStableFunc(ts, func(a, b *task) int {
		for _, key := range keys {
			if c := cmp.Compare(key(a), key(b)); c != 0 {
				return c
			}
		}
		return 0
	})
}

// page returns the requested page and sets the total, except with start -1.
//
// QUIRK: a start that is not a multiple of 50 is rounded down.
func page[T any](x *execution, all []T) []T {
	start := int(x.params.Int("start"))
	if start == -1 {
		return all[:min(pageSize, len(all))]
	}
	total := len(all)
	x.total = &total
	start = max(0, start) / pageSize * pageSize
	if start+pageSize < total {
		next := start + pageSize
		x.next = &next
	}
	start = min(start, total)
	return all[start:min(start+pageSize, total)]
}

var filterKey = lazy.Regexp(`^(!><|><|>=|<=|!=|!%|[!=<>%*?])?([A-Z_0-9]+)$`)

// condition is a key of a filter with its value, converted to all types of columns.
type condition struct {
	op, column string
	at         time.Time // zero = not a date
	numbers    []int64
	texts      []string
}

// dated returns 1 for a condition with a date, 0 for any other.
func dated(c condition) int {
	if c.at.IsZero() {
		return 0
	}
	return 1
}

func (w *world) conditions(filter *Params) (all []condition) {
	for _, k := range filter.Keys() {
		m := filterKey().FindStringSubmatch(k)
		if m == nil || m[2] == "ACTIVITY_DATE" && w.o.ActivityFilterIgnored {
			continue
		}
		want := filter.Get(k)
		all = append(all, condition{m[1], m[2], date(want), integers(want), texts(want)})
	}
	// few of many tasks have changed lately, so dates are compared first
	slices.SortStableFunc(all, func(a, b condition) int { return cmp.Compare(dated(b), dated(a)) })
	return all
}

// candidates returns the tasks that the conditions can match: all tasks, or those whose numbers are asked for.
func (w *world) candidates(conditions []condition) iter.Seq[*task] {
	i := slices.IndexFunc(conditions, func(c condition) bool { return c.column == "ID" && c.op == "" })
	if i < 0 {
		return maps.Values(w.tasks)
	}
	return func(yield func(*task) bool) {
		for _, id := range slices.Compact(slices.Sorted(slices.Values(conditions[i].numbers))) {
			if t := w.tasks[id]; t != nil && !yield(t) {
				return
			}
		}
	}
}

// matches checks every condition. QUIRK: a condition on an unknown column is ignored, so everything matches.
func (t *task) matches(conditions []condition) bool {
	for _, c := range conditions {
		if hit, known := t.asks(c); known && !hit {
			return false
		}
	}
	return true
}

func (t *task) asks(c condition) (hit, known bool) {
	if at, ok := dateColumn(t, c.column); ok {
		return dateHits(at, c.op, c.at), true
	}
	if ns, ok := t.numberColumn(c.column); ok {
		return numberHits(ns, c.op, c.numbers), true
	}
	if ss, ok := textColumn(t, c.column); ok {
		return textHits(ss, c.op, c.column, c.texts), true
	}
	return false, false
}

func dateColumn(t *task, column string) (time.Time, bool) {
	switch column {
	case "CREATED_DATE":
		return t.Created, true
	case "CHANGED_DATE":
		return t.Changed, true
	case "CLOSED_DATE":
		return t.Closed, true
	case "ACTIVITY_DATE":
		return t.Activity, true
	case "DEADLINE":
		return t.Deadline, true
	}
	return time.Time{}, false
}

func (t *task) numberColumn(column string) ([]int64, bool) {
	switch column {
	case "ID":
		return []int64{t.ID}, true
	case "PARENT_ID":
		return []int64{t.Parent}, true
	case "GROUP_ID":
		return []int64{t.Group}, true
	case "CREATED_BY":
		return []int64{t.Creator}, true
	case "RESPONSIBLE_ID":
		return []int64{t.Responsible}, true
	case "PRIORITY":
		return []int64{int64(t.Priority)}, true
	case "REAL_STATUS":
		return []int64{int64(t.Status)}, true
	case "STATUS":
		n, _ := integer(t.subStatus())
		return []int64{int64(t.Status), n}, true
	case "ACCOMPLICE":
		return t.Accomplices, true
	case "AUDITOR":
		return t.Auditors, true
	}
	return nil, false
}

func textColumn(t *task, column string) ([]string, bool) {
	switch column {
	case "TITLE":
		return []string{t.Title}, true
	case "XML_ID":
		return []string{t.XMLID}, true
	case "TAG":
		return t.Tags, true
	case "UF_CRM_TASK":
		return t.CRM, true
	}
	v, ok := t.Fields[column]
	return []string{v}, ok
}

// date parses a value as a date. It returns the zero time if the value is not one.
func date(v any) time.Time {
	t, _ := readTime(text(v))
	return t
}

func dateHits(at time.Time, op string, bound time.Time) bool {
	if at.IsZero() || bound.IsZero() {
		return at.IsZero() && bound.IsZero()
	}
	return compared(at.Compare(bound), op)
}

func compared(c int, op string) bool {
	switch op {
	case ">":
		return c > 0
	case ">=":
		return c >= 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case "!", "!=":
		return c != 0
	}
	return c == 0
}

func numberHits(have []int64, op string, want []int64) bool {
	if op == "!" || op == "!=" {
		return !numberHits(have, "", want)
	}
	for _, h := range have {
		for _, w := range want {
			if compared(cmp.Compare(h, w), op) {
				return true
			}
		}
	}
	return false
}

// textHits compares like SQL. A title without an operator is a pattern with % and _.
func textHits(have []string, op, column string, want []string) bool {
	if strings.HasPrefix(op, "!") {
		return !textHits(have, strings.TrimLeft(op, "!"), column, want)
	}
	for _, h := range have {
		for _, w := range want {
			switch {
			case op == "%" && strings.Contains(strings.ToLower(h), strings.ToLower(w)),
				op == "" && column == "TITLE" && like(w).MatchString(h),
				op != "%" && h == w:
				return true
			}
		}
	}
	return false
}

func like(pattern string) *regexp.Regexp {
	q := strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile(`(?is)^` + q + `$`)
}
