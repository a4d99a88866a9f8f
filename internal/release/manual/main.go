// Command manual writes the manual pages and completions of the command line. It is not part of a release itself.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra/doc"

	"helpdesk/cmd"
)

func main() {
	out := flag.String("out", "", "the `FOLDER` to write into")
	number := flag.String("version", "", "of the program")
	date := flag.String("date", "", "of the pages, 2006-01-02")
	flag.Parse()
	if err := run(*out, *number, *date); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

func run(out, number, date string) error {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return err
	}
	man, completions := filepath.Join(out, "man"), filepath.Join(out, "completions")
	if err := errors.Join(os.MkdirAll(man, 0o755), os.MkdirAll(completions, 0o755)); err != nil {
		return err
	}
	root := cmd.Tree()
	root.DisableAutoGenTag = true
	h := &doc.GenManHeader{Section: "1", Date: &at, Source: "helpdesk " + number, Manual: "helpdesk"}
	return errors.Join(
		doc.GenManTree(root, h, man),
		root.GenBashCompletionFileV2(filepath.Join(completions, "helpdesk.bash"), true),
		root.GenZshCompletionFile(filepath.Join(completions, "_helpdesk")),
		root.GenFishCompletionFile(filepath.Join(completions, "helpdesk.fish"), true),
		root.GenPowerShellCompletionFileWithDesc(filepath.Join(completions, "helpdesk.ps1")),
	)
}
