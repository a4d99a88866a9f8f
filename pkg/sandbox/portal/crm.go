package portal

import (
	"net/http"
	"slices"
	"strings"
)

func (c Contact) has(address string) bool {
	return slices.ContainsFunc(c.Emails, func(e string) bool { return strings.EqualFold(e, address) })
}

// findByComm implements crm.duplicate.findbycomm. Without a match it returns a list. It never says which value matched.
func findByComm(w *world, x *execution) (any, error) {
	values := texts(x.params.Get("values"))
	kind := strings.ToUpper(x.params.Str("type"))
	switch {
	case kind != "EMAIL" && kind != "PHONE":
		return nil, refuse("Parameter 'type' is not specified or invalid", "")
	case len(values) == 0:
		return nil, refuse("Parameter 'values' is not specified", "")
	case len(values) > 20:
		return nil, refuse("Max quantity of values is 20", "")
	}
	entity := strings.ToUpper(x.params.Str("entity_type"))
	var found []int64
	for _, c := range w.contacts {
		if kind == "EMAIL" && (entity == "" || entity == "CONTACT") && slices.ContainsFunc(values, c.has) {
			found = append(found, c.ID)
		}
	}
	if len(found) == 0 {
		return []any{}, nil
	}
	return object{"CONTACT": found[:min(20, len(found))]}, nil
}

// contactList implements crm.contact.list. Ids are strings, and unknown filter keys are ignored.
func contactList(w *world, x *execution) (any, error) {
	filter, _ := x.params.Get("filter").(*Params)
	var found []Contact
	for _, c := range w.contacts {
		if w.contactMatches(c, filter) {
			found = append(found, c)
		}
	}
	fields := texts(x.params.Get("select"))
	rows := []any{}
	for _, c := range page(x, found) {
		full := object{
			"ID":          id(c.ID),
			"NAME":        orNil(c.Name),
			"LAST_NAME":   orNil(c.LastName),
			"SECOND_NAME": orNil(c.SecondName),
			"HAS_EMAIL":   "Y",
		}
		// QUIRK: multiple fields such as EMAIL are returned only if selected (docs of crm.contact.list).
		if slices.Contains(fields, "EMAIL") {
			full["EMAIL"] = multifield(c)
		}
		rows = append(rows, chosen(full, fields, "ID"))
	}
	return rows, nil
}

// finds reports whether a filter by addresses matches the contact.
//
// QUIRK: only the first of several addresses is used, and it matches any address that begins with it (crm,
// entity_helper.php PrepareMultiFieldFilter).
func (w *world) finds(c Contact, addresses []string) bool {
	return len(addresses) > 0 && slices.ContainsFunc(c.Emails, func(e string) bool {
		return strings.HasPrefix(strings.ToLower(e), strings.ToLower(addresses[0]))
	})
}

func multifield(c Contact) []any {
	rows := []any{}
	for i, e := range c.Emails {
		rows = append(rows, object{"ID": id(c.ID*10 + int64(i)), "VALUE_TYPE": "WORK", "VALUE": e, "TYPE_ID": "EMAIL"})
	}
	return rows
}

func chosen(full object, fields []string, always string) object {
	if len(fields) == 0 || slices.Contains(fields, "*") {
		return full
	}
	view := object{always: full[always]}
	for _, f := range fields {
		if v, ok := full[f]; ok {
			view[f] = v
		}
	}
	return view
}

func (w *world) contactMatches(c Contact, filter *Params) bool {
	for _, k := range filter.Keys() {
		v := filter.Get(k)
		ok := true
		switch strings.TrimLeft(k, "=@") {
		case ">ID":
			ok = numberHits([]int64{c.ID}, ">", integers(v))
		case "EMAIL":
			ok = w.finds(c, texts(v))
		case "ID":
			ok = slices.Contains(integers(v), c.ID)
		case "NAME":
			ok = slices.Contains(texts(v), c.Name)
		case "LAST_NAME":
			ok = slices.Contains(texts(v), c.LastName)
		}
		if !ok {
			return false
		}
	}
	return true
}

const contactType = 3

// itemList implements crm.item.list for contacts. Ids are numbers, and an unknown filter key is an error.
func itemList(w *world, x *execution) (any, error) {
	if x.params.Int("entityTypeId") != contactType {
		return nil, refuse("NOT_FOUND", "Smart process not found")
	}
	filter, _ := x.params.Get("filter").(*Params)
	var found []Contact
	for _, c := range w.contacts {
		keep := true
		for _, k := range filter.Keys() {
			if strings.TrimLeft(k, "=@") != "id" {
				return nil, &apiError{
					status: http.StatusBadRequest,
					code:   "INVALID_ARG_VALUE",
					text:   "Invalid filter: field '" + k + "' is not allowed in filter",
				}
			}
			keep = keep && slices.Contains(integers(filter.Get(k)), c.ID)
		}
		if keep {
			found = append(found, c)
		}
	}
	fields := texts(x.params.Get("select"))
	rows := []any{}
	for _, c := range page(x, found) {
		full := object{"id": c.ID, "name": c.Name, "lastName": c.LastName, "secondName": c.SecondName, "companyId": 0}
		rows = append(rows, chosen(full, fields, "id"))
	}
	return object{"items": rows}, nil
}
