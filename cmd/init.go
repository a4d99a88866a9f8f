package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"helpdesk/pkg/config"
)

func newInit(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a commented configuration to start from; asks questions only on a terminal",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return a.init(dir)
		},
	}
}

func (a *app) init(dir string) error {
	path := filepath.Join(dir, "helpdesk.yaml")
	if _, err := os.Stat(path); err == nil {
		return usage(fmt.Errorf("%s is there already: move it away first", path))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	text := string(config.Example())
	if in, ok := a.in.(*os.File); ok && a.terminal && term.IsTerminal(int(in.Fd())) {
		text = a.ask(text)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return usage(fmt.Errorf("%s is there already: move it away first", path))
	}
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if a.chatty() {
		a.printf("%s written. Next: fill it in, set the environment variables it names, and run\n  helpdesk --config %s check\n", path, path)
	}
	return nil
}

// The example's values that a person is asked for.
var questions = []struct{ what, value string }{
	{"Address of the support mailbox", "support@example.ru"},
	{"IMAP server", "imap.example.ru"},
	{"SMTP server", "smtp.example.ru"},
}

// ask replaces the example's values by what a person types; an empty answer keeps them.
func (a *app) ask(text string) string {
	in := bufio.NewScanner(a.in)
	for _, q := range questions {
		a.printf("%s [%s]: ", q.what, q.value)
		if !in.Scan() {
			break
		}
		if answer := strings.TrimSpace(in.Text()); answer != "" {
			text = strings.ReplaceAll(text, q.value, answer)
		}
	}
	return text
}
