package portal

import "encoding/json"

// plain turns a result as a method made it into what a client would see of it, so that a reference can walk it.
func plain(v any) any {
	switch v.(type) {
	case nil, string, bool, json.Number, *Params:
		return v
	}
	raw, err := json.Marshal([]any{v})
	if err != nil {
		return nil
	}
	p, err := parseJSON(raw)
	if err != nil {
		return nil
	}
	return p.vals["0"]
}
