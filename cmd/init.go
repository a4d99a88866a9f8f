package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"helpdesk/cmd/exit"
	"helpdesk/cmd/owner"
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
		return exit.Usage(fmt.Errorf("%s is there already: move it away first", path))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	text := housed(string(config.Example()), dir)
	if in, ok := a.In.(*os.File); ok && a.Watched && term.IsTerminal(int(in.Fd())) {
		text = a.ask(text)
	}
	err := writeNew(path, text)
	if errors.Is(err, fs.ErrExist) {
		return exit.Usage(fmt.Errorf("%s is there already: move it away first", path))
	}
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if runtime.GOOS == "windows" { // tasks of its scheduler have no file of variables
		if a.Chatty() {
			a.Printf("%s written. Next: fill it in, put each secret into a file and name it, ${file:C:/...}, and run\n  helpdesk --config %s check\n", path, path)
		}
		return nil
	}
	env := filepath.Join(dir, config.EnvFile)
	if err := writeNew(env, variables(text)); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("init: %w", err)
	}
	state, err := config.StatePath(path, func(string) (string, bool) { return "", false })
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if err := owner.Give(filepath.Dir(state), path, env); err != nil { // who runs the passes has to read them
		return fmt.Errorf("init: %w", err)
	}
	if a.Chatty() {
		a.Printf("%s and %s written. Next: fill them in, and run\n  helpdesk --config %s check\n", path, env, shellWord(path))
	}
	return nil
}

// writeNew writes a file that only its owner may read; one that is there is an error.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// housed puts the state of a configuration below /etc, where no pass may write, into the folder for such things.
func housed(text, dir string) string {
	const here, there = "state: helpdesk.db                  #", "state: /var/lib/helpdesk/helpdesk.db #"
	if path, err := filepath.Abs(dir); err != nil || !strings.HasPrefix(filepath.ToSlash(path)+"/", "/etc/") {
		return text
	}
	return strings.Replace(text, here, there, 1)
}

var named = regexp.MustCompile(`\$\{([A-Z0-9_]+)\}`)

// variables returns a file of the variables that the text names outside of comments, to be filled in.
func variables(text string) string {
	var b strings.Builder
	b.WriteString("# What helpdesk.yaml takes from the environment. A value stands in single quotes; one that holds such a quote goes into a\n" +
		"# file of its own, and in helpdesk.yaml stands ${file:/path} for it.\n")
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		for _, m := range named.FindAllStringSubmatch(line, -1) {
			if !seen[m[1]] {
				seen[m[1]] = true
				b.WriteString(m[1] + "=''\n")
			}
		}
	}
	return b.String()
}

// The example's values that a person is asked for.
var questions = []struct{ what, value string }{
	{"Address of the support mailbox", "support@example.ru"},
	{"IMAP server", "imap.example.ru"},
	{"SMTP server", "smtp.example.ru"},
}

// ask replaces the example's values by what a person types; an empty answer keeps them.
func (a *app) ask(text string) string {
	in := bufio.NewScanner(a.In)
	for _, q := range questions {
		a.Printf("%s [%s]: ", q.what, q.value)
		if !in.Scan() {
			break
		}
		if answer := strings.TrimSpace(in.Text()); answer != "" {
			text = strings.ReplaceAll(text, q.value, answer)
		}
	}
	return text
}
