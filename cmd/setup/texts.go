package setup

import (
	"strings"

	"helpdesk/cmd/wiring"
	"helpdesk/pkg/phrase"
	"helpdesk/templates"
)

// Texts are the texts of init, login and check, by key, in one language.
type Texts struct {
	Language string
	all      map[string]string
}

// Language returns the language of a person's environment: ru or en.
func Language(env func(string) (string, bool)) string {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v, _ := env(name); v != "" {
			if strings.HasPrefix(strings.ToLower(v), "ru") {
				return "ru"
			}
			return "en"
		}
	}
	return "en"
}

// Read reads the texts in a language.
func Read(language string) (Texts, error) {
	t := Texts{Language: language}
	return t, wiring.Data(templates.FS, language+"/setup.yaml", &t.all)
}

// Say returns the text of a key with the arguments filled in.
func (t Texts) Say(key string, args ...any) string {
	return phrase.Of(key, args...).In(t.all)
}

// has reports whether the key has a text.
func (t Texts) has(key string) bool { _, ok := t.all[key]; return ok }

// Scope returns the portal's name of a webhook scope, "" if unknown.
func (t Texts) Scope(name string) string { return t.all["scope."+name] }
