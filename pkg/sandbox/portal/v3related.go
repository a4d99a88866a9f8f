package portal

import (
	"net/http"
	"strings"
)

// V3Related is what REST v3 does with the tags, observers and participants of a task that is made with them.
type V3Related string

// The versions of REST v3, the newest first.
const (
	V3RelatedLocked  V3Related = ""        // add may not write such a field: 400; since rest 26.250.100
	V3RelatedKept    V3Related = "kept"    // lists of objects are kept; since 25.1150
	V3RelatedRefused V3Related = "refused" // no list fits the field: 400, also for numbers
	V3RelatedLost    V3Related = "lost"    // read and forgotten; no portal is known to, a client should notice
)

// v3Relations are the fields of a task that hold related objects: the name in v2, and what identifies such an object.
var v3Relations = map[string]struct{ old, key string }{
	"tags": {"TAGS", "name"}, "accomplices": {"ACCOMPLICES", "id"}, "auditors": {"AUDITORS", "id"},
}

// v3Related takes related objects over into the fields of v2.
//
// QUIRK: they are collections of objects in TaskDto. A portal before 25.1150 takes no list for a collection and refuses
// the request; later lists of objects are read, and numbers in their place end the request with a server error; since
// 26.250.100 add asks for a mark that these fields lack (rest, V3 FieldsStructure::getAsDto, FieldEditableValidator;
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
