package portal

import "encoding/json"

// plain converts the result of a method to the values that a client would see, so that references can be resolved in
// it.
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
