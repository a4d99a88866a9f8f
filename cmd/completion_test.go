package cmd

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"helpdesk/cmd/tui"
)

// TestCompletionsAreRegisteredWhenAsked counts the flags with completions: a pass registers none.
func TestCompletionsAreRegisteredWhenAsked(t *testing.T) {
	count := func(root *cobra.Command) (n int) {
		poll, _, err := root.Find([]string{"poll"})
		if err != nil {
			t.Fatal(err)
		}
		for _, flag := range []string{"mailbox", "dry-run", "json"} {
			if _, registered := poll.GetFlagCompletionFunc(flag); registered {
				n++
			}
		}
		return n
	}
	a := newApp(tui.New(strings.NewReader(""), io.Discard, io.Discard))
	root := newRoot(a)
	if n := count(root); n != 0 {
		t.Errorf("%d flags have completions before a shell asks", n)
	}
	completions{a}.completeFlags(root)
	if count(root) != 3 {
		t.Errorf("%d flags have completions", count(root))
	}
}
