// Command letterlab checks how letters look to their recipients: a browser draws them, caniemail data show the support
// in mail programs, and SpamAssassin scores them. It is not part of helpdesk and sends nothing.
//
// It writes the results to docs/letters.md. It needs Chromium, Node.js with npm and SpamAssassin, and reports which of
// them is missing.
//
//	go run ./internal/letterlab                     all of them
//	go run ./internal/letterlab pictures programs   some of them
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
)

// look is a kind of check.
type look struct {
	name string
	at   func(ctx context.Context, root string, all []sample) error
}

// looks are the checks in the order in which they run.
var looks = []look{{"pictures", drawAll}, {"task", drawTask}, {"programs", judgePrograms}, {"spam", scoreAll}}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "letterlab:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, names []string) error {
	root, err := findRoot()
	if err != nil {
		return err
	}
	all, err := samples()
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.ContainsFunc(looks, func(l look) bool { return l.name == name }) {
			return fmt.Errorf("no look %q: pictures, task, programs or spam", name)
		}
	}
	var errs []error
	for _, l := range looks {
		if len(names) > 0 && !slices.Contains(names, l.name) {
			continue
		}
		if err := l.at(ctx, root, all); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", l.name, err))
		}
	}
	return errors.Join(errs...)
}

// findRoot returns the folder of go.mod.
func findRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("find go.mod: %w", fs.ErrNotExist)
		}
		dir = parent
	}
	return "", err
}
