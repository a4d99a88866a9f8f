package config

import "fmt"

// StatePath returns where a configuration file puts the state, whatever else stands in it: who asks may not have the
// variables that hold its secrets.
func StatePath(path string, env func(string) (string, bool)) (string, error) {
	d, raw, err := open(path, env)
	if err != nil {
		return "", err
	}
	body, ok := d.parse(raw)
	if !ok {
		return "", d.mistakes
	}
	state := Default().State
	entries, _ := pairs(body)
	for _, e := range entries {
		if e.Key.GetToken().Value != "state" {
			continue
		}
		if text, isText, ok := literal(e.Value); ok && text != "" {
			if state, err = d.expand(text, isText); err != nil {
				return "", fmt.Errorf("%s: state: %w", path, err)
			}
		}
	}
	return d.path(state), nil
}
