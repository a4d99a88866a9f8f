package desk_test

import (
	"fmt"
	"strings"
	"testing"

	"helpdesk/pkg/desk"
)

var docGroups = map[desk.Group]string{
	desk.GroupBefore: "## Before all else\n\nBoth are asked; the first ends the decision.",
	desk.GroupClass:  "## What a message is\n\nThe first that hits names the class.",
	desk.GroupReport: "## Whether a report is believed\n\nAsked of bounces, bounce-like and system mail.",
	desk.GroupThread: "## Whose ticket it is\n\nThe first that hits decides, but R4 only notes what it found. Ids " +
		"are looked at newest first: In-Reply-To, then\nReferences from the end; of automatic mail that answers " +
		"nothing, In-Reply-To alone.",
	desk.GroupStanding: "## How that ticket stands\n\nThe first that hits decides.",
	desk.GroupAutoReply: "## What takes the auto-reply away\n\nAll are asked. The auto-reply goes with a new task of " +
		"class human, unless one of these or suppress hits.",
	desk.GroupCopy: "## Who gets answers in copy\n\nAsked of letters of those who take part in a ticket, where " +
		"mailboxes[].copy is participants.",
	desk.GroupRouting: "## What a new task gets\n\nAsked of new tasks, where the settings have routes.",
	desk.GroupFiles: "## What is not uploaded again\n\nAsked of letters with small pictures that make a task or a " +
		"comment.",
	desk.GroupComment: "## Comments in the portal\n\nThe first that hits decides whether a comment goes to the " +
		"customer.",
}

// TestDecisionsDoc compares the page with the rules; -update writes the page.
func TestDecisionsDoc(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Decisions\n\nEvery rule, in the order they are asked. The ids are those of `explain`, " +
		"`--dry-run`, the log and the tests. This page is\ngenerated from the rules: `go generate ./pkg/desk`.\n")
	group := desk.Group("")
	for _, r := range desk.Catalogue() {
		if r.Group != group {
			group = r.Group
			fmt.Fprintf(&b, "\n%s\n\n| id | asks | class | what follows |\n|---|---|---|---|\n", docGroups[group])
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(r.ID), cell(r.Condition), cell(r.Class), cell(r.Effect))
	}
	compare(t, "../../docs/decisions.md", b.String())
}

func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`).Replace(s)
}
