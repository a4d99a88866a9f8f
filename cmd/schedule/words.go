package schedule

import (
	"strings"

	"helpdesk/pkg/lazy"
)

var plainWord = lazy.Regexp(`^[A-Za-z0-9_./:@%+=,-]+$`)

// Word quotes a word for sh where it needs that.
func Word(s string) string {
	if plainWord().MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// cronCommand returns a crontab's command. A bare % would end it (crontab(5)).
func cronCommand(words []string) string {
	return strings.ReplaceAll(inLine(words, Word), "%", `\%`)
}

// percent keeps systemd from reading specifiers (systemd.unit(5)).
func percent(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// unitCommand returns a command, or a list of paths, for a unit of systemd (systemd.service(5), "Command lines").
func unitCommand(words []string) string {
	first := true
	return inLine(words, func(w string) string {
		quoted := percent(w)
		if !first { // the path of the binary may hold no variable
			quoted = strings.ReplaceAll(quoted, "$", "$$")
		}
		first = false
		if !plainWord().MatchString(w) {
			quoted = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(quoted) + `"`
		}
		return quoted
	})
}

// windowsCommand returns a command within the quotes of schtasks.
func windowsCommand(words []string) string {
	return inLine(words, func(w string) string {
		if strings.ContainsAny(w, `\/: `) {
			return `\"` + w + `\"`
		}
		return w
	})
}

// inLine joins words, each as quote writes it.
func inLine(words []string, quote func(string) string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}
