package setup

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
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
	return head + "\n    imap:\n" + serve(imap, a.IMAP, a.Provider) + "\n    smtp:\n" + serve(smtp, a.SMTP, a.Provider)
}

func serve(block string, s Server, p Provider) string {
	if s.Host == "" {
		return block
	}
	block = set(set(set(block, "host", s.Host), "port", strconv.Itoa(s.Port)), "tls", s.TLS)
	if p.Password == "oauth2" {
		block = set(block, "auth", "xoauth2")
	}
	return block
}

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
	return map[string]string{"HELPDESK_WEBHOOK": a.Webhook, "HELPDESK_IMAP_PASSWORD": a.Password, "HELPDESK_SMTP_PASSWORD": a.Password}
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
