package portal

import (
	"cmp"
	"slices"
	"strings"
)

// Group is a workgroup or project of the portal.
type Group struct {
	ID       int64
	Name     string
	Archived bool
	Secret   bool // invisible to the webhook's user
}

// groupName returns the name of a group. An unknown group gets a name with its id.
func (w *world) groupName(n int64) string {
	for _, g := range w.groups {
		if g.ID == n {
			return g.Name
		}
	}
	return "Group " + id(n)
}

// groupsFor returns a page of the groups that match a filter. QUIRK: an unknown key of the filter is ignored.
func (w *world) groupsFor(x *execution, filter string, order string) []Group {
	var found []Group
	for _, g := range w.groups {
		if g.Secret {
			continue
		}
		hit := true
		for _, key := range keysOf(x.params, filter) {
			v := x.params.Get(filter, key)
			switch key {
			case "ID", "=ID":
				hit = hit && slices.Contains(integers(v), g.ID)
			case "NAME", "=NAME":
				hit = hit && g.Name == text(v)
			case "%NAME":
				hit = hit && strings.Contains(strings.ToLower(g.Name), strings.ToLower(text(v)))
			case "ACTIVE":
				hit = hit && text(v) == "Y"
			case "CLOSED":
				hit = hit && text(v) == yes(g.Archived)
			}
		}
		if hit {
			found = append(found, g)
		}
	}
	slices.SortFunc(found, func(a, b Group) int { return cmp.Compare(b.ID, a.ID) })
	if strings.EqualFold(x.params.Str(order, "ID"), "ASC") {
		slices.Reverse(found)
	}
	return page(x, found)
}

func keysOf(p *Params, name string) []string {
	if of, ok := p.Get(name).(*Params); ok {
		return of.Keys()
	}
	return nil
}

func yes(is bool) string {
	if is {
		return "Y"
	}
	return "N"
}

// groupGet implements sonet_group.get. It returns all columns, with numbers as strings.
func groupGet(w *world, x *execution) (any, error) {
	rows := []any{}
	for _, g := range w.groupsFor(x, "FILTER", "ORDER") {
		rows = append(rows, object{
			"ID": id(g.ID), "SITE_ID": "s1", "NAME": g.Name, "DESCRIPTION": nil, "ACTIVE": "Y", "VISIBLE": "Y",
			"OPENED": "N", "CLOSED": yes(g.Archived), "SUBJECT_ID": "1", "OWNER_ID": "1", "KEYWORDS": nil,
			"NUMBER_OF_MEMBERS": "2", "SUBJECT_NAME": "Workgroups", "PROJECT": "N", "IS_EXTRANET": "N",
		})
	}
	return rows, nil
}

// workgroupList implements socialnetwork.api.workgroup.list. QUIRK: without select it returns only the id.
func workgroupList(w *world, x *execution) (any, error) {
	fields := []string{}
	for _, f := range texts(x.params.Get("select")) {
		fields = append(fields, strings.ToLower(f))
	}
	if len(fields) == 0 {
		fields = []string{"id"}
	}
	rows := []any{}
	for _, g := range w.groupsFor(x, "filter", "order") {
		rows = append(rows, chosen(object{
			"id": id(g.ID), "name": g.Name, "active": "Y", "closed": yes(g.Archived), "type": "group",
		}, fields, "id"))
	}
	return object{"workgroups": rows}, nil
}
