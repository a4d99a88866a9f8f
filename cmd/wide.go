package cmd

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"helpdesk/cmd/tui"
	"helpdesk/cmd/wiring"
	"helpdesk/pkg/desk"
	"helpdesk/templates"
)

// wide returns the exclusions that hit unrelated people: everybody below a public suffix (ru, com.ru), or all users of
// a mail provider.
func wide(list []desk.Exclusion) ([]string, error) {
	var words desk.Words
	if err := wiring.Data(templates.FS, "words.yaml", &words); err != nil {
		return nil, err
	}
	var all []string
	for _, x := range list {
		local, domain, _ := strings.Cut(x.Match, "@")
		if local != "" {
			continue
		}
		domain = strings.TrimPrefix(domain, "*.")
		suffix, _ := publicsuffix.PublicSuffix(domain)
		if suffix == domain || slices.ContainsFunc(words.PublicDomains, func(d string) bool {
			return desk.FoldDomain(d) == domain
		}) {
			all = append(all, readable(x.Match))
		}
	}
	return all, nil
}

// mayBeWide asks for consent if exclusions hit unrelated people; yes skips the question.
func mayBeWide(t *tui.Terminal, list []desk.Exclusion, yes bool) error {
	all, err := wide(list)
	if err != nil || len(all) == 0 || yes {
		return err
	}
	question := fmt.Sprintf("%s: that is everybody there, not one organisation. Exclude them all?",
		strings.Join(all, ", "))
	return t.Consent(question, "--yes to exclude everybody of "+strings.Join(all, ", "))
}
