package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const docsFile = "docs/letters.md"

// markers returns the lines around a part of the documentation that this command writes.
func markers(name string) (open, shut string) {
	return "<!-- " + name + ": written by go run ./internal/letterlab -->\n", "<!-- end of " + name + " -->\n"
}

// between returns the text between the markers of a part.
func between(doc, name string) (before, part, after string, err error) {
	open, shut := markers(name)
	before, rest, ok := strings.Cut(doc, open)
	part, after, ended := strings.Cut(rest, shut)
	if !ok || !ended {
		return "", "", "", fmt.Errorf("%s: no place for %s: a line %q and a line %q are wanted", docsFile, name,
			strings.TrimSpace(open), strings.TrimSpace(shut))
	}
	return before + open, strings.Trim(part, "\n"), shut + after, nil
}

// intoDocs replaces the text between the markers of a part.
func intoDocs(root, name, text string) error {
	file := filepath.Join(root, docsFile)
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, _, after, err := between(string(raw), name)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(before+"\n"+strings.Trim(text, "\n")+"\n\n"+after), 0o644)
}
