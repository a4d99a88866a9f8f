package cmd

import (
	"strings"
	"testing"
)

// The help has a group and an example for each command, and each example is an existing command.
func TestHelpShowsEachCommand(t *testing.T) {
	root := Tree()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help", "completion", "version":
			continue
		}
		if c.GroupID == "" || c.Example == "" {
			t.Errorf("%s has no group or no example: give it a row in shown", c.Name())
		}
		for _, line := range strings.Split(c.Example, "\n") {
			words := strings.Fields(line)
			if len(words) < 2 || words[0] != "helpdesk" {
				t.Errorf("%s: %q is no command", c.Name(), line)
				continue
			}
			found, _, err := Tree().Find(words[1:])
			if err != nil || !strings.HasPrefix(found.CommandPath(), c.CommandPath()) || !found.Runnable() {
				t.Errorf("%s: %q runs %v, %v", c.Name(), line, found.CommandPath(), err)
			}
		}
	}
}
