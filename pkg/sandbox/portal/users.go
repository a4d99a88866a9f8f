package portal

import (
	"cmp"
	"slices"
)

// profile implements profile, which needs no particular scope.
func profile(w *world, _ *execution) (any, error) {
	u := w.users[w.me]
	if u.Inactive {
		return []any{}, nil
	}
	return object{
		"ID": id(u.ID), "ADMIN": u.Admin, "NAME": u.Name, "LAST_NAME": u.LastName, "PERSONAL_GENDER": "",
		"TIME_ZONE":        "Europe/Moscow",
		"TIME_ZONE_OFFSET": 10800,
	}, nil
}

// userView returns a user in the form of user.get. QUIRK: a date that was never set is an empty string or an empty map.
func (w *world) userView(u User) object {
	v := object{
		"ID": id(u.ID), "XML_ID": nil, "ACTIVE": !u.Inactive, "NAME": u.Name, "LAST_NAME": u.LastName,
		"SECOND_NAME": "", "EMAIL": u.Email,
		"LAST_LOGIN": "", "DATE_REGISTER": "2025-01-10T00:00:00+03:00", "PERSONAL_BIRTHDAY": "",
		"LAST_ACTIVITY_DATE": object{},
		"WORK_POSITION":      u.Position, "UF_DEPARTMENT": []int{1}, "USER_TYPE": "employee",
	}
	if u.Type != "" {
		v["UF_DEPARTMENT"], v["USER_TYPE"] = []int{}, "extranet"
	}
	if !w.scopes["user"] && !w.scopes["user_basic"] {
		delete(v, "EMAIL")
	}
	return v
}

// userCurrent implements user.current.
func userCurrent(w *world, _ *execution) (any, error) {
	return w.userView(w.users[w.me]), nil
}

// userGet implements user.get for employees and extranet users, without bots, e-mail guests and system users.
func userGet(w *world, x *execution) (any, error) {
	want := integers(x.params.Get("FILTER", "ID"))
	hasFilter := x.params.Has("FILTER", "ID")
	if !hasFilter && x.params.Has("ID") {
		want, hasFilter = integers(x.params.Get("ID")), true
	}
	var found []User
	for _, u := range w.users {
		if u.Bot || u.Guest || u.Connector || u.AuthID != "" || hasFilter && !slices.Contains(want, u.ID) {
			continue
		}
		if x.params.Has("FILTER", "ACTIVE") && truthy(x.params.Get("FILTER", "ACTIVE")) == u.Inactive {
			continue
		}
		found = append(found, u)
	}
	slices.SortFunc(found, func(a, b User) int { return cmp.Compare(a.ID, b.ID) })
	fields := texts(x.params.Get("select"))
	rows := []any{}
	for _, u := range page(x, found) {
		rows = append(rows, chosen(w.userView(u), fields, "ID"))
	}
	return rows, nil
}

// imUserList implements im.user.list.get: users of all kinds, by id. QUIRK: it returns null for an unknown id.
func imUserList(w *world, x *execution) (any, error) {
	if !x.params.Has("ID") {
		return nil, refuse("INVALID_FORMAT", "A wrong format for the ID field is passed")
	}
	list := object{}
	for _, n := range integers(x.params.Get("ID")) {
		if u, known := w.users[n]; known {
			list[id(n)] = chatUserSnake(u)
		} else {
			list[id(n)] = nil
		}
	}
	return list, nil
}
