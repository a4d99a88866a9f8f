package portal

import (
	"fmt"
	"strings"
	"testing"
)

func TestCRM(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true, Contacts: []Contact{
		{ID: 275, Name: "Ivan", LastName: "Petrov", Emails: []string{"ivan@example.org"}},
		{ID: 276, Name: "Olga", Emails: []string{"olga@example.org", "o@example.org"}},
	}})
	if a := r.call("crm.duplicate.findbycomm",
		`{"type":"EMAIL","values":["no@example.org"],"entity_type":"CONTACT"}`); !strings.Contains(a.raw,
		`"result":[]`) {
		t.Errorf("nothing found: %s", a.raw)
	}
	if a := r.call("crm.duplicate.findbycomm",
		`{"type":"EMAIL","values":["ivan@example.org","o@example.org"],"entity_type":"CONTACT"}`); !strings.Contains(
		a.raw, `"CONTACT":[275,276]`) {
		t.Errorf("found: %s", a.raw)
	}
	var many []string
	for i := range 21 {
		many = append(many, fmt.Sprintf("%q", fmt.Sprintf("a%d@example.org", i)))
	}
	r.ok("crm.duplicate.findbycomm", `{"type":"EMAIL","values":[`+strings.Join(many[1:], ",")+`]}`)
	a := r.call("crm.duplicate.findbycomm", `{"type":"EMAIL","values":[`+strings.Join(many, ",")+`]}`)
	if a.status != 400 || !strings.Contains(a.code(), " ") {
		t.Errorf("21 values: %d %s", a.status, a.raw)
	}
	got := r.ok("crm.contact.list", `{"filter":{"EMAIL":"o@example.org"},"select":["ID","NAME","EMAIL"],"start":-1}`)
	if got.Str("result", "0", "EMAIL", "1", "VALUE") != "o@example.org" || got.Str("result", "0", "ID") != "276" ||
		got.Has("total") {
		t.Errorf("contacts: %v", got.Get("result"))
	}
	if got := r.ok("crm.contact.list", `{"filter":{"EMAIL":"example.org"},"select":["ID"]}`); got.Int("total") != 0 {
		t.Errorf("part of an address: %v", got.Get("result"))
	}
	if a := r.call("crm.item.list",
		`{"entityTypeId":3,"filter":{"@id":[275]},"select":["id","lastName"]}`); !strings.Contains(a.raw,
		`{"id":275,"lastName":"Petrov"}`) {
		t.Errorf("items: %s", a.raw)
	}
	r.refused("unknown key", r.call("crm.item.list", `{"entityTypeId":3,"filter":{"nonsense":1}}`), 400,
		"INVALID_ARG_VALUE")
}

func TestPeopleAndSystem(t *testing.T) {
	r := start(t, PortalOptions{NoLimit: true})
	got := r.ok("user.get", `{"FILTER":{"ID":["7","9","4711"]},"start":-1}`)
	if got.Str("result", "0", "ID") != "7" || got.Str("result", "1", "EMAIL") != "orlov@portal.example" ||
		got.Has("result", "2") {
		t.Errorf("users: %v", got.Get("result"))
	}
	if a := r.call("method.get", `{"name":"tasks.task.add"}`); !strings.Contains(a.raw, `"isAvailable":true`) {
		t.Errorf("method.get: %s", a.raw)
	}
	r.refused("app.info", r.call("app.info", `{}`), 400, "ACCESS_DENIED")
	r.SetScopes("task", "user_brief")
	if a := r.call("scope", `{}`); !strings.Contains(a.raw, `["task","user_brief"]`) {
		t.Errorf("scope: %s", a.raw)
	}
	if got := r.ok("user.current", `{}`); got.Has("result", "EMAIL") {
		t.Error("user_brief sees addresses")
	}
	if a := r.call("method.get", `{"name":"im.chat.get"}`); !strings.Contains(a.raw, `"isAvailable":false`) {
		t.Errorf("method.get without scope: %s", a.raw)
	}
}
