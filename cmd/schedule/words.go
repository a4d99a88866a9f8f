package schedule

import (
	"strings"

	"helpdesk/pkg/lazy"
)

var plainWord = lazy.Regexp(`^[A-Za-z0-9_./:@%+=,-]+$`)

// Word quotes a word for sh if necessary.
func Word(s string) string {
	if plainWord().MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// cronCommand formats a command for a crontab. It escapes %, which would end the command (crontab(5)).
func cronCommand(words []string) string {
	return strings.ReplaceAll(inLine(words, Word), "%", `\%`)
}

// percent escapes % for systemd, which would read it as a specifier (systemd.unit(5)).
func percent(s string) string { return strings.ReplaceAll(s, "%", "%%") }

// unitCommand formats a command, or a list of paths, for a systemd unit (systemd.service(5), "Command lines").
func unitCommand(words []string) string {
	first := true
	return inLine(words, func(w string) string {
		quoted := percent(w)
		if !first { // systemd expands no variables in the path of the binary
			quoted = strings.ReplaceAll(quoted, "$", "$$")
		}
		first = false
		if !plainWord().MatchString(w) {
			quoted = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(quoted) + `"`
		}
		return quoted
	})
}

// windowsCommand formats a command for inside the quotes of schtasks.
func windowsCommand(words []string) string {
	return inLine(words, func(w string) string {
		if strings.ContainsAny(w, `\/: `) {
			return `\"` + w + `\"`
		}
		return w
	})
}

// inLine joins quoted words with spaces.
func inLine(words []string, quote func(string) string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = quote(w)
	}
	return strings.Join(quoted, " ")
}
