package setup

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"helpdesk/pkg/lazy"
)

// Fill writes the answers into the commented example. Values that were not found stay as in the example.
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

// signIn changes the first login in a text to OAuth.
func signIn(block string) string {
	if at := password().FindStringIndex(block); at != nil {
		block = block[:at[0]] + block[at[1]:]
	}
	return set(block, "auth", "oauth2")
}

// application fills in the application that the mailbox signs in with.
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

// oauthSecret is the name of the variable for the application's secret.
const oauthSecret = "HELPDESK_OAUTH_SECRET"

// set changes the first value of a key; the comment after it stays in its column.
func set(text, key, value string) string {
	line := regexp.MustCompile(`(?m)^( *` + key + `: )([^ #\n]+)( *)`)
	at := line.FindStringSubmatchIndex(text)
	if at == nil {
		return text
	}
	room := at[7] - at[4] // width of the old value and the spaces after it
	padded := value
	if at[7] > at[6] {
		padded = fmt.Sprintf("%-*s ", room-1, value)
	}
	return text[:at[4]] + padded + text[at[7]:]
}

// Secrets returns the values of the example's variables.
func (a Answers) Secrets() map[string]string {
	return map[string]string{"HELPDESK_WEBHOOK": a.Webhook, "HELPDESK_IMAP_PASSWORD": a.Password,
		"HELPDESK_SMTP_PASSWORD": a.Password,
		oauthSecret:              a.OAuth.ClientSecret}
}

// Quote returns a value quoted for helpdesk.env, false if no form of quotes works for both sh and systemd.
func Quote(value string) (string, bool) {
	switch {
	case !strings.Contains(value, "'"):
		return "'" + value + "'", !strings.ContainsAny(value, "\r\n")
	case !strings.ContainsAny(value, "\"\\$`\r\n"):
		return `"` + value + `"`, true
	}
	return "", false
}
