package setup

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"helpdesk/pkg/lazy"
)

// Fill puts the answers into the commented example: what was not found stays as the example has it.
func Fill(example string, a Answers) string {
	if a.Address != "" {
		example = strings.ReplaceAll(example, "support@example.ru", a.Address)
	}
	head, rest, ok := strings.Cut(example, "\n    imap:\n")
	if !ok {
		return example
	}
	imap, smtp, ok := strings.Cut(rest, "\n    smtp:\n")
	if !ok {
		return example
	}
	if a.Responsible > 0 {
		head = set(head, "responsible", strconv.FormatInt(a.Responsible, 10))
	}
	if a.Group > 0 {
		head = set(head, "group", strconv.FormatInt(a.Group, 10))
	}
	imap, smtp = serve(imap, a.IMAP), serve(smtp, a.SMTP)
	if a.SignsIn() {
		imap, smtp = signIn(imap), a.application(signIn(smtp))
	}
	return head + "\n    imap:\n" + imap + "\n    smtp:\n" + smtp
}

func serve(block string, s Server) string {
	if s.Host == "" {
		return block
	}
	return set(set(set(block, "host", s.Host), "port", strconv.Itoa(s.Port)), "tls", s.TLS)
}

var password = lazy.Regexp(`(?m)^ *password: .*\n`)

// signIn makes the first login of a text one without a password.
func signIn(block string) string {
	if at := password().FindStringIndex(block); at != nil {
		block = block[:at[0]] + block[at[1]:]
	}
	return set(block, "auth", "oauth2")
}

// application fills in as what the mailbox signs in.
func (a Answers) application(text string) string {
	before, oauth, ok := strings.Cut(text, "\n    oauth:")
	if !ok {
		return text
	}
	secret := ""
	if a.OAuth.ClientSecret != "" {
		secret = "${" + oauthSecret + "}"
	}
	for _, k := range []struct{ name, value string }{
		{
			"provider",
			a.Provider.OAuth.ID,
		}, {"client_id", a.OAuth.ClientID}, {"client_secret", secret}, {"tenant", a.OAuth.Tenant},
	} {
		if k.value != "" {
			oauth = set(oauth, k.name, k.value)
		}
	}
	return before + "\n    oauth:" + oauth
}

// oauthSecret is the variable of an application's secret.
const oauthSecret = "HELPDESK_OAUTH_SECRET"

// set changes the first value of a key; the comment behind it stays where it stands.
func set(text, key, value string) string {
	line := regexp.MustCompile(`(?m)^( *` + key + `: )([^ #\n]+)( *)`)
	at := line.FindStringSubmatchIndex(text)
	if at == nil {
		return text
	}
	room := at[7] - at[4] // of the old value and the blanks behind it
	padded := value
	if at[7] > at[6] {
		padded = fmt.Sprintf("%-*s ", room-1, value)
	}
	return text[:at[4]] + padded + text[at[7]:]
}

// Secrets returns the values of the variables that the example names.
func (a Answers) Secrets() map[string]string {
	return map[string]string{"HELPDESK_WEBHOOK": a.Webhook, "HELPDESK_IMAP_PASSWORD": a.Password,
		"HELPDESK_SMTP_PASSWORD": a.Password,
		oauthSecret:              a.OAuth.ClientSecret}
}

// Quote returns a value for helpdesk.env, false where it can't be written there so that sh reads the same.
func Quote(value string) (string, bool) {
	switch {
	case !strings.Contains(value, "'"):
		return "'" + value + "'", !strings.ContainsAny(value, "\r\n")
	case !strings.ContainsAny(value, "\"\\$`\r\n"):
		return `"` + value + `"`, true
	}
	return "", false
}
