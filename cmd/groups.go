package cmd

import "github.com/spf13/cobra"

// The groups of commands in the help, by occasion.
const (
	everyDay  = "every-day"
	settingUp = "setting-up"
	whenWrong = "when-wrong"
)

// shown is the group of each command in the help, and an example.
var shown = map[string]struct{ group, example string }{
	"poll": {
		everyDay,
		"  helpdesk poll --dry-run              what would become of the new mail\n  helpdesk poll --mailbox support",
	},
	"notify":  {everyDay, "  helpdesk notify --dry-run            who would be mailed what"},
	"exclude": {everyDay, "  helpdesk exclude add @domain.ru      no auto-reply for this domain"},
	"contact": {everyDay, "  helpdesk contact add ivan@example.ru \"Ivan Petrov\""},
	"ticket":  {everyDay, "  helpdesk ticket show 3711            by the number of its task"},
	"letter":  {everyDay, "  helpdesk letter preview received --out letter.html"},
	"report":  {everyDay, "  helpdesk report --days 30"},
	"person":  {everyDay, "  helpdesk person show ivan@example.ru"},

	"init":     {settingUp, "  helpdesk init /etc/helpdesk"},
	"login":    {settingUp, "  helpdesk login support"},
	"check":    {settingUp, "  helpdesk check --json"},
	"schedule": {settingUp, "  helpdesk schedule cron > /etc/cron.d/helpdesk"},
	"demo":     {settingUp, "  helpdesk demo --serve 127.0.0.1:8025"},
	"state":    {settingUp, "  helpdesk state backup /var/backups/helpdesk.db"},

	"status": {whenWrong, "  helpdesk status --prometheus > helpdesk.prom"},
	"explain": {
		whenWrong,
		"  helpdesk explain letter.eml\n  helpdesk explain FOLDER              a line for each letter in it",
	},
	"outbox":     {whenWrong, "  helpdesk outbox list\n  helpdesk outbox retry 12"},
	"quarantine": {whenWrong, "  helpdesk quarantine show 3 > letter.eml"},
	"verify": {
		whenWrong,
		"  helpdesk verify --days 7\n  helpdesk verify accept 3f9a21c0      a file that was deleted on purpose",
	},
}

// arrange adds the commands to their groups, with an example each.
func arrange(root *cobra.Command) {
	root.AddGroup(&cobra.Group{ID: everyDay, Title: "Every day:"}, &cobra.Group{ID: settingUp, Title: "Setting up:"},
		&cobra.Group{ID: whenWrong, Title: "When something is wrong:"})
	for _, c := range root.Commands() {
		as, ok := shown[c.Name()]
		if !ok {
			continue
		}
		if c.GroupID = as.group; c.Example == "" {
			c.Example = as.example
		}
	}
}
