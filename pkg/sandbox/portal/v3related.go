package portal

import (
	"net/http"
	"strings"
)

// V3Related is the treatment of tags, observers and participants in a new task by REST v3.
type V3Related string

// The versions of REST v3, the newest first.
const (
	V3RelatedLocked  V3Related = ""        // 400: add may not set such a field; since rest 26.250.100
	V3RelatedKept    V3Related = "kept"    // lists of objects are stored; since 25.1150
	V3RelatedRefused V3Related = "refused" // 400: such a field accepts no list, not even of numbers
	V3RelatedLost    V3Related = "lost"    // accepted and dropped; no known portal does so, but a client should notice
)

// v3Relations are the fields of a task with related objects: the name in v2, and the key of such an object.
var v3Relations = map[string]struct{ old, key string }{
	"tags": {"TAGS", "name"}, "accomplices": {"ACCOMPLICES", "id"}, "auditors": {"AUDITORS", "id"},
}

// v3Related converts related objects to the fields of v2.
//
// QUIRK: they are collections of objects in TaskDto. A portal before 25.1150 accepts no list for a collection and
// refuses the request. Later ones accept lists of objects, and fail with a server error for numbers. Since 26.250.100
// add requires an attribute that these fields lack (rest, V3 FieldsStructure::getAsDto, FieldEditableValidator;
// bitrix-tools/b24-rest-docs#271).
func (w *world) v3Related(f, fields *Params) error {
	for name, relation := range v3Relations {
		if !f.Has(name) {
			continue
		}
		if w.o.V3Related == V3RelatedRefused {
			return v3Invalid(name)
		}
		var list []string
		for _, item := range items(f.Get(name)) {
			object, ok := item.(*Params)
			if !ok {
				return &v3Error{
					status:  http.StatusInternalServerError,
					code:    "INTERNAL_SERVER_ERROR",
					message: "Internal server error",
				}
			}
			list = append(list, strings.TrimSpace(text(object.Get(relation.key))))
		}
		if w.o.V3Related == V3RelatedLocked {
			return v3Refuse("VALIDATION_DTOVALIDATIONEXCEPTION", "Field `"+name+"` is not editable")
		}
		if w.o.V3Related == V3RelatedKept {
			fields.set(relation.old, listOf(list))
		}
	}
	return nil
}
